"""Real containers: runc or crun under conmon, CNI networks, images made from busybox. Needs root."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import unittest

from cluster import HERE, Cluster, kubectl_120, until

TOP = HERE.parent.parent
NEEDED = ("conmon", "umoci", "busybox")


def pod(name, *containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 2, "containers": list(containers), **spec}}


def box(script, name="main", **more):
    return {"name": name, "image": "busybox", "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", script], **more}


@unittest.skipIf(os.geteuid() != 0, "containers need root")
@unittest.skipIf([n for n in NEEDED if not shutil.which(n)], "conmon, umoci or busybox is missing")
class Pods(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--nodes", "2", "--runtime", "oci")
        cls.addClassCleanup(cls.cluster.close)
        subprocess.run([TOP / "scripts/make-image", cls.cluster.dir / "images", "busybox"],
                       check=True, capture_output=True)
        cls.cluster.nodes_ready(2)

    def make(self, manifest):
        status, body = self.cluster.call("POST", "/api/v1/namespaces/default/pods", manifest)
        self.assertEqual(status, 201, body)
        name = manifest["metadata"]["name"]
        self.addCleanup(lambda: self.cluster.call(
            "DELETE", f"/api/v1/namespaces/default/pods/{name}?gracePeriodSeconds=0"))
        return name

    def read(self, name):
        return self.cluster.get(f"/api/v1/namespaces/default/pods/{name}")

    def phase(self, name, phase):
        return until(lambda: self.read(name)["status"].get("phase") == phase and self.read(name))

    def logs(self, name, *more):
        return self.cluster.kubectl("logs", name, *more).stdout

    def test_a_pod_runs_to_its_end_and_tells_its_exit_code(self):
        self.make(pod("ends", box("echo out; echo err >&2; exit 3"), restartPolicy="Never"))
        status = self.phase("ends", "Failed")["status"]
        ended = status["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((ended["exitCode"], ended["reason"]), (3, "Error"))
        self.assertEqual(sorted(self.logs("ends").split()), ["err", "out"])
        self.make(pod("fine", box("true"), restartPolicy="Never"))
        ended = self.phase("fine", "Succeeded")["status"]["containerStatuses"][0]["state"]
        self.assertEqual(ended["terminated"]["reason"], "Completed")

    def test_containers_of_a_pod_share_network_ipc_and_volumes(self):
        self.make(pod(
            "shares",
            box("echo served >/shared/index.html; httpd -f -p 8080 -h /shared", "server",
                volumeMounts=[{"name": "disk", "mountPath": "/shared"}]),
            box("until wget -qO- http://127.0.0.1:8080/ 2>/dev/null; do sleep 0.2; done; cat /data/index.html; "
                "mount | grep ' /fast ' | cut -d' ' -f1,3; hostname; sleep 1000", "client",
                volumeMounts=[{"name": "disk", "mountPath": "/data"},
                              {"name": "memory", "mountPath": "/fast"}]),
            volumes=[{"name": "disk", "emptyDir": {}},
                     {"name": "memory", "emptyDir": {"medium": "Memory"}}]))
        self.phase("shares", "Running")
        said = until(lambda: (t := self.logs("shares", "-c", "client")).count("\n") >= 4 and t)
        self.assertEqual(said.split("\n")[:4], ["served", "served", "tmpfs /fast", "shares"])

    def test_pods_have_addresses_of_their_own(self):
        for name in ("one", "two"):
            self.make(pod(name, box(f"echo {name} >/index.html; httpd -f -p 80 -h /")))
        addresses = [self.phase(n, "Running")["status"]["podIP"] for n in ("one", "two")]
        self.assertNotEqual(*addresses)
        for name, address in zip(("one", "two"), addresses):
            out = until(lambda a=address: subprocess.run(
                ["curl", "-sf", "--max-time", "2", f"http://{a}/"], capture_output=True,
                text=True).stdout)
            self.assertEqual(out.strip(), name)

    def test_secrets_and_config_maps_as_environment_and_files(self):
        self.cluster.kubectl("create", "secret", "generic", "pass", "--from-literal=word=hunter2")
        self.cluster.kubectl("create", "configmap", "conf", "--from-literal=colour=blue")
        self.make(pod(
            "reads",
            box("echo $WORD $COLOUR $POD_NAME $PLAIN; cat /secret/word /conf/colour; echo; "
                "mount | grep ' /secret ' | cut -d' ' -f1; pwd; sleep 1000", workingDir="/tmp",
                env=[{"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "pass", "key": "word"}}},
                     {"name": "COLOUR",
                      "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "colour"}}},
                     {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                     {"name": "PLAIN", "value": "$(COLOUR)-x"}],
                volumeMounts=[{"name": "s", "mountPath": "/secret"},
                              {"name": "c", "mountPath": "/conf"}]),
            volumes=[{"name": "s", "secret": {"secretName": "pass"}},
                     {"name": "c", "configMap": {"name": "conf"}}]))
        self.phase("reads", "Running")
        said = until(lambda: (t := self.logs("reads")).count("\n") >= 4 and t)
        self.assertEqual(said.split("\n")[:4],
                         ["hunter2 blue reads blue-x", "hunter2blue", "tmpfs", "/tmp"])

    def test_a_container_that_fails_is_started_again_with_back_off(self):
        self.make(pod("crashes", box("echo try; exit 1")))
        def backing_off():
            state = self.read("crashes")["status"]["containerStatuses"][0]
            return state["restartCount"] >= 1 and \
                state["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        until(backing_off)
        self.assertEqual(self.logs("crashes", "--previous").strip(), "try")
        until(lambda: "CrashLoopBackOff" in self.cluster.kubectl("get", "pod", "crashes").stdout)

    def test_logs_tail_and_follow(self):
        self.make(pod("talks", box("for i in 1 2 3 4 5; do echo line $i; done; sleep 2; "
                                   "echo late; sleep 1000")))
        self.phase("talks", "Running")
        until(lambda: "line 5" in self.logs("talks"))
        self.assertIn(self.logs("talks", "--tail=2").splitlines(),
                      (["line 4", "line 5"], ["line 5", "late"]))
        follow = subprocess.Popen([kubectl_120(), "logs", "-f", "talks"], stdout=subprocess.PIPE,
                                  env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)}, text=True)
        patience = threading.Timer(60, follow.kill)
        patience.start()
        self.assertIn("late\n", iter(follow.stdout.readline, ""))
        patience.cancel()
        follow.kill()
        follow.communicate()
        self.assertRegex(self.logs("talks", "--timestamps"), r"\d{4}-\d\d-\d\dT.* line 1")

    def test_deletion_is_graceful_and_then_forced(self):
        self.make(pod("polite", box("trap 'echo bye; exit 0' TERM; echo up; "
                                    "while true; do sleep 0.1; done"), terminationGracePeriodSeconds=60))
        self.phase("polite", "Running")
        until(lambda: "up" in self.logs("polite"))
        began = time.monotonic()
        self.cluster.kubectl("delete", "pod", "polite")
        self.assertLess(time.monotonic() - began, 30)
        self.make(pod("stubborn", box("trap '' TERM; while true; do sleep 0.1; done")))
        self.phase("stubborn", "Running")
        began = time.monotonic()
        self.cluster.kubectl("delete", "pod", "stubborn")
        self.assertGreater(time.monotonic() - began, 1.5)
        self.assertLess(time.monotonic() - began, 30)

    def test_limits_hold(self):
        self.make(pod("eats", box("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo full",
                                  resources={"limits": {"memory": "32Mi"}}),
                      restartPolicy="Never"))
        ended = self.phase("eats", "Failed")["status"]["containerStatuses"][0]["state"]
        self.assertEqual(ended["terminated"]["reason"], "OOMKilled", ended)

    def test_an_image_that_is_not_there(self):
        self.make(pod("lost", {"name": "main", "image": "nowhere/nothing:1",
                               "imagePullPolicy": "Never"}))
        def reason():
            statuses = self.read("lost")["status"].get("containerStatuses") or [{}]
            return statuses[0].get("state", {}).get("waiting", {}).get("reason")
        until(lambda: reason() == "ErrImageNeverPull")

    def test_containers_survive_their_agent(self):
        self.make(pod("survives", box("i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done")))
        before = self.phase("survives", "Running")
        node = before["spec"]["nodeName"]
        self.cluster.kill(node)
        time.sleep(0.5)
        self.cluster.up()
        lines = until(lambda: self.logs("survives").split())
        after = self.read("survives")
        self.assertEqual(after["status"]["phase"], "Running")
        first, second = (p["status"]["containerStatuses"][0] for p in (before, after))
        self.assertEqual(first["containerID"], second["containerID"])
        self.assertEqual(second["restartCount"], 0)
        self.assertEqual(lines, [str(i) for i in range(len(lines))], "not a line lost")
        until(lambda: len(self.logs("survives").split()) > len(lines))

    def test_init_containers_come_first_and_in_order(self):
        self.make(pod("ordered", box("cat /w/order; sleep 1000",
                                     volumeMounts=[{"name": "w", "mountPath": "/w"}]),
                      initContainers=[box(f"echo {n} >>/w/order", n,
                                          volumeMounts=[{"name": "w", "mountPath": "/w"}])
                                      for n in ("first", "second")],
                      volumes=[{"name": "w", "emptyDir": {}}]))
        self.phase("ordered", "Running")
        self.assertEqual(until(lambda: self.logs("ordered").split()), ["first", "second"])

    def test_the_example_of_the_readme_serves(self):
        self.cluster.kubectl("apply", "-f", TOP / "examples/web.yaml")
        self.addCleanup(lambda: self.cluster.kubectl("delete", "rs", "web", check=False))
        self.cluster.kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=web",
                             "--timeout=30s", check=False)
        def all_up():
            pods = self.cluster.get("/api/v1/namespaces/default/pods?labelSelector=app%3Dweb")
            good = [p for p in pods["items"] if p["status"]["phase"] == "Running"]
            return len(good) == 3 and good
        pods = until(all_up)
        self.assertEqual({p["spec"]["nodeName"] for p in pods}, {"n1", "n2"}, "spread")
        for p in pods:
            url = f"http://{p['status']['podIP']}:8080/"
            out = until(lambda u=url: subprocess.run(["curl", "-sf", "--max-time", "2", u],
                                                     capture_output=True, text=True).stdout)
            self.assertIn(f"hello from {p['metadata']['name']}", out)

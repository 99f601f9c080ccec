"""Nodes that fall silent: they turn NotReady, their pods are replaced elsewhere, nobody is hasty."""
import datetime
import json
import subprocess
import threading
import time

from cluster import LEAVE_SOON, LOGSHIP, ClusterTest, replica_set, until
from story import MERGE, REPLICA_SETS

PODS = "/api/v1/namespaces/default/pods"


def options(grace):
    return ["--nodes", "0", "--sim-nodes", "2", "--runtime", "sim", "--node-grace-ms",
            str(int(grace * 1000))]


def ready(node):
    return next(c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready")


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class NodesTest(ClusterTest):
    """What the tests below do to nodes."""
    grace = 3.0
    options = options(grace)
    nodes = 2

    def tearDown(self):
        for rs in self.cluster.get(REPLICA_SETS)["items"]:
            self.cluster.call("DELETE", f"{REPLICA_SETS}/{rs['metadata']['name']}")
        self.cluster.call("DELETE", f"{PODS}?gracePeriodSeconds=0",
                          {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
        until(lambda: not self.cluster.get(PODS)["items"])

    def more_nodes(self, prefix, count=2):
        """Another process with nodes, which the test may kill."""
        c = self.cluster
        log = open(c.dir / "logs" / f"{prefix}.log", "ab")
        masters = [w for k in range(3) for w in ("--master", f"127.0.0.1:{c.port + 200 + k}")]
        process = subprocess.Popen(
            [LOGSHIP, "simnodes", "--count", str(count), "--prefix", prefix, "--token-file",
             c.dir / "join-token", "--ca", c.dir / "pki/ca.crt", *masters], stdout=log, stderr=log)
        log.close()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until(lambda: all(ready(self.node(f"{prefix}{k}")) == "True" for k in range(count)))
        return process

    def node(self, name):
        return self.cluster.get(f"/api/v1/nodes/{name}")

    def pods(self, app):
        return self.cluster.get(f"{PODS}?labelSelector=app%3D{app}")["items"]

    def living(self, app):
        return [p for p in self.pods(app) if "deletionTimestamp" not in p["metadata"] and
                p["status"]["phase"] == "Running"]

    def unknown_events(self, name):
        out = self.cluster.logship("log", "--dir", self.cluster.dir, "--kind", "node", "--name",
                                   name, "-o", "json").stdout
        for event in map(json.loads, out.splitlines()):
            for condition in event.get("status", {}).get("conditions", []):
                if condition["type"] == "Ready" and condition["status"] == "Unknown":
                    yield event

    def make_node(self, name):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"api": name}},
                "status": {"capacity": {"cpu": "4", "memory": "8Gi", "pods": "10"},
                           "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"},
                           "conditions": [{"type": "Ready", "status": "True", "reason": "x",
                                           "lastHeartbeatTime": now, "lastTransitionTime": now}]}}
        self.assertEqual(self.cluster.call("POST", "/api/v1/nodes", body)[0], 201)
        self.addCleanup(self.cluster.call, "DELETE", f"/api/v1/nodes/{name}")

    def renew(self, name):
        """A lease, renewed five times in each grace period, at whichever master answers. Gives when it was."""
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": name, "namespace": "kube-node-lease"},
                 "spec": {"holderIdentity": name, "leaseDurationSeconds": 40}}
        self.assertEqual(self.cluster.call("POST", path, lease)[0], 201)
        stop, times = threading.Event(), [time.time()]

        def go_on():
            master = 0
            while not stop.wait(self.grace / 5):
                now = datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                try:
                    status, _ = self.cluster.call(
                        "PATCH", f"{path}/{name}", {"spec": {"renewTime": now}},
                        master=master % 3 + 1, headers=MERGE, timeout=2)
                    times.extend([time.time()] if status == 200 else [])
                except OSError:
                    master += 1
        thread = threading.Thread(target=go_on)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        return times

    def in_time(self, times):
        """Whether the node was heard often enough: on a machine that stands still it is not."""
        return max(b - a for a, b in zip(times, [*times[1:], time.time()])) < self.grace * 0.7


class Silence(NodesTest):
    def test_pods_of_a_silent_node_are_replaced_elsewhere(self):
        process = self.more_nodes("lost-")
        rs = replica_set("moving", 12, tolerations=LEAVE_SOON)
        self.assertEqual(self.cluster.call("POST", REPLICA_SETS, rs)[0], 201)
        until(lambda: len(self.living("moving")) == 12)
        away = {p["metadata"]["name"] for p in self.living("moving")
                if p["spec"]["nodeName"].startswith("lost-")}
        self.assertGreater(len(away), 2, "they were spread")
        killed = time.time()
        process.kill()
        until(lambda: ready(self.node("lost-0")) == ready(self.node("lost-1")) == "Unknown")
        self.assertGreater(time.time() - killed, self.grace * 0.7, "not before its time")
        until(lambda: {t["effect"] for t in self.node("lost-0")["spec"]["taints"]
                       if t["key"] == "node.kubernetes.io/unreachable"} == {"NoSchedule", "NoExecute"})
        shown = self.cluster.kubectl("get", "node", "lost-0").stdout
        self.assertIn("NotReady", shown)

        def moved():
            living = self.living("moving")
            return len(living) == 12 and all(p["spec"]["nodeName"].startswith("sim-")
                                             for p in living)
        until(moved)
        rest = {p["metadata"]["name"] for p in self.pods("moving")
                if "deletionTimestamp" in p["metadata"]}
        self.assertLessEqual(rest, away, "only pods of the lost nodes were evicted")
        until(lambda: "NodeNotReady" in self.cluster.kubectl("get", "events").stdout)
        self.more_nodes("lost-")  # it comes back: what had to go goes, what had not stays
        until(lambda: {p["metadata"]["name"] for p in self.pods("moving")} ==
              {p["metadata"]["name"] for p in self.living("moving")})
        self.assertEqual(len(self.living("moving")), 12)
        until(lambda: "unreachable" not in json.dumps(self.node("lost-0")["spec"]))

    def test_pods_that_tolerate_it_stay(self):
        process = self.more_nodes("patient-", 1)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "patient"},
               "spec": {"nodeName": "patient-0", "containers": [{"name": "c", "image": "i"}]}}
        self.assertEqual(self.cluster.call("POST", PODS, pod)[0], 201)
        until(lambda: self.cluster.get(f"{PODS}/patient")["status"]["phase"] == "Running")
        process.kill()
        until(lambda: ready(self.node("patient-0")) == "Unknown")

        def marked():
            conditions = self.cluster.get(f"{PODS}/patient")["status"]["conditions"]
            return any(c["type"] == "Ready" and c["status"] == "False" for c in conditions)
        until(marked)
        time.sleep(1.5)  # it tolerates 300 s
        self.assertNotIn("deletionTimestamp", self.cluster.get(f"{PODS}/patient")["metadata"])

    def test_a_node_made_through_the_api_lives_as_long_as_it_is_heard(self):
        for name in ("api-silent", "api-leased"):
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"on-{name}"},
                   "spec": {"nodeSelector": {"api": name},
                            "containers": [{"name": "c", "image": "i"}]}}
            self.assertEqual(self.cluster.call("POST", PODS, pod)[0], 201)
        began = time.time()
        self.make_node("api-silent")
        self.make_node("api-leased")
        renewed = self.renew("api-leased")
        for name in ("api-silent", "api-leased"):
            until(lambda n=name: self.cluster.get(f"{PODS}/on-{n}")["spec"].get("nodeName") == n)
        until(lambda: ready(self.node("api-silent")) == "Unknown")
        self.assertGreater(time.time() - began, self.grace * 0.9)
        time.sleep(self.grace)
        if self.in_time(renewed):
            self.assertEqual(list(self.unknown_events("api-leased")), [], "its lease is renewed")
        condition = next(c for c in self.node("api-silent")["status"]["conditions"]
                         if c["type"] == "Ready")
        self.assertEqual(condition["reason"], "NodeStatusUnknown")
        self.cluster.call("PATCH", "/api/v1/nodes/api-silent/status", {"status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "back"}]}},
            headers={"Content-Type": "application/strategic-merge-patch+json"})
        until(lambda: ready(self.node("api-silent")) == "True" and
              "unreachable" not in json.dumps(self.node("api-silent")["spec"]))


class NewLeader(NodesTest):
    grace = 5.0  # nodes look for the new leader with a back-off of up to two seconds
    options = options(grace)

    def test_a_new_leader_grants_grace_before_it_judges(self):
        process = self.more_nodes("late-", 1)
        self.make_node("api-kept")
        renewed = self.renew("api-kept")
        leader = self.cluster.leader()
        process.kill()
        time.sleep(self.grace * 0.3)  # on the way to its judgement
        self.cluster.kill(leader)
        killed = time.time()
        self.cluster.up()
        until(lambda: ready(self.node("late-0")) == "Unknown")
        unknown = list(self.unknown_events("late-0"))
        self.assertEqual(len(unknown), 1)
        self.assertGreater(parse_time(unknown[0]["time"]) - killed, self.grace * 0.9,
                           "the new leader waited a whole grace period")
        time.sleep(0.5)
        for name in ("sim-0", "sim-1", *(["api-kept"] if self.in_time(renewed) else [])):
            self.assertEqual(ready(self.node(name)), "True")
            self.assertEqual(list(self.unknown_events(name)), [], "healthy nodes were not judged")

"""What a user of Kubernetes types, with kubectl 1.20 and with a current one."""
import json
import os
import re
import subprocess
import time

from cluster import ClusterTest, KubectlStory, kubectl_120, kubectl_current, until

WEB = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
      - {name: web, image: busybox, command: [sleep, "1000"], resources: {requests: {cpu: 100m, ephemeral-storage: 1Mi}}}
"""


class Verbs(KubectlStory):
    """Run by both classes below."""

    def k(self, *words, **more):
        return self.cluster.kubectl(*words, kubectl=self.binary, **more).stdout

    def kn(self, *words, **more):
        return self.k("-n", self.ns, *words, **more)

    def web(self, replicas=3):
        self.kn("apply", "-f", "-", stdin=WEB)
        if replicas != 3:
            self.kn("scale", "rs", "web", f"--replicas={replicas}")
        until(lambda: self.kn("get", "pods").count("Running") == replicas)

    def test_apply_creates_then_configures_then_changes_nothing(self):
        self.assertIn("created", self.kn("apply", "-f", "-", stdin=WEB))
        self.assertIn("unchanged", self.kn("apply", "-f", "-", stdin=WEB))
        more = WEB.replace("replicas: 3", "replicas: 4")
        self.assertIn("configured", self.kn("apply", "-f", "-", stdin=more))
        until(lambda: self.kn("get", "pods").count("Running") == 4)

    def test_apply_removes_what_the_manifest_no_longer_says(self):
        labelled = WEB.replace("labels: {app: web}}\nspec", "labels: {app: web, old: x}}\nspec")
        self.kn("apply", "-f", "-", stdin=labelled)
        self.kn("label", "rs", "web", "mine=kept")
        self.kn("apply", "-f", "-", stdin=WEB)
        labels = json.loads(self.kn("get", "rs", "web", "-o", "json"))["metadata"]["labels"]
        self.assertEqual(labels, {"app": "web", "mine": "kept"})

    def test_get_in_every_form(self):
        self.web()
        wide = self.kn("get", "pods", "-o", "wide")
        self.assertRegex(wide, r"NAME +READY +STATUS +RESTARTS +AGE +IP +NODE")
        self.assertEqual(len(re.findall(r"sim-\d", wide)), 3)
        self.assertIn("kind: ReplicaSet", self.kn("get", "rs", "web", "-o", "yaml"))
        pod = json.loads(self.kn("get", "pods", "-o", "json"))["items"][0]
        node = json.loads(self.k("get", "node", pod["spec"]["nodeName"], "-o", "json"))
        self.assertIn({"type": "InternalIP", "address": pod["status"]["hostIP"]}, node["status"]["addresses"])
        self.assertEqual(self.kn("get", "rs", "web", "-o", "jsonpath={.spec.replicas}"), "3")
        self.assertEqual(len(self.kn("get", "pods", "-o", "name").split()), 3)
        until(lambda: re.search(r"web +3 +3 +3 ", self.kn("get", "rs")))
        self.assertIn(self.ns, self.k("get", "pods", "--all-namespaces"))
        self.assertIn("web", self.kn("get", "all"))

    def test_label_selectors_by_equality_and_by_set(self):
        self.web()
        count = lambda s: len(self.kn("get", "pods", "-l", s, "-o", "name").split())
        self.assertEqual(count("app=web"), 3)
        self.assertEqual(count("app!=web"), 0)
        self.assertEqual(count("tier in (front, back)"), 3)
        self.assertEqual(count("tier notin (front)"), 0)
        self.assertEqual(count("!nothere,app"), 3)
        self.assertIn("unable to parse", self.cluster.kubectl(
            "get", "pods", "-l", "a in (", kubectl=self.binary, check=False).stderr)

    def test_field_selectors(self):
        self.web()
        node = self.kn("get", "pods", "-o", "jsonpath={.items[0].spec.nodeName}")
        out = self.kn("get", "pods", f"--field-selector=spec.nodeName={node}", "-o", "name")
        self.assertTrue(out.strip())
        out = self.kn("get", "pods", "--field-selector=status.phase!=Running", "-o", "name")
        self.assertEqual(out.strip(), "")
        refused = self.cluster.kubectl("get", "pods", "--field-selector=spec.nonsense=1",
                                       kubectl=self.binary, check=False)
        self.assertIn("field label not supported", refused.stderr)

    def test_watch_shows_changes_as_they_come(self):
        env = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)}
        with open(self.cluster.dir / self.ns, "w") as said:
            watch = subprocess.Popen([self.binary, "-n", self.ns, "get", "pods", "-w", "-o", "name"],
                                     env=env, stdout=said)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        lines = lambda: (self.cluster.dir / self.ns).read_text().split()
        self.web(replicas=1)
        until(lines)
        before = len(lines())
        self.kn("delete", "rs", "web")
        until(lambda: len(lines()) >= max(3, before + 1))

    def test_describe_tells_events_and_owner(self):
        self.web()
        pod = self.kn("get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
        self.assertRegex(self.kn("describe", "pod", pod), r"Controlled By: +ReplicaSet/web")
        until(lambda: "Successfully assigned" in self.kn("describe", "pod", pod))
        self.assertRegex(self.kn("describe", "rs", "web"), r"Pods Status: +3 Running")
        until(lambda: "SuccessfulCreate" in self.kn("describe", "rs", "web"))
        self.assertIn("Allocated resources", self.k("describe", "node", "sim-0"))
        self.assertIn("Active", self.k("describe", "namespace", self.ns))

    def test_delete_waits_until_it_is_gone(self):
        self.web()
        pods = set(self.kn("get", "pods", "-o", "name").split())
        victim = sorted(pods)[0]
        self.assertIn("deleted", self.kn("delete", victim))
        until(lambda: self.kn("get", "pods").count("Running") == 3)
        self.assertNotIn(victim, self.kn("get", "pods", "-o", "name").split())
        self.kn("delete", "rs", "web")
        until(lambda: not self.kn("get", "pods", "-o", "name").strip())

    def test_delete_orphans_pods_when_told_to(self):
        self.web()
        cascade = "--cascade=orphan" if self.binary != kubectl_120() else "--cascade=false"
        self.kn("delete", "rs", "web", cascade)
        time.sleep(1)
        self.assertEqual(self.kn("get", "pods").count("Running"), 3)
        owners = self.kn("get", "pods", "-o", "jsonpath={.items[*].metadata.ownerReferences}")
        self.assertEqual(owners.strip(), "")
        self.kn("apply", "-f", "-", stdin=WEB)
        until(lambda: "ReplicaSet" in self.kn(
            "get", "pods", "-o", "jsonpath={.items[2].metadata.ownerReferences}"))
        self.assertEqual(self.kn("get", "pods").count("Running"), 3, "adopted, not added to")

    def test_label_annotate_patch_scale_edit(self):
        self.web()
        self.kn("label", "rs", "web", "colour=blue")
        self.kn("annotate", "rs", "web", "note=hello there")
        self.kn("label", "rs", "web", "colour-")
        self.kn("patch", "rs", "web", "-p", '{"spec":{"replicas":2}}')
        self.kn("patch", "rs", "web", "--type=json", "-p",
                '[{"op":"test","path":"/spec/replicas","value":2},'
                '{"op":"add","path":"/metadata/labels/p","value":"json"}]')
        self.kn("patch", "rs", "web", "--type=merge", "-p", '{"metadata":{"labels":{"m":"1"}}}')
        editor = {"KUBE_EDITOR": "sed -i s/replicas:\\ 2/replicas:\\ 4/"}
        os.environ.update(editor)
        self.addCleanup(lambda: os.environ.pop("KUBE_EDITOR"))
        self.assertIn("edited", self.kn("edit", "rs", "web"))
        rs = json.loads(self.kn("get", "rs", "web", "-o", "json"))
        self.assertEqual(rs["spec"]["replicas"], 4)
        self.assertEqual(rs["metadata"]["labels"], {"app": "web", "p": "json", "m": "1"})
        self.assertEqual(rs["metadata"]["annotations"]["note"], "hello there")
        self.kn("scale", "rs", "web", "--replicas=1", "--current-replicas=4")
        until(lambda: self.kn("get", "pods", "-o", "name").count("pod/") == 1)

    def test_create_in_every_way(self):
        self.kn("create", "configmap", "cm", "--from-literal=a=b")
        self.kn("create", "secret", "generic", "s", "--from-literal=p=hunter2")
        self.kn("create", "serviceaccount", "robot")
        self.kn("create", "service", "clusterip", "svc", "--tcp=80:8080")
        self.kn("run", "alone", "--image=busybox", "--restart=Never")
        out = self.kn("get", "secret", "s", "-o", "jsonpath={.data.p}")
        self.assertEqual(out, "aHVudGVyMg==")
        refused = self.cluster.kubectl("-n", self.ns, "create", "configmap", "cm",
                                       kubectl=self.binary, check=False)
        self.assertIn('configmaps "cm" already exists', refused.stderr)
        self.assertIn("already exists", refused.stderr)

    def test_cron_jobs_can_be_worked_with_by_any_client(self):
        self.kn("create", "cronjob", "cj", "--image=busybox", "--schedule=*/5 * * * *")
        self.assertIn("created", self.kn("create", "job", "now", "--from=cronjob/cj"))
        self.assertIn("updated", self.kn("set", "image", "cronjob/cj", "cj=busybox:2"))
        self.assertIn("busybox:2", self.kn("get", "cronjob", "-o", "wide"))

    def test_wait_for_conditions_and_for_deletion(self):
        self.web()
        out = self.kn("wait", "--for=condition=Ready", "pod", "-l", "app=web", "--timeout=60s")
        self.assertEqual(out.count("condition met"), 3)
        pod = self.kn("get", "pods", "-o", "name").split()[0]
        self.kn("delete", pod, "--wait=false")
        self.kn("wait", "--for=delete", pod, "--timeout=60s", check=False)
        self.assertNotIn(pod, self.kn("get", "pods", "-o", "name").split())

    def test_what_the_server_is(self):
        self.assertIn("is running at", self.k("cluster-info"))
        self.assertRegex(self.k("version"), r"Server Version.*v?1\.20")
        resources = self.k("api-resources")
        for name in ("pods", "replicasets", "leases", "secrets", "replicationcontrollers"):
            self.assertIn(name, resources)
        self.assertIn("apps/v1", self.k("api-versions"))
        self.assertIn("revision", self.k("get", "--raw", "/logship/digest"))

    def test_dry_run_changes_nothing(self):
        self.web()
        path = f"/apis/apps/v1/namespaces/{self.ns}/replicasets/web"
        status, answer = self.cluster.call("PATCH", path + "?dryRun=All", '{"spec":{"replicas":9}}',
                                           headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual((status, answer["spec"]["replicas"]), (200, 9))
        there = self.cluster.get(path)
        self.assertEqual((there["spec"]["replicas"], there["metadata"]["generation"]), (3, 1))


class Kubectl120(Verbs, ClusterTest):
    find = staticmethod(kubectl_120)


class KubectlCurrent(Verbs, ClusterTest):
    find = staticmethod(kubectl_current)

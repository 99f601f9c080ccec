"""kubectl apply --server-side, 1.20 and current: owners, conflicts, and what else becomes of them."""
import json

from cluster import ClusterTest, KubectlStory, kubectl_120, kubectl_current, until

WEB = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: busybox
        ports: [{containerPort: 80}]
"""
MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: map}
data: {%s}
"""
SIDECAR = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: log, image: busybox}
"""
LABELLED = """
apiVersion: v1
kind: Pod
metadata:
  name: %s
  labels: {mine: x}
"""


class Apply(KubectlStory):
    """Run by both classes below."""

    def k(self, *words, **more):
        return self.cluster.kubectl(*words, kubectl=self.binary, **more)

    def kn(self, *words, **more):
        return self.k("-n", self.ns, *words, **more)

    def apply(self, manifest, *words, manager="one", **more):
        return self.kn("apply", "--server-side", f"--field-manager={manager}", *words, "-f", "-",
                       stdin=manifest, **more)

    def get(self, path):
        group = "apis/apps/v1" if path.startswith("replicasets") else "api/v1"
        return self.cluster.get(f"/{group}/namespaces/{self.ns}/{path}")

    def owners(self, path):
        """{"manager" or "manager/subresource": fields}"""
        return {e["manager"] + ("/" + e["subresource"] if "subresource" in e else ""): e["fieldsV1"]
                for e in self.get(path)["metadata"].get("managedFields", [])}

    def test_apply_creates_and_owns_what_it_says(self):
        made = json.loads(self.apply(WEB, "-o", "json").stdout)["metadata"]
        self.assertEqual(
            {"one": {"f:metadata": {"f:labels": {"f:app": {}}},
                     "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {
                         "f:metadata": {"f:labels": {"f:app": {}}},
                         "f:spec": {"f:containers": {'k:{"name":"web"}': {
                             ".": {}, "f:image": {}, "f:name": {}, "f:ports": {
                                 'k:{"containerPort":80,"protocol":"TCP"}': {
                                     ".": {}, "f:containerPort": {}}}}}}}}}},
            self.owners("replicasets/web"))
        until(lambda: self.get("replicasets/web")["status"].get("readyReplicas") == 2)
        self.cluster.quiet()
        before = self.get("replicasets/web")
        self.assertIn("serverside-applied", self.apply(WEB).stdout)
        self.assertEqual(before, self.get("replicasets/web"), "it said the same again")
        self.assertEqual(made["generation"], before["metadata"]["generation"])
        self.assertNotEqual(made["resourceVersion"], before["metadata"]["resourceVersion"])

    def test_a_scale_by_another_is_a_conflict_until_it_is_forced(self):
        self.apply(WEB)
        self.kn("scale", "rs", "web", "--replicas=3")
        self.assertIn("f:replicas", str([f for m, f in self.owners("replicasets/web").items()
                                         if m.endswith("/scale")]))
        refused = self.apply(WEB, check=False)
        self.assertNotEqual(0, refused.returncode)
        self.assertRegex(refused.stderr,
                         r'Apply failed with 1 conflict: conflict with "[^"]*" with subresource '
                         r'"scale" using apps/v1: \.spec\.replicas')
        self.assertIn("Please review the fields above--they currently have other managers",
                      refused.stderr)
        self.assertEqual(3, self.get("replicasets/web")["spec"]["replicas"])
        self.apply(WEB, "--force-conflicts")
        self.assertEqual(2, self.get("replicasets/web")["spec"]["replicas"])
        self.assertEqual(["one"], list(self.owners("replicasets/web")))

    def test_who_gives_a_field_up_leaves_it_to_the_other(self):
        self.apply(WEB)
        self.kn("scale", "rs", "web", "--replicas=3")
        self.apply(WEB.replace("  replicas: 2\n", ""))
        self.assertEqual(3, self.get("replicasets/web")["spec"]["replicas"])

    def test_two_managers_share_a_map(self):
        self.apply(MAP % "a: '1', b: '1'")
        self.apply(MAP % "a: '1', c: '1'", manager="two")
        self.apply(MAP % "b: '1'")
        self.assertEqual({"a": "1", "b": "1", "c": "1"}, self.get("configmaps/map")["data"])
        self.apply(MAP % "c: '1'", manager="two")
        self.assertEqual({"b": "1", "c": "1"}, self.get("configmaps/map")["data"])
        several = self.apply(MAP % "b: '2', c: '2'", manager="three", check=False).stderr
        self.assertIn('Apply failed with 2 conflicts: conflicts with "one":\n- .data.b\n'
                      'conflicts with "two":\n- .data.c\n', several)

    def test_lists_are_merged_by_key(self):
        self.apply(WEB)
        self.apply(SIDECAR, "--validate=false", manager="two")

        def names():
            spec = self.get("replicasets/web")["spec"]["template"]["spec"]
            return [c["name"] for c in spec["containers"]]

        self.assertEqual(["web", "log"], names())
        self.apply(WEB)
        self.assertEqual(["web", "log"], names())
        self.apply(SIDECAR.replace("\n      - {name: log, image: busybox}", " []"),
                   "--validate=false", manager="two")
        self.assertEqual(["web"], names())

    def test_a_dry_run_changes_nothing(self):
        self.apply(MAP % "a: '1'")
        shown = self.apply(MAP % "a: '2'", "--dry-run=server", "-o", "json").stdout
        self.assertEqual({"a": "2"}, json.loads(shown)["data"])
        self.assertEqual({"a": "1"}, self.get("configmaps/map")["data"])
        self.apply(MAP.replace("map}", "new}") % "a: '1'", "--dry-run=server")
        self.assertNotEqual(0, self.kn("get", "cm", "new", check=False).returncode)

    def test_from_apply_on_the_client_to_apply_on_the_server(self):
        self.kn("apply", "-f", "-", stdin=MAP % "a: '1', b: '1'")
        self.kn("apply", "--server-side", "-f", "-", stdin=MAP % "a: '2', b: '1'")
        self.assertEqual("2", self.get("configmaps/map")["data"]["a"])
        self.kn("apply", "--server-side", "-f", "-", stdin=MAP % "a: '3'")
        self.assertEqual("3", self.get("configmaps/map")["data"]["a"])

    def test_other_verbs_tell_who_they_are(self):
        self.kn("create", "configmap", "map", "--from-literal=a=1")
        self.kn("label", "cm", "map", "l=1")
        self.kn("annotate", "cm", "map", "n=1")
        self.kn("patch", "cm", "map", "-p", '{"data":{"a":"2"}}')
        owners = self.owners("configmaps/map")
        first = "kubectl-create" if "kubectl-create" in owners else "kubectl"
        self.assertEqual({"f:metadata": {"f:labels": {".": {}, "f:l": {}}}}, owners["kubectl-label"])
        self.assertEqual({"f:data": {"f:a": {}}}, owners["kubectl-patch"])
        self.assertEqual({"f:data": {}}, owners[first])

    def test_pods_of_a_replica_set_have_no_owners_of_fields(self):
        """They share one body. The first apply finds what was there before it."""
        self.apply(WEB)
        until(lambda: len(self.get("pods")["items"]) == 2)
        pod = self.get("pods")["items"][0]
        self.assertNotIn("managedFields", pod["metadata"])
        name = pod["metadata"]["name"]
        self.apply(LABELLED % name, "--validate=false")
        self.assertIn("one", self.owners(f"pods/{name}"))
        self.assertEqual({"app": "web", "mine": "x"}, self.get(f"pods/{name}")["metadata"]["labels"])

    def test_an_unknown_field_is_refused(self):
        wrong = self.apply(MAP.replace("\ndata:", "\ndate:") % "a: '1'", "--validate=false", check=False)
        self.assertNotEqual(0, wrong.returncode)
        self.assertIn("date", wrong.stderr)


class OldKubectl(Apply, ClusterTest):
    find = staticmethod(kubectl_120)

    def test_managed_fields_are_shown(self):
        self.apply(MAP % "a: '1'")
        self.assertIn("manager: one", self.kn("get", "cm", "map", "-o", "yaml").stdout)


class CurrentKubectl(Apply, ClusterTest):
    find = staticmethod(kubectl_current)

    def test_managed_fields_are_shown_when_asked_for(self):
        self.apply(MAP % "a: '1'")
        self.assertNotIn("manager:", self.kn("get", "cm", "map", "-o", "yaml").stdout)
        self.assertIn("manager: one", self.kn("get", "cm", "map", "-o", "yaml",
                                              "--show-managed-fields").stdout)

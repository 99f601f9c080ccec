"""OpenAPI as clients use it: kubectl explain, validation, diff and dry runs, caching, custom kinds."""
import json
import re

from cluster import ClusterTest, config_map, kubectl_120, kubectl_current, replica_set, until

CRONTABS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "crontabs.stable.example.com"},
    "spec": {
        "group": "stable.example.com", "scope": "Namespaced",
        "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "description": "Runs things at times.",
            "properties": {"spec": {
                "type": "object", "description": "What, and when.", "required": ["when"],
                "properties": {
                    "when": {"type": "string", "description": "As cron has it.", "pattern": "^[0-9* ]+$"},
                    "copies": {"type": "integer", "minimum": 0},
                    "maybe": {"type": "object", "nullable": True,
                              "properties": {"a": {"type": "string"}}},
                    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}}}]}}
CRONTAB = {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "one"},
           "spec": {"when": "* * 1", "copies": 1, "open": {"anything": [1]}}}
DEFINITION = "com.example.stable.v1.CronTab"


class Explained:
    """Run with kubectl 1.20 and with a current one."""

    def setUp(self):
        self.binary = self.find()
        if not self.binary:
            self.skipTest("no such kubectl on this machine")
        self.k("delete", "configmap,replicaset", "--all", "--wait=false")

    def k(self, *words, **more):
        return self.cluster.kubectl(*words, kubectl=self.binary, **more).stdout

    def refused(self, *words, **more):
        done = self.cluster.kubectl(*words, kubectl=self.binary, check=False, **more)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def test_a_kind_is_explained(self):
        told = self.k("explain", "pod")
        self.assertRegex(told, r"KIND: +Pod\nVERSION: +v1")
        self.assertIn("Containers that run together on one node", told)
        self.assertRegex(told, r"spec\s+<(Object|PodSpec)>\n +What is wanted\.")

    def test_a_field_is_explained_with_its_type_and_whether_it_must_be_there(self):
        told = self.k("explain", "replicaset.spec.template.spec.containers.ports")
        self.assertRegex(told, r"containerPort\s+<integer> -required-\n +The number, 1 to 65535\.")
        self.assertRegex(told, r"protocol\s+<string>")
        self.assertIn("does not exist", self.refused("explain", "pod.spec.nonsense"))

    def test_everything_below_a_kind_is_shown(self):
        told = self.k("explain", "deployment", "--recursive")
        for field in ("matchLabels", "maxSurge", "livenessProbe", "topologySpreadConstraints"):
            self.assertRegex(told, rf"\n +{field}\s+<")

    def test_a_version_that_is_not_preferred_is_explained(self):
        told = self.k("explain", "cronjob.spec", "--api-version=batch/v1beta1")
        self.assertRegex(told, r"VERSION: +(batch/)?v1beta1")
        self.assertIn("concurrencyPolicy", told)

    def test_an_unknown_field_and_a_wrong_type_are_refused(self):
        manifest = replica_set("bad", 1)
        manifest["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
        said = self.refused("apply", "-f", "-", stdin=json.dumps(manifest))
        self.assertRegex(said, r'unknown field "(spec\.template\.spec\.containers\[0\]\.)?imagee"')
        said = self.refused("create", "-f", "-", stdin=json.dumps(replica_set("bad", "many")))
        self.assertRegex(said, r"replicas")
        self.assertIn("not found", self.refused("get", "replicaset", "bad"))

    def test_a_missing_field_is_refused(self):
        manifest = replica_set("bad", 1)
        del manifest["spec"]["template"]["spec"]["containers"][0]["name"]
        said = self.refused("create", "-f", "-", stdin=json.dumps(manifest))
        self.assertRegex(said, r'missing required field "name"|containers\[0\]\.name: Required')

    def test_diff_tells_by_its_exit_code(self):
        diff = lambda manifest: self.cluster.kubectl("diff", "-f", "-", kubectl=self.binary, check=False,
                                                     stdin=json.dumps(manifest))
        self.k("apply", "-f", "-", stdin=json.dumps(config_map("seen", a="1")))
        self.assertEqual(diff(config_map("seen", a="1")).returncode, 0)
        changed = diff(config_map("seen", a="2"))
        self.assertEqual(changed.returncode, 1, changed.stderr)
        self.assertRegex(changed.stdout, r'(?m)^-  a: "1"\n\+  a: "2"$')
        self.assertEqual(self.k("get", "cm", "seen", "-o", "jsonpath={.data.a}"), "1")

    def test_a_dry_run_at_the_server_checks_and_stores_nothing(self):
        said = self.k("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(replica_set("dry", 2)))
        self.assertIn("created (server dry run)", said)
        self.assertIn("not found", self.refused("get", "replicaset", "dry"))
        said = self.refused("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(replica_set("dry", -1)))
        self.assertIn("must be greater than or equal to 0", said)

    def test_a_custom_kind_is_explained_and_checked(self):
        self.k("apply", "-f", "-", stdin=json.dumps(CRONTABS))
        self.addCleanup(lambda: self.k("delete", "crd", "crontabs.stable.example.com"))
        until(lambda: "What, and when." in self.k("explain", "crontab.spec"))
        self.assertRegex(self.k("explain", "crontab.spec.when"), r"As cron has it\.")
        misspelt = {**CRONTAB, "spec": {"whenn": "*"}}
        self.assertRegex(self.refused("create", "-f", "-", stdin=json.dumps(misspelt)),
                         r'unknown field "(spec\.)?whenn"')
        self.assertIn("created", self.k("apply", "-f", "-", stdin=json.dumps(CRONTAB)))
        more = {**CRONTAB, "spec": {**CRONTAB["spec"], "copies": 2, "open": {"other": {"x": "y"}}}}
        said = self.k("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(more))
        self.assertIn("configured (server dry run)", said)


class WithKubectl120(Explained, ClusterTest):
    find = staticmethod(kubectl_120)


class WithACurrentKubectl(Explained, ClusterTest):
    find = staticmethod(kubectl_current)


class Documents(ClusterTest):
    """As curl sees them."""
    options = ["--nodes", "0", "--runtime", "sim"]
    nodes = 0

    def fetch(self, path, method="GET", master=1, **headers):
        """(status, headers, bytes)"""
        connection = self.cluster.connect(master)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def document(self, path, **more):
        status, _, body = self.fetch(path, **more)
        self.assertEqual(status, 200)
        return json.loads(body)

    def test_json_is_what_nobody_asked_for_otherwise(self):
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
            status, headers, body = self.fetch("/openapi/v2", **accept)
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            self.assertEqual(json.loads(body)["swagger"], "2.0")

    def test_the_protobuf_form_is_told_as_bytes(self):
        accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
        status, headers, body = self.fetch("/openapi/v2", Accept=accept)
        self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"))
        self.assertEqual(body[:5], b"\x0a\x032.0")
        self.assertNotEqual(headers["ETag"], self.fetch("/openapi/v2")[1]["ETag"])
        self.assertEqual(self.fetch("/openapi/v2", Accept="text/html")[0], 406)

    def test_who_has_it_gets_nothing_but_304(self):
        for path in ("/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1"):
            tag = self.fetch(path)[1]["ETag"]
            self.assertRegex(tag, r'^"[0-9a-f]{64}"$')
            for told in (tag, "W/" + tag, f'"other", {tag}', "*"):
                status, headers, body = self.fetch(path, If_None_Match=told)
                self.assertEqual((status, headers["ETag"], body), (304, tag, b""))
            self.assertEqual(self.fetch(path, If_None_Match='"other"')[0], 200)
            until(lambda p=path, t=tag: self.fetch(p, master=2)[1]["ETag"] == t)

    def test_head_tells_the_headers_alone(self):
        status, headers, body = self.fetch("/openapi/v2", "HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(headers["ETag"], self.fetch("/openapi/v2")[1]["ETag"])
        self.assertEqual(self.fetch("/openapi/v2", "POST")[0], 405)

    def test_the_index_of_version_3_names_documents_by_their_hash(self):
        index = self.document("/openapi/v3")["paths"]
        for place in ("api/v1", "apis/apps/v1", "apis/batch/v1beta1", "apis/rbac.authorization.k8s.io/v1"):
            url = index[place]["serverRelativeURL"]
            self.assertRegex(url, rf"^/openapi/v3/{place}\?hash=[0-9a-f]+$")
            status, headers, body = self.fetch(url)
            self.assertEqual(status, 200)
            self.assertIn("immutable", headers["Cache-Control"])
            self.assertIn("Expires", headers)
            self.assertTrue(json.loads(body)["components"]["schemas"])
        status, headers, _ = self.fetch("/openapi/v3/apis/apps/v1?hash=older")
        self.assertEqual((status, headers["Location"]),
                         (301, index["apis/apps/v1"]["serverRelativeURL"]))
        self.assertNotIn("immutable", self.fetch("/openapi/v3/apis/apps/v1")[1]["Cache-Control"])
        for nothing in ("apis/apps/v7", "apis/nope/v1", "api/v2", "api", "apis//v1", "x"):
            self.assertEqual(self.fetch(f"/openapi/v3/{nothing}")[0], 404, nothing)

    def test_a_custom_kind_appears_changes_and_disappears(self):
        before = self.fetch("/openapi/v2")[1]["ETag"]
        crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        self.assertEqual(self.cluster.call("POST", crds, CRONTABS)[0], 201)
        shown = lambda: self.document("/openapi/v2")["definitions"].get(DEFINITION)
        spec = until(shown)["properties"]["spec"]
        given = CRONTABS["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        self.assertEqual(spec["properties"]["when"], given["properties"]["when"])
        self.assertEqual(spec["properties"]["maybe"], {})
        self.assertEqual(spec["properties"]["open"], {"x-kubernetes-preserve-unknown-fields": True})
        self.assertEqual(spec["required"], ["when"])
        self.assertEqual(shown()["x-kubernetes-group-version-kind"],
                         [{"group": "stable.example.com", "kind": "CronTab", "version": "v1"}])
        during = self.fetch("/openapi/v2")[1]["ETag"]
        self.assertNotEqual(before, during)

        place = "apis/stable.example.com/v1"
        index = lambda: self.document("/openapi/v3")["paths"]
        url = index()[place]["serverRelativeURL"]
        three = self.document(url)["components"]["schemas"][DEFINITION]["properties"]["spec"]
        self.assertEqual(three, given)

        change = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec"
                                            "/properties/copies/minimum", "value": 1}]
        status, body = self.cluster.call("PATCH", f"{crds}/crontabs.stable.example.com", change,
                                         headers={"Content-Type": "application/json-patch+json"})
        self.assertEqual(status, 200, body)
        until(lambda: shown()["properties"]["spec"]["properties"]["copies"]["minimum"] == 1)
        until(lambda: index()[place]["serverRelativeURL"] != url)

        self.cluster.call("DELETE", f"{crds}/crontabs.stable.example.com")
        until(lambda: not shown())
        self.assertEqual(self.fetch("/openapi/v2")[1]["ETag"], before)
        self.assertNotIn(place, index())
        self.assertEqual(self.fetch(f"/openapi/v3/{place}")[0], 404)

    def test_the_root_names_every_place(self):
        paths = self.document("/")["paths"]
        for path in ("/api", "/api/v1", "/apis", "/apis/apps/v1", "/openapi/v2", "/version"):
            self.assertIn(path, paths)
            self.assertEqual(self.fetch(path)[0], 200, path)

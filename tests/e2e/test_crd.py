"""Kinds of the user's own: defined, served by every master, and as good as built-in ones."""
import copy
import http.client
import json
import threading
import unittest

from cluster import ClusterTest, Cluster, kubectl_120, kubectl_current, until

GROUP = "stable.example.com"
CRON = r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"
SPEC = {"type": "object", "required": ["cronSpec"], "properties": {
    "cronSpec": {"type": "string", "pattern": CRON},
    "image": {"type": "string", "default": "busybox"},
    "replicas": {"type": "integer", "minimum": 0, "maximum": 10, "default": 1},
    "color": {"type": "string", "enum": ["red", "green"]},
    "keep": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}}
STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
VERSION = {
    "name": "v1", "served": True, "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"],
                                   "properties": {"spec": SPEC, "status": STATUS}}},
    "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                                             "statusReplicasPath": ".status.replicas",
                                             "labelSelectorPath": ".status.selector"}},
    "additionalPrinterColumns": [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
        {"name": "Ready", "type": "string",
         "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]}


def definition(plural="crontabs", kind="CronTab", versions=None, scope="Namespaced", short=()):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {"group": GROUP, "scope": scope, "versions": versions or [VERSION],
                     "names": {"plural": plural, "kind": kind, "shortNames": list(short),
                               "categories": ["all"]}}}


def crontab(name, kind="CronTab", version="v1", **spec):
    return {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": {"name": name},
            "spec": {"cronSpec": "* * * * *", **spec}}


def conditions(crd):
    return {c["type"]: c["status"] for c in crd.get("status", {}).get("conditions", [])}


class Custom:
    """The life of a custom kind with one kubectl."""

    def k(self, *words, **more):
        return self.cluster.kubectl(*words, kubectl=self.find(), **more)

    def create(self, manifest, check=True, **more):
        return self.k("create", "--validate=false", "-f", "-", stdin=json.dumps(manifest),
                      check=check, **more)

    @classmethod
    def setUpClass(cls):
        if not cls.find():
            raise unittest.SkipTest("no such kubectl here")
        super().setUpClass()
        cls.cluster.kubectl("create", "-f", "-", stdin=json.dumps(definition(short=["ct"])))
        cls.cluster.kubectl("wait", "--for=condition=Established", f"crd/crontabs.{GROUP}",
                            "--timeout=20s")

    def path(self, name="", version="v1"):
        return f"/apis/{GROUP}/{version}/namespaces/default/crontabs" + (f"/{name}" if name else "")

    def there(self, name):
        return self.cluster.get(self.path(name))

    def test_an_object_is_defaulted_pruned_and_shown(self):
        self.create(crontab("shown", unknown=1, keep={"any": {"thing": 1}}))
        there = self.there("shown")
        self.assertEqual(there["spec"], {"cronSpec": "* * * * *", "image": "busybox", "replicas": 1,
                                         "keep": {"any": {"thing": 1}}})
        self.assertEqual(there["metadata"]["generation"], 1)
        header, row = self.k("get", "ct", "shown").stdout.splitlines()
        self.assertEqual(header.split(), ["NAME", "SPEC", "REPLICAS", "READY", "AGE"])
        self.assertEqual(row.split()[:7], ["shown", *"*****", "1"])
        self.assertIn("crontab.stable.example.com/shown", self.k("get", "all").stdout)

    def test_what_the_schema_forbids_is_told_field_by_field(self):
        bad = crontab("bad", replicas=11, color="blue", tags=["a", "a"])
        bad["spec"]["cronSpec"] = "often"
        done = self.create(bad, check=False)
        self.assertNotEqual(done.returncode, 0)
        for text in (
                'spec.color: Unsupported value: "blue": supported values: "red", "green"',
                f"""spec.cronSpec: Invalid value: "often": spec.cronSpec in body should match '{CRON}'""",
                "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or "
                "equal to 10",
                'spec.tags[1]: Duplicate value: "a"'):
            self.assertIn(text, done.stderr)
        code, answer = self.cluster.call("POST", self.path(), crontab("bad", replicas="x"))
        self.assertEqual((code, answer["reason"]), (422, "Invalid"))
        self.assertIn('must be of type integer: "string"', answer["message"])
        self.assertEqual(self.cluster.call("GET", self.path("bad"))[0], 404)

    def test_unknown_fields_are_refused_when_asked_to_be_strict(self):
        code, answer = self.cluster.call("POST", self.path() + "?fieldValidation=Strict",
                                         crontab("strict", unknown=1))
        self.assertEqual(code, 400)
        self.assertIn('strict decoding error: unknown field "spec.unknown"', answer["message"])

    def test_status_and_spec_are_written_apart(self):
        self.create(crontab("apart"))
        code, _ = self.cluster.call(
            "PATCH", self.path("apart/status"),
            {"spec": {"replicas": 9}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
            headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual(code, 200)
        there = self.there("apart")
        self.assertEqual((there["spec"]["replicas"], there["metadata"]["generation"]), (1, 1))
        self.assertIn("True", self.k("get", "ct", "apart").stdout)
        self.k("patch", "ct", "apart", "--type=merge", "-p",
               json.dumps({"spec": {"replicas": 4}, "status": {"x": 1}}))
        there = self.there("apart")
        self.assertEqual((there["spec"]["replicas"], there["metadata"]["generation"]), (4, 2))
        self.assertNotIn("x", there["status"])
        self.k("patch", "ct", "apart", "--type=json", "-p",
               '[{"op":"test","path":"/spec/replicas","value":4},'
               '{"op":"replace","path":"/spec/replicas","value":5}]')
        self.assertEqual(self.there("apart")["spec"]["replicas"], 5)
        done = self.k("patch", "ct", "apart", "--type=strategic", "-p", "{}", check=False)
        self.assertIn("accepted media types include: application/json-patch+json", done.stderr)

    def test_scale_goes_where_the_definition_says(self):
        self.create(crontab("scaled"))
        self.k("scale", "ct", "scaled", "--replicas=3")
        self.assertEqual(self.there("scaled")["spec"]["replicas"], 3)
        scale = self.cluster.get(self.path("scaled/scale"))
        self.assertEqual((scale["kind"], scale["spec"]["replicas"]), ("Scale", 3))
        done = self.k("scale", "ct", "scaled", "--replicas=30", check=False)
        self.assertIn("should be less than or equal to 10", done.stderr)

    def test_apply_both_ways(self):
        manifest = crontab("applied", tags=["a"])
        self.k("apply", "--validate=false", "-f", "-", stdin=json.dumps(manifest))
        manifest["spec"]["tags"] = ["b"]
        self.k("apply", "--validate=false", "-f", "-", stdin=json.dumps(manifest))
        self.assertEqual(self.there("applied")["spec"]["tags"], ["b"])
        for manager, tag in (("one", "x"), ("two", "y")):
            self.k("apply", "--server-side", "--validate=false", "--field-manager", manager, "-f",
                   "-", stdin=json.dumps(crontab("together", tags=[tag])))
        self.assertEqual(sorted(self.there("together")["spec"]["tags"]), ["x", "y"])

    def test_a_watch_tells_of_every_change(self):
        connection = self.cluster.connect(2, timeout=20)
        self.addCleanup(connection.close)
        start = self.cluster.get(self.path())["metadata"]["resourceVersion"]
        connection.request("GET", f"{self.path()}?watch=true&resourceVersion={start}"
                                  "&fieldSelector=metadata.name=watched")
        stream = connection.getresponse()
        self.create(crontab("watched"))
        self.k("patch", "ct", "watched", "--type=merge", "-p", '{"spec":{"replicas":2}}')
        self.k("delete", "ct", "watched")
        seen = [json.loads(stream.readline()) for _ in range(3)]
        self.assertEqual([e["type"] for e in seen], ["ADDED", "MODIFIED", "DELETED"])
        self.assertEqual(seen[0]["object"]["spec"]["image"], "busybox")
        self.assertEqual(seen[1]["object"]["spec"]["replicas"], 2)

    def test_what_it_owns_goes_with_it(self):
        self.create(crontab("owner"))
        uid = self.there("owner")["metadata"]["uid"]
        owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "owned", "ownerReferences": [{"apiVersion": f"{GROUP}/v1", "kind": "CronTab",
                                                  "name": "owner", "uid": uid}]}}
        self.create(owned)
        self.k("delete", "ct", "owner")
        until(lambda: self.cluster.call("GET", "/api/v1/namespaces/default/configmaps/owned")[0]
              == 404)

    def test_discovery_names_it(self):
        resources = self.cluster.get(f"/apis/{GROUP}/v1")["resources"]
        self.assertEqual({r["name"] for r in resources},
                         {"crontabs", "crontabs/status", "crontabs/scale"})
        groups = {g["name"]: g for g in self.cluster.get("/apis")["groups"]}
        self.assertEqual(groups[GROUP]["preferredVersion"]["version"], "v1")
        code, everything = self.cluster.call("GET", "/apis", headers={
            "Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"})
        self.assertEqual(code, 200)
        mine = next(g for g in everything["items"] if g["metadata"]["name"] == GROUP)
        self.assertEqual(mine["versions"][0]["resources"][0]["shortNames"], ["ct"])


class Custom120(Custom, ClusterTest):
    find = staticmethod(kubectl_120)


class CustomCurrent(Custom, ClusterTest):
    find = staticmethod(kubectl_current)


class Definitions(ClusterTest):
    """What happens to definitions themselves."""
    options = ["--nodes", "0", "--runtime", "sim"]
    nodes = 0

    def define(self, crd, code=201):
        got, answer = self.cluster.call(
            "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        self.assertEqual(got, code, answer)
        return answer

    def crd(self, name, master=1):
        return self.cluster.call(
            "GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
            master=master)

    def established(self, plural):
        until(lambda: conditions(self.crd(f"{plural}.{GROUP}")[1]).get("Established") == "True")

    def make(self, path, body, master=1):
        code, answer = self.cluster.call("POST", path, body, master=master)
        self.assertEqual(code, 201, answer)

    def remove(self, plural):
        self.cluster.call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
                                    f"{plural}.{GROUP}")
        until(lambda: self.crd(f"{plural}.{GROUP}")[0] == 404)

    def test_every_master_serves_a_kind_as_soon_as_it_is_established(self):
        for round in range(5):
            plural = f"quick{round}s"
            self.define(definition(plural, f"Quick{round}"))
            self.established(plural)
            path = f"/apis/{GROUP}/v1/namespaces/default/{plural}"
            for master in (1, 2, 3):
                body = crontab(f"m{master}", f"Quick{round}")
                self.make(path, body, master)
            self.remove(plural)
            self.assertEqual(self.cluster.call("GET", path)[0], 404)

    def test_deleting_a_definition_deletes_its_objects_first(self):
        self.define(definition("brief", "Brief"))
        self.established("brief")
        path = f"/apis/{GROUP}/v1/namespaces/default/brief"
        for n in range(30):
            self.make(path, crontab(f"b{n}", "Brief"))
        start = self.cluster.get(path)["metadata"]["resourceVersion"]
        connection = self.cluster.connect(3, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"{path}?watch=true&resourceVersion={start}")
        stream = connection.getresponse()
        self.remove("brief")
        events = [json.loads(line) for line in stream.read().splitlines()]
        self.assertEqual([e["type"] for e in events], ["DELETED"] * 30)

    def test_versions_show_one_object(self):
        old = copy.deepcopy(VERSION)
        old.update(name="v1beta1", storage=False, deprecated=True)
        old["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"].pop("color")
        self.define(definition("twos", "Two", versions=[old, VERSION]))
        self.established("twos")
        path = "/apis/{}/{}/namespaces/default/twos"
        body = crontab("x", "Two", color="red")
        self.make(path.format(GROUP, "v1"), body)
        seen = self.cluster.get(path.format(GROUP, "v1beta1") + "/x")
        self.assertEqual(seen["apiVersion"], f"{GROUP}/v1beta1")
        self.assertNotIn("color", seen["spec"])
        self.assertEqual(self.cluster.get(path.format(GROUP, "v1") + "/x")["spec"]["color"], "red")
        connection = self.cluster.connect()
        connection.request("GET", path.format(GROUP, "v1beta1") + "/x")
        warning = connection.getresponse().getheader("Warning")
        connection.close()
        self.assertEqual(warning, f'299 - "{GROUP}/v1beta1 Two is deprecated"')
        self.remove("twos")

    def test_a_name_that_is_taken_waits(self):
        self.define(definition("firsts", "First", short=["fx"]))
        self.define(definition("seconds", "Second", short=["fx"]))
        self.established("firsts")
        until(lambda: conditions(self.crd(f"seconds.{GROUP}")[1]).get("NamesAccepted") == "False")
        self.assertEqual(self.cluster.call("GET", f"/apis/{GROUP}/v1/seconds")[0], 404)
        self.remove("firsts")
        self.established("seconds")
        self.remove("seconds")

    def test_a_schema_that_is_not_structural_is_refused(self):
        bad = definition("bads", "Bad")
        bad["metadata"]["name"] = "other"
        bad["spec"]["versions"] = [{"name": "v1", "served": True, "storage": False, "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"a": {}}}}}]
        answer = self.define(bad, 422)
        fields = {c["field"] for c in answer["details"]["causes"]}
        self.assertEqual(fields, {"metadata.name", "spec.versions",
                                  "spec.versions[0].schema.openAPIV3Schema.properties[a].type"})

    def test_defaults_reach_what_was_stored_before(self):
        self.define(definition("laters", "Later", scope="Cluster"))
        self.established("laters")
        path = f"/apis/{GROUP}/v1/laters"
        self.make(path, crontab("x", "Later"))
        crd = self.crd(f"laters.{GROUP}")[1]
        spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"]["added"] = {"type": "string", "default": "later"}
        self.assertEqual(self.cluster.call(
            "PUT", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/laters.{GROUP}",
            crd)[0], 200)
        for master in (1, 2, 3):
            until(lambda: self.cluster.get(f"{path}/x", master)["spec"].get("added") == "later")
        self.remove("laters")


class Lasting(unittest.TestCase):
    """Custom objects in the log, after a restart, and in the past."""

    def setUp(self):
        self.cluster = Cluster("--nodes", "0", "--runtime", "sim")
        self.addCleanup(self.cluster.close)

    def make(self):
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(definition()))
        self.cluster.kubectl("wait", "--for=condition=Established", f"crd/crontabs.{GROUP}",
                             "--timeout=20s")
        path = f"/apis/{GROUP}/v1/namespaces/default/crontabs"
        for n in range(20):
            self.assertEqual(self.cluster.call("POST", path, crontab(f"c{n}"))[0], 201)
        return path

    def serve_past(self, revision):
        address = self.cluster.serve_past(self, revision)
        return http.client.HTTPConnection(address, timeout=10)

    def test_they_are_in_the_log_and_outlast_their_masters(self):
        path = self.make()
        before = self.cluster.quiet()
        told = self.cluster.logship("log", "--dir", self.cluster.dir, "--kind",
                                    f"crontabs.{GROUP}", "-o", "json").stdout
        created = [json.loads(line) for line in told.splitlines()]
        self.assertEqual(len([e for e in created if e["event"] == "Created"]), 20)
        out = self.cluster.logship("replay", "--dir", self.cluster.dir, "--until",
                                   before["revision"], "--digest").stdout
        self.assertEqual(json.loads(out)["digest"], before["digest"])
        self.cluster.logship("down", "--dir", self.cluster.dir)
        self.cluster.up()
        listed = until(lambda: self.cluster.get(path, 2))["items"]
        self.assertEqual(len(listed), 20)
        self.assertEqual(self.cluster.agree()["digest"], before["digest"])

    def test_the_past_is_served_with_the_definitions_of_then(self):
        path = self.make()
        moment = self.cluster.quiet()["revision"]
        self.cluster.kubectl("delete", "crd", f"crontabs.{GROUP}")
        self.assertEqual(self.cluster.call("GET", path)[0], 404)
        past = self.serve_past(moment)

        def listed():
            past.close()
            past.request("GET", path)
            return json.loads(past.getresponse().read())["items"]
        self.assertEqual(len(until(listed)), 20)


class Together(ClusterTest):
    """Many at once."""
    options = ["--nodes", "0", "--runtime", "sim"]
    nodes = 0

    def test_kinds_may_come_and_go_at_the_same_time(self):
        def life(n):
            crd, name = definition(f"kind{n}s", f"Kind{n}"), f"kind{n}s.{GROUP}"
            base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            path = f"/apis/{GROUP}/v1/namespaces/default/kind{n}s"
            self.cluster.call("POST", base, crd)
            until(lambda: conditions(self.cluster.get(f"{base}/{name}"))["Established"] == "True")
            for k in range(5):
                code, answer = self.cluster.call("POST", path, crontab(f"x{k}", f"Kind{n}"),
                                                 master=k % 3 + 1)
                assert code == 201, answer
            self.cluster.call("DELETE", f"{base}/{name}")
            until(lambda: self.cluster.call("GET", f"{base}/{name}")[0] == 404)
            done.append(n)
        done = []
        threads = [threading.Thread(target=life, args=(n,)) for n in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(done), list(range(12)))
        self.cluster.agree()

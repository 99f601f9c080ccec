"""Kinds that are stored and shown: made, read, patched and deleted, with the columns of Kubernetes."""
import base64
import csv
import json
import subprocess

from cluster import HERE, ClusterTest, kubectl_120, kubectl_current

POD = {"containers": [{"name": "main", "image": "busybox:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": POD}
ONCE = {"metadata": {"labels": {"app": "x"}}, "spec": {**POD, "restartPolicy": "Never"}}
PICK = {"matchLabels": {"app": "x"}}
GROUP = "rbac.authorization.k8s.io"
HOOK = {"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"url": "https://example.com/hook"}}
RULES = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
ANY = {"rule": "RunAsAny"}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def signing_request():
    done = subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout",
                           "/dev/null", "-subj", "/CN=me"], check=True, capture_output=True)
    return base64.b64encode(done.stdout).decode()


EVERYTHING = "create,delete,deletecollection,get,list,patch,update,watch"

# apiVersion, kind, what kubectl calls it, manifest, header of `kubectl get`
KINDS = [
    ("v1", "LimitRange", "limits", {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
     "NAME CREATED AT"),
    ("v1", "PersistentVolume", "pv",
     {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
               "hostPath": {"path": "/x"}}},
     "NAME CAPACITY ACCESS MODES RECLAIM POLICY STATUS CLAIM STORAGECLASS REASON AGE"),
    ("v1", "PersistentVolumeClaim", "pvc",
     {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
     "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS AGE"),
    ("v1", "PodTemplate", "podtemplates", {"template": TEMPLATE},
     "NAME CONTAINERS IMAGES POD LABELS"),
    ("v1", "ResourceQuota", "quota", {"spec": {"hard": {"pods": "10"}}},
     "NAME AGE REQUEST LIMIT"),
    ("apps/v1", "ControllerRevision", "controllerrevisions", {"revision": 1, "data": {"a": 1}},
     "NAME CONTROLLER REVISION AGE"),
    ("apps/v1", "DaemonSet", "ds", {"spec": {"selector": PICK, "template": TEMPLATE}},
     "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE"),
    ("apps/v1", "Deployment", "deploy", {"spec": {"selector": PICK, "template": TEMPLATE}},
     "NAME READY UP-TO-DATE AVAILABLE AGE"),
    ("apps/v1", "StatefulSet", "sts",
     {"spec": {"serviceName": "x", "selector": PICK, "template": TEMPLATE}}, "NAME READY AGE"),
    ("autoscaling/v1", "HorizontalPodAutoscaler", "hpa.v1.autoscaling",
     {"spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment",
                                                    "name": "x"}}},
     "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE"),
    ("apiregistration.k8s.io/v1", "APIService", "apiservices",
     {"spec": {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 100,
               "versionPriority": 10, "service": {"namespace": "a", "name": "b"}}},
     "NAME SERVICE AVAILABLE AGE"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "flowschemas",
     {"spec": {"priorityLevelConfiguration": {"name": "x"}, "matchingPrecedence": 7}},
     "NAME PRIORITYLEVEL MATCHINGPRECEDENCE DISTINGUISHERMETHOD AGE MISSINGPL"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration",
     "prioritylevelconfigurations", {"spec": {"type": "Limited", "limited": {
         "limitResponse": {"type": "Queue", "queuing": {}}}}},
     "NAME TYPE ASSUREDCONCURRENCYSHARES QUEUES HANDSIZE QUEUELENGTHLIMIT AGE"),
    ("batch/v1beta1", "CronJob", "cj",
     {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": ONCE}}}},
     "NAME SCHEDULE SUSPEND ACTIVE LAST SCHEDULE AGE"),
    ("batch/v1", "Job", "jobs", {"spec": {"template": ONCE}}, "NAME COMPLETIONS DURATION AGE"),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", "csr",
     {"spec": {"request": signing_request(), "signerName": "example.com/me", "usages": ["client auth"]}},
     "NAME AGE SIGNERNAME REQUESTOR CONDITION"),
    ("coordination.k8s.io/v1beta1", "Lease", "leases", {"spec": {"holderIdentity": "me"}},
     "NAME HOLDER AGE"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "endpointslices",
     {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]},
     "NAME ADDRESSTYPE PORTS ENDPOINTS AGE"),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses",
     {"spec": {"controller": "example.com/x"}}, "NAME CONTROLLER PARAMETERS AGE"),
    ("networking.k8s.io/v1", "Ingress", "ing",
     {"spec": {"rules": [{"host": "a.example.com", "http": {"paths": [
         {"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}]}},
     "NAME CLASS HOSTS ADDRESS PORTS AGE"),
    ("networking.k8s.io/v1", "NetworkPolicy", "netpol", {"spec": {"podSelector": PICK}},
     "NAME POD-SELECTOR AGE"),
    ("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", {"handler": "runc"}, "NAME HANDLER AGE"),
    ("policy/v1beta1", "PodDisruptionBudget", "pdb", {"spec": {"minAvailable": 1, "selector": PICK}},
     "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE"),
    ("policy/v1beta1", "PodSecurityPolicy", "psp",
     {"spec": {"seLinux": ANY, "runAsUser": ANY, "fsGroup": ANY, "supplementalGroups": ANY}},
     "NAME PRIV CAPS SELINUX RUNASUSER FSGROUP SUPGROUP READONLYROOTFS VOLUMES"),
    (GROUP + "/v1", "ClusterRole", "clusterroles", RULES, "NAME CREATED AT"),
    (GROUP + "/v1", "ClusterRoleBinding", "clusterrolebindings",
     {"roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "x"},
      "subjects": [{"kind": "User", "name": "me"}]},
     "NAME ROLE AGE"),
    (GROUP + "/v1", "Role", "roles", RULES, "NAME CREATED AT"),
    (GROUP + "/v1beta1", "RoleBinding", "rolebindings",
     {"roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "x"},
      "subjects": [{"kind": "Group", "name": "us"}]},
     "NAME ROLE AGE"),
    ("scheduling.k8s.io/v1", "PriorityClass", "pc", {"value": 7}, "NAME VALUE GLOBAL-DEFAULT AGE"),
    ("storage.k8s.io/v1", "CSIDriver", "csidrivers", {"spec": {"attachRequired": False}},
     "NAME ATTACHREQUIRED PODINFOONMOUNT MODES AGE"),
    ("storage.k8s.io/v1", "CSINode", "csinodes", {"spec": {"drivers": []}}, "NAME DRIVERS AGE"),
    ("storage.k8s.io/v1", "StorageClass", "sc", {"provisioner": "example.com/x"},
     "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE"),
    ("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments",
     {"spec": {"attacher": "x", "nodeName": "n", "source": {"persistentVolumeName": "v"}}},
     "NAME ATTACHER PV NODE ATTACHED AGE"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration",
     "mutatingwebhookconfigurations", {"webhooks": [HOOK]}, "NAME WEBHOOKS AGE"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
     "validatingwebhookconfigurations", {"webhooks": [HOOK]}, "NAME WEBHOOKS AGE"),
]


class Stored:
    def setUp(self):
        self.binary = self.find()
        if not self.binary:
            self.skipTest("no such kubectl on this machine")

    def k(self, *words, **more):
        return self.cluster.kubectl(*words, kubectl=self.binary, **more).stdout

    def test_every_kind_is_made_shown_patched_and_deleted(self):
        for version, kind, called, body, header in KINDS:
            with self.subTest(kind=kind):
                manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **body}
                made = self.k("create", "-f", "-", stdin=json.dumps(manifest))
                self.assertIn("x created", made)
                lines = self.k("get", called).split("\n")
                self.assertEqual(lines[0].split(), header.split())
                self.assertTrue([l for l in lines[1:] if l.startswith("x")], lines)
                self.k("label", called, "x", "colour=blue")
                self.k("patch", called, "x", "--type=merge", "-p",
                       '{"metadata":{"annotations":{"note":"hello"}}}')
                there = json.loads(self.k("get", called, "x", "-o", "json"))
                self.assertEqual(there["metadata"]["labels"]["colour"], "blue")
                self.assertEqual(there["metadata"]["annotations"]["note"], "hello")
                self.assertIn("Name:", self.k("describe", called, "x"))
                self.assertIn("deleted", self.k("delete", called, "x"))
                self.assertEqual(self.k("get", called, "--ignore-not-found", "x"), "")

    def test_deployments_and_stateful_sets_scale(self):
        for kind, more in (("Deployment", {}), ("StatefulSet", {"serviceName": "s"})):
            body = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "s"},
                    "spec": {"selector": PICK, "template": TEMPLATE, **more}}
            self.k("apply", "-f", "-", stdin=json.dumps(body))
            self.k("scale", kind.lower(), "s", "--replicas=4")
            there = json.loads(self.k("get", kind.lower(), "s", "-o", "json"))
            self.assertEqual((there["spec"]["replicas"], there["metadata"]["generation"]), (4, 2))
            self.k("delete", kind.lower(), "s")

    def test_a_signing_request_is_approved(self):
        spec = next(k[3]["spec"] for k in KINDS if k[1] == "CertificateSigningRequest")
        self.k("create", "-f", "-", stdin=json.dumps(
            {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
             "metadata": {"name": "me"}, "spec": spec}))
        self.addCleanup(lambda: self.k("delete", "csr", "me"))
        self.assertRegex(self.k("get", "csr", "me"), r"example.com/me +\S+ +Pending")
        self.k("certificate", "approve", "me")
        self.assertIn("Approved", self.k("get", "csr", "me"))

    def test_a_claim_waits_for_its_volume(self):
        claim = next(k for k in KINDS if k[1] == "PersistentVolumeClaim")
        self.k("create", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": claim[1], "metadata": {"name": "c"}, **claim[3],
             "status": {"phase": "Bound"}}))
        self.addCleanup(lambda: self.k("delete", "pvc", "c"))
        self.assertEqual(self.k("get", "pvc", "c").split("\n")[1].split()[:2], ["c", "Pending"])

    def test_one_object_is_seen_through_each_version(self):
        role = {"apiVersion": GROUP + "/v1beta1", "kind": "Role", "metadata": {"name": "two"},
                **RULES}
        self.k("create", "-f", "-", stdin=json.dumps(role))
        for version in ("v1", "v1beta1"):
            there = self.cluster.get(f"/apis/{GROUP}/{version}/namespaces/default/roles/two")
            self.assertEqual(there["apiVersion"], f"{GROUP}/{version}")
        self.k("delete", "role", "two")

    def test_the_end_of_a_namespace_is_theirs_too(self):
        self.k("create", "namespace", "brief")
        for name in ("Deployment", "Role", "Ingress", "ResourceQuota"):
            version, kind, _, body, _ = next(k for k in KINDS if k[1] == name)
            manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **body}
            self.k("-n", "brief", "create", "-f", "-", stdin=json.dumps(manifest))
        self.k("delete", "namespace", "brief", "--timeout=20s")
        self.assertEqual(self.cluster.call("GET", "/api/v1/namespaces/brief")[0], 404)
        deployments = self.cluster.get("/apis/apps/v1/deployments")["items"]
        self.assertNotIn("brief", [d["metadata"]["namespace"] for d in deployments])


def facts():
    """What Kubernetes 1.20 serves, a resource a line."""
    with open(HERE / "kubernetes-1.20.tsv", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t", restval=""))


def words(text):
    return sorted(filter(None, (text or "").split(",")))


class Kinds120(Stored, ClusterTest):
    find = staticmethod(kubectl_120)

    def base(self, version):
        return "/apis/" + version if "/" in version else "/api/" + version

    def test_all_that_kubernetes_serves_is_discovered(self):
        served = {}
        for fact in facts():
            version = fact["version"]
            if version not in served:
                listed = self.cluster.get(self.base(version))
                self.assertEqual(listed["groupVersion"], version)
                served[version] = {r["name"]: r for r in listed["resources"]}
            with self.subTest(version=version, resource=fact["resource"]):
                there = served[version][fact["resource"]]
                verbs = EVERYTHING if fact["verbs"] == "all" else fact["verbs"]
                self.assertEqual(sorted(there["verbs"]), words(verbs))
                self.assertEqual(there["kind"], fact["kind"])
                self.assertEqual(there["namespaced"], fact["scope"] == "namespaced")
                self.assertEqual(sorted(there.get("shortNames", [])), words(fact["short_names"]))
                self.assertEqual(sorted(there.get("categories", [])), words(fact["categories"]))
                body = "/".join(filter(None, (there.get("group"), there.get("version"))))
                self.assertEqual(body, fact["body"])

    def test_all_that_kubernetes_serves_answers(self):
        for fact in facts():
            resource, _, sub = fact["resource"].partition("/")
            path = self.base(fact["version"]) + (
                "/namespaces/default/" if fact["scope"] == "namespaced" else "/") + resource
            verbs = words(EVERYTHING if fact["verbs"] == "all" else fact["verbs"])
            with self.subTest(path=path, sub=sub):
                if "list" in verbs:
                    self.assertEqual(self.cluster.get(path)["kind"], fact["kind"] + "List")
                for verb, method in (("get", "GET"), ("patch", "PATCH"), ("delete", "DELETE")):
                    if verb not in verbs:
                        continue
                    status, said = self.cluster.call(
                        method, f"{path}/nobody/{sub}".rstrip("/"), "{}" if verb == "patch" else None,
                        headers={"Content-Type": "application/merge-patch+json"})
                    self.assertEqual((status, said["details"]["name"]), (404, "nobody"), said)
                if verbs == ["create"] and not sub:
                    self.assertIn(self.cluster.call("POST", path, {})[0], (400, 422))


class KindsCurrent(Stored, ClusterTest):
    find = staticmethod(kubectl_current)

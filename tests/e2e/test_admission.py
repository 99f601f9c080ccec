"""What admission does to people's objects, as kubectl shows it."""
import base64
import json

from cluster import ClusterTest, config_map, until

ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"


def pod(name, **spec):
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                       "spec": {"containers": [{"name": "main", "image": "busybox:1", **spec}]}})


def spaced(text):
    return " ".join(text.split())


class Admission(ClusterTest):
    def setUp(self):
        self.ns = self.id().rsplit(".", 1)[1].replace("_", "-")[-50:].strip("-")
        self.kubectl("create", "namespace", self.ns, ns=False)
        until(self.token)

    def kubectl(self, *words, ns=True, **more):
        return self.cluster.kubectl(*(["-n", self.ns] if ns else []), *words, **more)

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "-o", "json").stdout)

    def create(self, manifest, **more):
        return self.kubectl("create", "-f", "-", stdin=manifest, **more)

    def token(self):
        account = self.get("serviceaccount", "default")
        return self.get("secret", account["secrets"][0]["name"])

    def test_limit_ranges_fill_in_and_refuse(self):
        self.create(json.dumps({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "usual"},
            "spec": {"limits": [{"type": "Container", "max": {"cpu": "1"},
                                 "default": {"cpu": "500m", "memory": "1Gi"},
                                 "defaultRequest": {"cpu": "100m"}}]}}))
        self.create(pod("filled"))
        made = self.get("pod", "filled")
        self.assertEqual(made["spec"]["containers"][0]["resources"],
                         {"limits": {"cpu": "500m", "memory": "1Gi"},
                          "requests": {"cpu": "100m", "memory": "1Gi"}})
        self.assertEqual(made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
                         "LimitRanger plugin set: cpu, memory request for container main; "
                         "cpu, memory limit for container main")
        self.assertEqual(made["status"]["qosClass"], "Burstable")
        done = self.create(pod("greedy", resources={"limits": {"cpu": "2"}}), check=False)
        self.assertIn('pods "greedy" is forbidden: maximum cpu usage per Container is 1, but limit '
                      "is 2", done.stderr)
        shown = spaced(self.kubectl("describe", "namespace", self.ns, ns=False).stdout)
        self.assertIn("Container cpu - 1 100m 500m -", shown)

    def test_a_quota_is_told_and_kept(self):
        self.kubectl("create", "quota", "small", "--hard=pods=2,requests.cpu=1,configmaps=10")
        done = self.create(pod("silent"), check=False)
        self.assertIn('pods "silent" is forbidden: failed quota: small: must specify requests.cpu',
                      done.stderr)
        for name in "ab":
            self.create(pod(name, resources={"requests": {"cpu": "300m"}}))
        done = self.create(pod("c", resources={"requests": {"cpu": "500m"}}), check=False)
        self.assertEqual(done.stderr.strip().split("\n")[-1].split(": ", 3)[-1],
                         "exceeded quota: small, requested: pods=1,requests.cpu=500m, used: "
                         "pods=2,requests.cpu=600m, limited: pods=2,requests.cpu=1")
        self.assertIn("Error from server (Forbidden)", done.stderr)

        def told():
            status = self.get("quota", "small")["status"]
            return status["used"] == {"pods": "2", "requests.cpu": "600m", "configmaps": "1"}
        until(told)
        shown = spaced(self.kubectl("describe", "quota", "small").stdout)
        self.assertIn("pods 2 2", shown)
        self.assertIn("requests.cpu 600m 1", shown)
        self.assertIn("requests.cpu 600m 1",
                      spaced(self.kubectl("describe", "namespace", self.ns, ns=False).stdout))
        self.kubectl("delete", "pod", "a", "--grace-period=0", "--force")
        until(lambda: self.get("quota", "small")["status"]["used"]["pods"] == "1")

    def test_a_quota_outlives_its_leader(self):
        self.kubectl("create", "quota", "few", "--hard=configmaps=3")
        self.kubectl("create", "configmap", "one")
        leader = self.cluster.leader()
        self.cluster.kill(leader)
        other = 1 + int(leader[1:]) % 3
        try:
            until(lambda: self.cluster.status(other).get("leader") not in (None, "", leader))
            made = [self.cluster.insist("POST", f"/api/v1/namespaces/{self.ns}/configmaps",
                                        config_map(f"m{i}", a="b"))[0] for i in range(4)]
            self.assertEqual(made[1:], [403, 403, 403])
            self.assertIn(made[0], (201, 409))
            until(lambda: self.cluster.call(
                "GET", f"/api/v1/namespaces/{self.ns}/resourcequotas/few", master=other)[1]
                ["status"]["used"]["configmaps"] == "3")
        finally:
            self.cluster.up()
            self.cluster.nodes_ready(self.nodes)

    def test_a_pod_acts_for_its_account(self):
        secret = self.token()
        self.assertEqual(secret["type"], "kubernetes.io/service-account-token")
        data = {k: base64.b64decode(v).decode() for k, v in secret["data"].items()}
        self.assertEqual(data["namespace"], self.ns)
        self.assertEqual(data["ca.crt"], (self.cluster.dir / "pki/ca.crt").read_text())
        roots = self.get("configmap", "kube-root-ca.crt")["data"]["ca.crt"]
        self.assertEqual(roots, data["ca.crt"])
        self.create(pod("p"))
        spec = self.get("pod", "p")["spec"]
        name = secret["metadata"]["name"]
        self.assertEqual(spec["serviceAccountName"], "default")
        self.assertIn({"name": name, "secret": {"secretName": name, "defaultMode": 420}},
                      spec["volumes"])
        self.assertIn({"name": name, "readOnly": True, "mountPath": ACCOUNT_DIR},
                      spec["containers"][0]["volumeMounts"])
        until(lambda: self.get("pod", "p")["status"]["phase"] == "Running")

    def accounts_as(self, token):
        """What `kubectl get serviceaccounts` says to who has this token."""
        url = f"https://127.0.0.1:{self.cluster.port}"
        return self.kubectl("--kubeconfig=/dev/null", f"--server={url}", f"--token={token}",
                            f"--certificate-authority={self.cluster.dir}/pki/ca.crt",
                            "get", "serviceaccounts", "-o", "name", check=False)

    def test_a_token_is_good_while_it_is_there(self):
        secret = self.token()
        token = base64.b64decode(secret["data"]["token"]).decode()
        mine = lambda: self.accounts_as(token)
        self.assertEqual(mine().stdout.strip(), "serviceaccount/default", mine().stderr)
        self.kubectl("delete", "secret", secret["metadata"]["name"])
        self.assertIn("You must be logged in", mine().stderr)
        until(lambda: self.token()["metadata"]["name"] != secret["metadata"]["name"])

    def review(self, token, **spec):
        code, answer = self.cluster.call(
            "POST", "/apis/authentication.k8s.io/v1/tokenreviews",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
             "spec": {"token": token, **spec}}, master=2)
        self.assertEqual(code, 201, answer)
        return answer["status"]

    def test_a_token_is_good_for_its_audiences_only(self):
        path = f"/api/v1/namespaces/{self.ns}/serviceaccounts/default/token"
        code, answer = self.cluster.call("POST", path, {"spec": {"audiences": ["vault", "other"]}})
        self.assertEqual(code, 201, answer)
        token = answer["status"]["token"]
        status = self.review(token, audiences=["vault", "mail"])
        self.assertEqual((status["authenticated"], status["audiences"]), (True, ["vault"]))
        for audiences in (["mail"], []):
            self.assertNotIn("authenticated", self.review(token, audiences=audiences))
        self.assertIn("You must be logged in", self.accounts_as(token).stderr)
        kept = base64.b64decode(self.token()["data"]["token"]).decode()
        ours = self.review(kept)["audiences"]
        self.assertEqual(self.review(kept, audiences=[*ours, "vault"])["audiences"], ours)
        self.assertNotIn("authenticated", self.review(kept, audiences=["vault"]))

    def test_the_systems_priority_classes_stay(self):
        refused = self.kubectl("delete", "priorityclass", "system-node-critical", check=False)
        self.assertIn("this is a system priority class and cannot be deleted", refused.stderr)
        self.assertEqual(self.get("priorityclass", "system-node-critical")["value"], 2000001000)

    def test_a_token_can_be_asked_for(self):
        path = f"/api/v1/namespaces/{self.ns}/serviceaccounts/default/token"
        code, answer = self.cluster.call("POST", path, {"spec": {"expirationSeconds": 900}})
        self.assertEqual(code, 201, answer)
        status = self.review(answer["status"]["token"])
        self.assertEqual(status["user"]["username"], f"system:serviceaccount:{self.ns}:default")
        self.assertEqual(status["user"]["groups"],
                         ["system:serviceaccounts", f"system:serviceaccounts:{self.ns}",
                          "system:authenticated"])
        uid = self.get("serviceaccount", "default")["metadata"]["uid"]
        self.assertEqual(status["user"]["uid"], uid)
        self.kubectl("delete", "serviceaccount", "default")
        until(lambda: "authenticated" not in self.review(answer["status"]["token"]))
        self.assertIn("error", self.review("made-up"))
        code, answer = self.cluster.call("POST", path, {"spec": {"expirationSeconds": 9}})
        self.assertEqual(code, 422, answer)
        self.assertIn("may not specify a duration less than 10 minutes", answer["message"])

    def test_a_token_ends_with_what_it_is_bound_to(self):
        path = f"/api/v1/namespaces/{self.ns}/serviceaccounts/default/token"

        def ask(**ref):
            return self.cluster.call("POST", path, {"spec": {"boundObjectRef": {
                "apiVersion": "v1", **ref}}})
        self.create(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}))
        self.create(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user"},
                                "spec": {"containers": [{"name": "c", "image": "busybox"}]}}))
        uid = self.get("pod", "user")["metadata"]["uid"]
        of_secret = ask(kind="Secret", name="key")[1]["status"]["token"]
        of_pod = ask(kind="Pod", name="user", uid=uid)[1]["status"]["token"]
        self.assertEqual(self.review(of_pod)["user"]["extra"], {
            "authentication.kubernetes.io/pod-name": ["user"],
            "authentication.kubernetes.io/pod-uid": [uid]})
        self.assertTrue(self.review(of_secret)["authenticated"])
        self.assertEqual(ask(kind="Secret", name="other")[0], 404)
        self.assertEqual(ask(kind="Secret")[0], 404)
        self.assertEqual(ask(kind="ConfigMap", name="kube-root-ca.crt")[0], 400)
        self.assertEqual(ask(kind="Pod", name="user", uid=uid[::-1])[0], 409)
        self.kubectl("delete", "secret/key", "pod/user", "--grace-period=0", "--force")
        for token in (of_secret, of_pod):
            until(lambda: "authenticated" not in self.review(token))

    def test_a_namespace_on_its_way_out_takes_nothing_and_says_so(self):
        stays = config_map("stays")
        stays["metadata"]["finalizers"] = ["example.com/hold"]
        self.create(json.dumps(stays))
        self.kubectl("delete", "namespace", self.ns, "--wait=false", ns=False)
        path = f"/api/v1/namespaces/{self.ns}/configmaps"
        for master in (1, 2, 3):
            code, answer = self.cluster.call("POST", path, config_map("late"), master=master)
            self.assertEqual((code, answer["details"]["causes"]),
                             (403, [{"reason": "NamespaceTerminating",
                                     "message": f"namespace {self.ns} is being terminated",
                                     "field": "metadata.namespace"}]))
        self.kubectl("patch", "configmap", "stays", "-p", '{"metadata":{"finalizers":null}}')

    def test_whoever_is_known_may(self):
        self.assertEqual(self.kubectl("auth", "can-i", "delete", "nodes").stdout.strip(), "yes")
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        code, _ = self.cluster.call("POST", path, {}, headers={
            "Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
        self.assertEqual(code, 406)
        self.assertEqual(self.cluster.call("GET", path)[0], 405)

    def test_what_every_cluster_has(self):
        for what, name, ns in [("namespace", "kube-node-lease", None),
                               ("priorityclass", "system-node-critical", None),
                               ("configmap", "extension-apiserver-authentication", "kube-system")]:
            self.cluster.kubectl("get", what, name, *(["-n", ns] if ns else []))
        until(lambda: f"Endpoints: 127.0.0.1:{self.cluster.port}," in
              spaced(self.cluster.kubectl("describe", "service", "kubernetes").stdout))
        done = self.cluster.kubectl("delete", "namespace", "default", check=False)
        self.assertIn('namespaces "default" is forbidden: this namespace may not be deleted',
                      done.stderr)

    def test_a_set_that_a_quota_stops_says_why(self):
        self.kubectl("create", "quota", "one", "--hard=pods=1")
        self.create(json.dumps({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}},
                     "template": {"metadata": {"labels": {"a": "b"}},
                                  "spec": json.loads(pod("x"))["spec"]}}}))

        def failures():
            conditions = self.get("rs", "web")["status"].get("conditions", [])
            return [c for c in conditions if c["type"] == "ReplicaFailure"]
        until(lambda: failures() and "exceeded quota: one" in failures()[0]["message"])
        self.kubectl("patch", "quota", "one", "-p", '{"spec":{"hard":{"pods":"2"}}}')
        until(lambda: self.get("rs", "web")["status"]["readyReplicas"] == 2 and not failures())

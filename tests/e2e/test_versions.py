"""One stored object, seen and changed through each of its versions."""
import json
import urllib.parse

from cluster import ClusterTest, kubectl_120, kubectl_current, until

INGRESS = {"apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress", "metadata": {"name": "two"},
           "spec": {"backend": {"serviceName": "web", "servicePort": 80},
                    "rules": [{"host": "a.example.com", "http": {"paths": [
                        {"path": "/", "backend": {"serviceName": "web", "servicePort": "http"}}]}}]}}
SCALER = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
          "spec": {"maxReplicas": 4, "targetCPUUtilizationPercentage": 55,
                   "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}}
RS = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
      "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
               "template": {"metadata": {"labels": {"app": "web"}},
                            "spec": {"containers": [{"name": "c", "image": "busybox:1"}]}}}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
           "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
BUDGET = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"},
          "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}


class Versions:
    def setUp(self):
        self.binary = self.find()
        if not self.binary:
            self.skipTest("no such kubectl on this machine")
        self.ns = self.id().rsplit(".test_", 1)[1].replace("_", "-")
        self.k("create", "namespace", self.ns)

    def k(self, *words, **more):
        return self.cluster.kubectl("-n", getattr(self, "ns", "default"), *words,
                                    kubectl=self.binary, **more).stdout

    def create(self, manifest):
        return self.k("create", "-f", "-", stdin=json.dumps(manifest))

    def path(self, group, resource, name=""):
        return f"/apis/{group}/namespaces/{self.ns}/{resource}" + (f"/{name}" if name else "")

    def ingress(self, group):
        there = self.cluster.get(self.path(group, "ingresses", "two"))
        self.assertEqual(there["apiVersion"], group)
        return there["spec"]

    def test_an_ingress_in_three_versions(self):
        self.create(INGRESS)
        stable = self.ingress("networking.k8s.io/v1")
        self.assertEqual(stable["defaultBackend"]["service"], {"name": "web", "port": {"number": 80}})
        path = stable["rules"][0]["http"]["paths"][0]
        self.assertEqual(path["pathType"], "ImplementationSpecific")
        self.assertEqual(path["backend"]["service"]["port"], {"name": "http"})
        self.k("patch", "ingresses.v1beta1.extensions", "two", "--type=merge", "-p",
               '{"spec":{"backend":{"servicePort":81}}}')
        self.k("patch", "ingresses.v1.networking.k8s.io", "two", "--type=json", "-p",
               '[{"op":"replace","path":"/spec/rules/0/host","value":"b.example.com"}]')
        self.assertEqual(self.ingress("networking.k8s.io/v1")["defaultBackend"]["service"]["port"],
                         {"number": 81})
        for beta in ("networking.k8s.io/v1beta1", "extensions/v1beta1"):
            spec = self.ingress(beta)
            self.assertEqual(spec["backend"], {"serviceName": "web", "servicePort": 81})
            self.assertEqual(spec["rules"][0]["host"], "b.example.com")
        listed = self.cluster.get(self.path("extensions/v1beta1", "ingresses"))["items"]
        self.assertEqual(listed[0]["spec"]["backend"]["serviceName"], "web")
        self.assertNotIn("kind", listed[0])

    def test_a_refusal_in_the_words_of_the_version(self):
        bad = {**INGRESS, "spec": {"backend": {"serviceName": "No Name", "servicePort": 80}}}
        code, answer = self.cluster.call("POST", self.path("networking.k8s.io/v1beta1", "ingresses"), bad)[:2]
        self.assertEqual(code, 422)
        self.assertTrue(answer["details"]["causes"][0]["field"].startswith("spec.backend"), answer)

    def test_a_watch_in_each_version(self):
        self.create(INGRESS)
        for group, key in (("networking.k8s.io/v1", "defaultBackend"), ("extensions/v1beta1", "backend")):
            line = self.k("get", "--raw", self.path(group, "ingresses") + "?watch=1&timeoutSeconds=1")
            event = json.loads(line.split("\n")[0])
            self.assertEqual((event["type"], event["object"]["apiVersion"]), ("ADDED", group))
            self.assertIn(key, event["object"]["spec"])

    def test_an_apply_in_the_beta_version(self):
        def apply(port):
            return self.k("apply", "--server-side", "-f", "-", stdin=json.dumps(
                {**INGRESS, "spec": {"backend": {"serviceName": "web", "servicePort": port}}}))

        apply(80)
        apply(82)
        there = self.cluster.get(self.path("networking.k8s.io/v1", "ingresses", "two"))
        self.assertEqual(there["spec"]["defaultBackend"]["service"]["port"], {"number": 82})
        owner = there["metadata"]["managedFields"][0]
        self.assertEqual((owner["apiVersion"], owner["operation"]), (INGRESS["apiVersion"], "Apply"))
        self.assertIn("f:backend", owner["fieldsV1"]["f:spec"])

    def test_an_autoscaler_in_four_versions(self):
        self.create(SCALER)
        want = {"v2": ("target", "averageUtilization"), "v2beta2": ("target", "averageUtilization"),
                "v2beta1": ("targetAverageUtilization",)}
        for version, path in want.items():
            value = self.cluster.get(self.path("autoscaling/" + version, "horizontalpodautoscalers", "h"))
            value = value["spec"]["metrics"][0]["resource"]
            for step in path:
                value = value[step]
            self.assertEqual(value, 55)
        self.assertIn("/55%", self.k("get", "hpa"))
        self.k("patch", "horizontalpodautoscalers.v2beta2.autoscaling", "h", "--type=merge", "-p",
               '{"spec":{"behavior":{"scaleUp":{"stabilizationWindowSeconds":7}}}}')
        first = self.cluster.get(self.path("autoscaling/v1", "horizontalpodautoscalers", "h"))
        first["spec"]["targetCPUUtilizationPercentage"] = 66
        self.assertEqual(self.cluster.call("PUT", self.path("autoscaling/v1", "horizontalpodautoscalers", "h"),
                                           first)[0], 200)
        rich = self.cluster.get(self.path("autoscaling/v2", "horizontalpodautoscalers", "h"))
        self.assertEqual(rich["spec"]["behavior"]["scaleUp"]["stabilizationWindowSeconds"], 7)
        self.assertEqual(rich["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 66)
        self.assertNotIn("annotations", rich["metadata"])

    def test_events_in_both_groups(self):
        self.create(RS)
        field = urllib.parse.quote("regarding.kind=ReplicaSet,reason=SuccessfulCreate")
        news = until(lambda: self.cluster.get(
            self.path("events.k8s.io/v1", "events") + "?fieldSelector=" + field)["items"])
        core = self.cluster.get(f"/api/v1/namespaces/{self.ns}/events/{news[0]['metadata']['name']}")
        self.assertEqual(core["message"], news[0]["note"])
        self.assertEqual(core["metadata"]["uid"], news[0]["metadata"]["uid"])
        self.assertIn("SuccessfulCreate", self.k("get", "events.events.k8s.io"))

    def test_slices_in_both_versions(self):
        self.create(RS)
        self.create(SERVICE)

        def endpoints(version):
            items = self.cluster.get(self.path(f"discovery.k8s.io/{version}", "endpointslices"))["items"]
            found = [e for s in items for e in s["endpoints"]]
            return found if len(found) == 2 else None

        stable, beta = until(lambda: endpoints("v1")), until(lambda: endpoints("v1beta1"))
        self.assertEqual(beta[0]["topology"]["kubernetes.io/hostname"], stable[0]["nodeName"])
        self.assertNotIn("topology", stable[0])

    def test_evictions_ask_the_budget(self):
        self.create({**RS, "spec": {**RS["spec"], "replicas": 3}})
        self.create(BUDGET)
        budget, pods = self.path("policy/v1", "poddisruptionbudgets", "b"), f"/api/v1/namespaces/{self.ns}/pods"

        def told(allowed, healthy):
            status = self.cluster.get(budget)["status"]
            return (status.get("observedGeneration") and status["disruptionsAllowed"] == allowed
                    and status["currentHealthy"] == healthy)

        def evict(name):
            return self.cluster.call("POST", f"{pods}/{name}/eviction",
                                     {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})

        until(lambda: told(2, 3))
        names = [p["metadata"]["name"] for p in self.cluster.get(pods)["items"]]
        self.k("patch", "pdb", "b", "--type=merge", "-p", '{"spec":{"minAvailable":3}}')
        code, refusal = evict(names[0])
        self.assertEqual((code, refusal["details"]["causes"][0]["reason"]), (429, "DisruptionBudget"))
        until(lambda: told(0, 3))
        self.assertEqual(evict(names[0])[0], 429)
        self.k("patch", "pdb", "b", "--type=merge", "-p", '{"spec":{"minAvailable":null,"maxUnavailable":"34%"}}')
        until(lambda: told(2, 3))
        self.assertEqual(evict(names[0])[0], 201)
        until(lambda: told(2, 3))  # its successor runs
        self.assertNotIn(names[0], [p["metadata"]["name"] for p in self.cluster.get(pods)["items"]
                                    if "deletionTimestamp" not in p["metadata"]])


class Versions120(Versions, ClusterTest):
    find = staticmethod(kubectl_120)


class VersionsCurrent(Versions, ClusterTest):
    find = staticmethod(kubectl_current)

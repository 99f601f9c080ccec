"""What the API itself does to Services and Jobs: addresses, node ports, selectors by uid."""
import ipaddress
import json
import threading

from cluster import ClusterTest, KubectlStory, kubectl_120, kubectl_current, until

# Numbers that a test asks for are from the beginning of their range, where none is given by chance.
RANGE = ipaddress.ip_network("10.96.0.0/12")


def service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"port": 80}], **spec}}


def job(name, labels=None, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": {"metadata": {"labels": labels or {}},
                                  "spec": {"restartPolicy": "Never",
                                           "containers": [{"name": "c", "image": "busybox:1"}]}}, **spec}}


class ServicesApi(KubectlStory):
    def run_kubectl(self, *words, **more):
        return self.cluster.kubectl("-n", self.ns, *words, kubectl=self.binary, **more)

    def k(self, *words, **more):
        return self.run_kubectl(*words, **more).stdout

    def send(self, verb, manifest, *words, **more):
        return self.k(*verb.split(), "-f", "-", *words, stdin=json.dumps(manifest), **more)

    def refused(self, verb, manifest, *words):
        return self.run_kubectl(*verb.split(), "-f", "-", *words, stdin=json.dumps(manifest),
                                check=False).stderr

    def read(self, what, name):
        return json.loads(self.k("get", what, name, "-o", "json"))

    def spec(self, name):
        return self.read("service", name)["spec"]

    def node_ports(self, name):
        return [p.get("nodePort") for p in self.spec(name)["ports"]]

    # ---- services

    def test_the_masters_have_the_first_address(self):
        path = "/api/v1/namespaces/default/services/kubernetes"
        there = until(lambda: self.cluster.call("GET", path)[1].get("spec"))
        self.assertEqual((there["clusterIP"], there["clusterIPs"]), ("10.96.0.1", ["10.96.0.1"]))

    def test_an_address_is_given_and_stays(self):
        self.send("create", service("web"))
        spec = self.spec("web")
        self.assertIn(ipaddress.ip_address(spec["clusterIP"]), RANGE)
        self.assertEqual(spec["clusterIPs"], [spec["clusterIP"]])
        self.assertNotIn("ipFamilies", spec)
        for verb in ("replace", "apply", "apply --server-side --force-conflicts"):
            self.send(verb, service("web", selector={"by": verb.split()[0]}))
            now = self.spec("web")
            self.assertEqual((now["clusterIP"], now["selector"]), (spec["clusterIP"], {"by": verb.split()[0]}))
        self.k("patch", "service", "web", "--type=merge", "-p", '{"spec":{"clusterIP":null}}')
        self.assertEqual(self.spec("web")["clusterIP"], spec["clusterIP"])
        self.assertIn("may not change once set",
                      self.refused("replace", service("web", clusterIP="10.96.0.99")))
        self.assertIn(spec["clusterIP"], self.k("get", "service", "web"))
        self.assertIn(spec["clusterIP"], self.k("describe", "service", "web"))

    def test_addresses_that_are_asked_for(self):
        self.send("create", service("a", clusterIP="10.96.0.77"))
        told = self.refused("create", service("b", clusterIP="10.96.0.77"))
        self.assertIn('The Service "b" is invalid: spec.clusterIPs: Invalid value', told)
        self.assertIn("provided IP is already allocated", told)
        self.assertIn("provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12",
                      self.refused("create", service("b", clusterIP="192.168.0.1")))
        self.k("delete", "service", "a")
        self.send("create", service("b", clusterIP="10.96.0.77"))
        self.k("delete", "service", "b")

    def test_through_all_types_and_back(self):
        self.send("create", service("web"))
        address = self.spec("web")["clusterIP"]
        change = lambda patch: self.k("patch", "service", "web", "-p", json.dumps({"spec": patch}))
        change({"type": "NodePort"})
        port, = self.node_ports("web")
        self.assertIn(port, range(30000, 32768))
        change({"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
        self.assertEqual(self.node_ports("web"), [port])
        self.assertIn(self.spec("web")["healthCheckNodePort"], range(30000, 32768))
        change({"type": "ClusterIP"})
        spec = self.spec("web")
        self.assertEqual((spec["clusterIP"], self.node_ports("web")), (address, [None]))
        self.assertFalse({"healthCheckNodePort", "externalTrafficPolicy"} & set(spec))
        change({"type": "ExternalName", "externalName": "a.example.com"})
        self.assertFalse({"clusterIP", "clusterIPs"} & set(self.spec("web")))
        change({"type": "NodePort", "externalName": None})
        spec = self.spec("web")
        self.assertIn(ipaddress.ip_address(spec["clusterIP"]), RANGE)
        self.assertIn(spec["ports"][0]["nodePort"], range(30000, 32768))

    def test_what_was_released_can_be_had_again(self):
        ports = [{"port": 80, "nodePort": 30010}]
        self.send("create", service("a", type="NodePort", ports=ports))
        self.assertIn("spec.ports[0].nodePort: Invalid value: 30010: provided port is already allocated",
                      self.refused("create", service("b", type="NodePort", ports=ports)))
        self.k("patch", "service", "a", "-p", '{"spec":{"type":"ClusterIP"}}')
        self.send("create", service("b", type="NodePort", ports=ports))
        self.assertIn("already allocated", self.refused("replace", service("a", type="NodePort", ports=ports)))
        self.k("delete", "service", "b")
        self.send("replace", service("a", type="NodePort", ports=ports))
        self.k("delete", "service", "a")

    def test_ports_that_are_left_out_are_kept(self):
        dns = [{"name": "udp", "port": 53, "protocol": "UDP"}, {"name": "tcp", "port": 53}]
        self.send("create", service("dns", type="NodePort", ports=dns))
        both, same = self.node_ports("dns")
        self.assertEqual(both, same)
        dns.append({"name": "metrics", "port": 9153})
        self.send("replace", service("dns", type="NodePort", ports=dns))
        self.assertEqual(self.node_ports("dns")[:2], [both, both])
        self.assertNotIn(self.node_ports("dns")[2], (None, both))

    def test_a_dry_run_takes_nothing(self):
        wanted = service("dry", clusterIP="10.96.0.88")
        for _ in range(2):
            self.send("create", wanted, "--dry-run=server")
        self.send("create", wanted)
        self.k("delete", "service", "dry")

    def test_headless_and_exposed(self):
        self.send("create", service("head", clusterIP="None"))
        self.assertEqual(self.spec("head")["clusterIPs"], ["None"])
        self.k("expose", "service", "head", "--name=front", "--port=8080", "--selector=a=b")
        self.assertIn(ipaddress.ip_address(self.spec("front")["clusterIP"]), RANGE)
        self.k("create", "service", "nodeport", "out", "--tcp=80:8080")
        self.assertIn(self.node_ports("out")[0], range(30000, 32768))

    # ---- jobs

    def test_a_job_selects_by_its_uid(self):
        self.send("apply", job("one", {"app": "x"}))
        there = self.read("job", "one")
        uid = there["metadata"]["uid"]
        self.assertEqual(there["spec"]["selector"], {"matchLabels": {"controller-uid": uid}})
        self.assertEqual(there["spec"]["template"]["metadata"]["labels"],
                         {"app": "x", "controller-uid": uid, "job-name": "one"})
        # Applied again, and put back as it was read, it stays as it is.
        self.assertIn("unchanged", self.send("apply", job("one", {"app": "x"})))
        self.send("replace", there)
        self.assertEqual(self.read("job", "one")["spec"], there["spec"])
        self.assertIn("field is immutable",
                      self.refused("replace", job("one", {"app": "y"})))
        self.assertIn(uid, self.k("describe", "job", "one"))

    def test_a_job_applied_at_the_server(self):
        for _ in range(2):
            self.send("apply --server-side", job("one", {"app": "x"}))
        there = self.read("job", "one")
        self.assertEqual(there["spec"]["template"]["metadata"]["labels"]["job-name"], "one")
        self.k("patch", "job", "one", "-p", '{"spec":{"parallelism":3}}')
        self.assertEqual(self.read("job", "one")["spec"]["parallelism"], 3)

    def test_selectors_of_jobs(self):
        told = self.refused("create", job("own", {"a": "1"}, selector={"matchLabels": {"a": "1"}}))
        self.assertIn("`selector` not auto-generated", told)
        self.send("create", job("own", {"a": "1"}, selector={"matchLabels": {"a": "1"}}, manualSelector=True))
        spec = self.read("job", "own")["spec"]
        self.assertEqual(spec["selector"], {"matchLabels": {"a": "1"}})
        self.assertEqual(spec["template"]["metadata"]["labels"], {"a": "1"})
        # A copy of another job must not select that one's pods.
        self.send("create", job("two"))
        copy = self.read("job", "two")
        copy["metadata"] = {"name": "three"}
        self.assertIn("`selector` not auto-generated", self.refused("create", copy))


class ServicesApi120(ServicesApi, ClusterTest):
    find = staticmethod(kubectl_120)

    def test_no_two_services_get_one_number(self):
        """Many at once, through all masters."""
        path = f"/api/v1/namespaces/{self.ns}/services"
        refused = []

        def told(body, master):
            status, got = self.cluster.call("POST", path, body, master=master)
            return (status, got) if status < 500 and status != 429 else None

        def make(worker):
            for i in range(20):
                body = service(f"s{worker}-{i}", type="NodePort")
                if i % 4 == 0:  # everybody wants this one
                    body["spec"]["clusterIP"] = f"10.96.0.{i + 100}"
                status, got = until(lambda: told(body, worker % 3 + 1))
                if status not in (201, 409):  # made, perhaps before the answer was lost
                    refused.append((status, got["message"]))
        workers = [threading.Thread(target=make, args=(w,)) for w in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        made = [s["spec"] for s in self.cluster.get(path)["items"]]
        self.assertEqual(len(made), 6 * 15 + 5)
        self.assertEqual(len({s["clusterIP"] for s in made}), len(made))
        self.assertEqual(len({s["ports"][0]["nodePort"] for s in made}), len(made))
        self.assertEqual(len(refused), 25)
        self.assertTrue(all(status == 422 and "already allocated" in why for status, why in refused), refused)
        self.cluster.agree()


class ServicesApiCurrent(ServicesApi, ClusterTest):
    find = staticmethod(kubectl_current)

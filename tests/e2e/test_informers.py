"""Informers that lose their connection while leaders change: they go on where they were, without a new list."""
import json
import subprocess
import threading
import unittest

import node
from balancer import Balancer
from cluster import ClusterTest, config_map, until
from watching import logged

try:
    import kubernetes
except ImportError:
    kubernetes = None

NODE_VERB = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}


class NodeInformer:
    """The node client's informer, in a process of its own."""

    def __init__(self, cluster, balancer, namespace):
        self.seen, self.errors, self.connects = [], [], 0
        home = node.installed()
        self.process = subprocess.Popen(
            ["node", "informer.mjs", namespace], cwd=home, stdout=subprocess.PIPE, text=True,
            env=node.environment(cluster, KUBECONFIG=str(balancer.kubeconfig())))
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            verb, *rest = json.loads(line)
            if verb == "connect":
                self.connects += 1
            elif verb == "error":
                self.errors.append(rest)
            else:
                name, revision = rest
                self.seen.append((revision, verb, name))

    def told(self, events):
        return [(revision, NODE_VERB[type_], name) for revision, type_, name in events]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class PythonInformer:
    """A loop over list and watch as programs with the python client have it."""

    def __init__(self, cluster, balancer, namespace):
        if not kubernetes:
            raise unittest.SkipTest("no python here has Debian's package python3-kubernetes")
        self.namespace, self.seen, self.errors, self.connects = namespace, [], [], 0
        self.api = kubernetes.config.new_client_from_config(str(balancer.kubeconfig()))
        self.list = kubernetes.client.CoreV1Api(self.api).list_namespaced_config_map
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        first = self.list(self.namespace)
        self.seen += [(int(i.metadata.resource_version), "ADDED", i.metadata.name)
                      for i in first.items]
        watch = kubernetes.watch.Watch()
        watch.resource_version = first.metadata.resource_version
        while not self.stopping:
            self.connects += 1
            try:
                for event in watch.stream(self.list, self.namespace, timeout_seconds=60,
                                          resource_version=watch.resource_version):
                    meta = event["object"].metadata
                    self.seen.append((int(meta.resource_version), event["type"], meta.name))
            except Exception as e:  # whatever a broken connection is for urllib3
                self.errors.append(e)

    def told(self, events):
        return events

    def close(self):
        self.stopping = True
        self.api.rest_client.pool_manager.clear()


class Catching:
    """Both classes below; `make` is the informer under test."""

    def setUp(self):
        self.ns = self.id().split(".test_")[-1].replace("_", "-")
        self.change("POST", "/api/v1/namespaces", {"metadata": {"name": self.ns}})
        self.maps = f"/api/v1/namespaces/{self.ns}/configmaps"
        until(lambda: self.cluster.get(self.maps)["items"])  # the root certificate's
        self.change("POST", self.maps, config_map("before"))

    def start(self, master):
        """An informer that has seen what there is."""
        self.balancer = Balancer(self.cluster, master)
        self.addCleanup(self.balancer.close)
        self.informer = self.make(self.cluster, self.balancer, self.ns)
        self.addCleanup(self.informer.close)
        until(lambda: len(self.informer.seen) == 2 and self.balancer.watches("configmaps"))

    def change(self, method, path, body=None):
        """Through whichever master answers, as often as it takes."""
        status, told = self.cluster.insist(method, path, body, timeout=5)
        self.assertIn(status, (200, 201, 404, 409), told)

    def changes(self, name):
        for k in range(4):
            self.change("POST", self.maps, config_map(f"{name}-{k}"))
            self.change("PUT", f"{self.maps}/{name}-{k}", config_map(f"{name}-{k}", a="2"))
        self.change("DELETE", f"{self.maps}/{name}-0")

    def leader_and_followers(self):
        leader = int(self.cluster.leader()[1:])
        return leader, [k for k in (1, 2, 3) if k != leader]

    def check(self, connections):
        """It saw everything once and in order, over one list."""
        events = logged(self.cluster, "cm", namespace=self.ns)
        first = self.informer.told(events)
        try:
            until(lambda: len(self.informer.seen) >= len(first))
        finally:
            if sorted(self.informer.seen[:2]) + self.informer.seen[2:] != first:
                print(self.informer.errors, self.balancer.requests)
        self.assertEqual(sorted(self.informer.seen[:2]) + self.informer.seen[2:], first)
        self.assertEqual(len(self.balancer.lists("configmaps")), 1, self.balancer.requests)
        self.assertGreaterEqual(len(self.balancer.watches("configmaps")), connections)
        for path in self.balancer.watches("configmaps"):
            self.assertRegex(path, r"resourceVersion=[1-9]")

    def test_its_master_is_the_leader_and_dies(self):
        leader, _ = self.leader_and_followers()
        self.start(leader)
        self.changes("with")
        self.cluster.kill(f"m{leader}")
        self.changes("without")
        self.cluster.up()
        self.changes("after")
        self.check(connections=2)

    def test_its_master_is_a_follower_and_dies(self):
        _, followers = self.leader_and_followers()
        self.start(followers[0])
        self.changes("with")
        self.cluster.kill(f"m{followers[0]}")
        self.changes("without")
        self.cluster.up()
        self.check(connections=2)

    def test_the_leader_dies_behind_its_back(self):
        leader, followers = self.leader_and_followers()
        self.start(followers[1])
        self.changes("with")
        self.cluster.kill(f"m{leader}")
        self.changes("without")
        self.cluster.up()
        self.check(connections=1)


class OfNode(Catching, ClusterTest):
    make = NodeInformer

    @classmethod
    def setUpClass(cls):
        node.installed()
        super().setUpClass()


class OfPython(Catching, ClusterTest):
    make = PythonInformer

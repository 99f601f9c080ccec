"""kill -9 of any process at random moments, while clients scale and write: the numbers converge in the
end, nothing acknowledged is lost, and all masters agree."""
import http.client
import os
import random
import threading
import time
import unittest

from cluster import Cluster, replica_set, until
from history import Writers
from story import MERGE, REPLICA_SETS

PODS = "/api/v1/namespaces/default/pods"
SECONDS = float(os.environ.get("STORM_SECONDS", "20"))


class Scaler(threading.Thread):
    """Scales a few replica sets, each by one client, and remembers what was acknowledged last and what
    was asked for after that without an answer."""

    def __init__(self, cluster, names, seed):
        super().__init__()
        self.cluster, self.random = cluster, random.Random(seed)
        self.possible = {name: {3} for name in names}
        self.acknowledged = 0
        self.stopping = False
        self.start()

    def run(self):
        master = 1
        while not self.stopping:
            name = self.random.choice(sorted(self.possible))
            replicas = self.random.randrange(12)
            self.possible[name].add(replicas)
            try:
                status, _ = self.cluster.call("PATCH", f"{REPLICA_SETS}/{name}",
                                              {"spec": {"replicas": replicas}}, master=master,
                                              headers=MERGE, timeout=8)
                if status == 200:
                    self.possible[name] = {replicas}
                    self.acknowledged += 1
            except (OSError, http.client.HTTPException):
                pass
            master = master % 3 + 1
            time.sleep(0.05)


class Storm(unittest.TestCase):
    def setUp(self):
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        print(f"[seed {seed}] ", end="", flush=True)
        self.random = random.Random(seed)
        self.cluster = Cluster("--nodes", "0", "--sim-nodes", "4", "--runtime", "sim",
                               "--keyframe-entries", "200")
        self.addCleanup(self.cluster.close)
        self.cluster.nodes_ready(4)
        self.names = ["one", "two", "three"]
        for name in self.names:
            self.assertEqual(self.cluster.call("POST", REPLICA_SETS, replica_set(name, 3))[0], 201)

    def strike(self):
        """One process or two, a quorum or not."""
        victims = self.random.sample(["m1", "m2", "m3", "sim"], self.random.choice([1, 1, 1, 2]))
        for name in victims:
            try:
                self.cluster.kill(name)
            except (KeyError, ProcessLookupError):
                pass
        time.sleep(self.random.uniform(0, 1.2))
        self.cluster.up()
        return len(victims)

    def test_a_storm(self):
        writers = Writers(self.cluster, 3)
        scaler = Scaler(self.cluster, self.names, self.random.random())
        kills, end = 0, time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                time.sleep(self.random.uniform(0.1, 1.0))
                kills += self.strike()
        finally:
            scaler.stopping = True
            scaler.join()
            writers.stop()
            self.cluster.up()
        print(f"[{kills} kills, {len(writers.acknowledged)} writes, {scaler.acknowledged} scalings] ",
              end="", flush=True)
        self.assertGreater(len(writers.acknowledged), 100)
        self.assertGreater(scaler.acknowledged, 10)
        self.assertEqual(writers.refused, [])
        for name in self.names:
            until(lambda n=name: self.converged(n), 40)
            wanted = self.cluster.get(f"{REPLICA_SETS}/{name}")["spec"]["replicas"]
            self.assertIn(wanted, scaler.possible[name], "an acknowledged scaling was lost")
        for master in (1, 2, 3):
            until(lambda m=master: self.cluster.status(m).get("leader"), 30)
            writers.check(self, master)
        self.same_everywhere()

    def converged(self, name):
        rs = self.cluster.get(f"{REPLICA_SETS}/{name}")
        pods = self.cluster.get(f"{PODS}?labelSelector=app%3D{name}")["items"]
        phases = {p["status"]["phase"] for p in pods}
        wanted = rs["spec"]["replicas"]
        status = rs["status"]
        return (len(pods) == wanted == status["replicas"] == status.get("readyReplicas", 0) and
                phases <= {"Running"} and not any("deletionTimestamp" in p["metadata"] for p in pods))

    def same_everywhere(self):
        agreed = self.cluster.agree()
        for k in (1, 2, 3):
            out = self.cluster.logship("replay", "--dir", self.cluster.dir / f"m{k}", "--until",
                                       agreed["revision"], "--digest").stdout
            self.assertIn(agreed["digest"], out)
        verified = self.cluster.logship("verify", "--dir", self.cluster.dir).stdout
        self.assertEqual(verified.count("  good"), 3, verified)

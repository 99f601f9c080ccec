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
from story import REPLICA_SETS

PODS = "/api/v1/namespaces/default/pods"
SECONDS = float(os.environ.get("STORM_SECONDS", "20"))


TURN = "/metadata/annotations/turn"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


class Scaler(threading.Thread):
    """Scales a few replica sets, each time over the turn it has just read, so that no scaling that got no
    answer comes after a later one. Remembers what was acknowledged last and what was asked for since."""

    def __init__(self, cluster, names, seed):
        super().__init__()
        self.cluster, self.random = cluster, random.Random(seed)
        self.possible = {name: {3} for name in names}
        self.acknowledged = self.turns = 0
        self.stopping = False
        self.start()

    def scale(self, name, master):
        status, rs = self.cluster.call("GET", f"{REPLICA_SETS}/{name}", master=master, timeout=8)
        if status != 200:
            return
        replicas, turn = self.random.randrange(12), rs["metadata"].get("annotations", {}).get("turn")
        self.turns += 1
        self.possible[name].add(replicas)
        status, _ = self.cluster.call("PATCH", f"{REPLICA_SETS}/{name}", [
            {"op": "test", "path": TURN, "value": turn},
            {"op": "replace", "path": TURN, "value": str(self.turns)},
            {"op": "replace", "path": "/spec/replicas", "value": replicas}],
            master=master, headers=JSON_PATCH, timeout=8)
        if status == 200:
            self.possible[name] = {replicas}
            self.acknowledged += 1

    def run(self):
        master = 1
        while not self.stopping:
            try:
                self.scale(self.random.choice(sorted(self.possible)), master)
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
            rs = replica_set(name, 3)
            rs["metadata"]["annotations"] = {"turn": "0"}
            self.assertEqual(self.cluster.call("POST", REPLICA_SETS, rs)[0], 201)

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
            while time.monotonic() < end or (time.monotonic() < end + 60 and not (
                    len(writers.acknowledged) > 100 and scaler.acknowledged > 10)):
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
            until(lambda n=name: self.converged(n))
            wanted = self.cluster.get(f"{REPLICA_SETS}/{name}")["spec"]["replicas"]
            self.assertIn(wanted, scaler.possible[name], "an acknowledged scaling was lost")
        for master in (1, 2, 3):
            until(lambda m=master: self.cluster.status(m).get("leader"))
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

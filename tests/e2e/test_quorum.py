"""Three masters lose members and lose nothing."""
import signal
import time
import unittest

from cluster import Cluster, until
from history import Writers


class Failover(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster("--nodes", "0", "--sim-nodes", "1", "--runtime", "sim",
                               "--keyframe-entries", "300")
        self.addCleanup(self.cluster.close)

    def agree(self):
        """All masters at one revision with one digest, and the replay of each log gives the same."""
        digest = self.cluster.agree()
        for k in (1, 2, 3):
            out = self.cluster.logship("replay", "--dir", self.cluster.dir / f"m{k}", "--until",
                                       digest["revision"], "--digest").stdout
            self.assertIn(digest["digest"], out)

    def survive(self, fault, heal, outage):
        writers = Writers(self.cluster)
        time.sleep(1.0)
        began = time.monotonic()
        fault()
        time.sleep(3.0)
        writers.stop()
        gap = writers.longest_gap(began)
        print(f"[{len(writers.acknowledged)} acknowledged, {gap * 1000:.0f} ms without] ", end="",
              flush=True)
        self.assertGreater(len(writers.acknowledged), 100)
        self.assertLess(gap, outage)
        heal()
        until(lambda: self.cluster.status().get("leader"))
        for master in (1, 2, 3):
            until(lambda m=master: self.cluster.status(m).get("leader"), 30)
            writers.check(self, master)
        self.agree()

    def test_the_leader_is_killed_while_clients_write(self):
        leader = self.cluster.leader()
        self.survive(lambda: self.cluster.kill(leader), self.cluster.up, 2.0)

    def test_a_follower_is_killed_while_clients_write(self):
        leader = self.cluster.leader()
        follower = next(m for m in ("m1", "m2", "m3") if m != leader)
        self.survive(lambda: self.cluster.kill(follower), self.cluster.up, 1.0)

    def test_the_leader_is_paused_and_comes_back(self):
        leader = self.cluster.leader()
        self.survive(lambda: self.cluster.kill(leader, signal.SIGSTOP),
                     lambda: self.cluster.kill(leader, signal.SIGCONT), 4.0)

    def test_all_masters_are_killed_at_once(self):
        writers = Writers(self.cluster)
        time.sleep(1.5)
        for name in ("m1", "m2", "m3"):
            self.cluster.kill(name)
        writers.stop()
        self.cluster.up()
        for master in (1, 2, 3):
            until(lambda m=master: self.cluster.status(m).get("leader"), 30)
            writers.check(self, master)
        self.agree()

    def test_a_restart_storm(self):
        writers = Writers(self.cluster)
        for round_ in range(6):
            self.cluster.kill(f"m{round_ % 3 + 1}")
            time.sleep(0.4)
            self.cluster.up()
        writers.stop()
        for master in (1, 2, 3):
            until(lambda m=master: self.cluster.status(m).get("leader"), 30)
            writers.check(self, master)
        self.agree()

    def test_without_a_quorum_writes_wait_and_reads_are_refused(self):
        for name in [m for m in ("m1", "m2", "m3") if m != self.cluster.leader()]:
            self.cluster.kill(name)
        survivor = int(next(n for n in self.cluster.pids() if self.cluster.status(int(n[1:])))[1:])
        status, body = self.cluster.call("GET", "/api/v1/namespaces", master=survivor, timeout=60)
        self.assertIn(status, (503, 504), body)
        status, _ = self.cluster.call("GET", "/api/v1/namespaces?resourceVersion=0",
                                      master=survivor)
        self.assertEqual(status, 200, "a client that takes any state is served")
        self.cluster.up()
        until(lambda: self.cluster.get("/api/v1/namespaces", master=survivor), 30)

"""A master loses its disk and is replaced under a new id."""
import json
import shutil
import unittest

from cluster import Cluster, config_map, until


class Replace(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster("--nodes", "0", "--sim-nodes", "1", "--runtime", "sim",
                               "--keyframe-entries", "100")
        self.addCleanup(self.cluster.close)

    def write(self, name, master=1):
        maps, seen = "/api/v1/namespaces/default/configmaps", []

        def made():
            seen.append(self.cluster.call("POST", maps, config_map(name), master=master)[0])
            return seen[-1] in (201, 409)
        until(made)
        self.assertTrue(seen[-1] == 201 or len(seen) > 1, "it was there before")

    def replace(self, name, **more):
        return self.cluster.logship("master", "replace", "--dir", self.cluster.dir, name, **more)

    def masters(self, master=1):
        return self.cluster.get("/logship/masters", master=master)

    def wipe(self, name):
        self.cluster.kill(name)
        shutil.rmtree(self.cluster.dir / name)

    def test_a_wiped_master_is_replaced_and_the_cluster_is_whole_again(self):
        leader = self.cluster.leader()
        lost = next(m for m in ("m1", "m2", "m3") if m != leader)
        seat = int(lost[1])
        other = next(k for k in (1, 2, 3) if k not in (seat, int(leader[1])))
        for n in range(150):
            self.write(f"before-{n}", int(leader[1]))

        # One that lives is not replaced.
        refused = self.replace(lost, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("only what is lost is replaced", refused.stderr)
        status, body = self.cluster.insist("POST", f"/logship/masters?replace={lost}")
        self.assertEqual(status, 409)
        self.assertRegex(body["leader"], "m[123]")
        self.assertIn("alive", body["message"])

        self.wipe(lost)
        self.write("between", int(leader[1]))
        up = self.cluster.logship("up", "--dir", self.cluster.dir, "--detach", check=False)
        self.assertEqual(up.returncode, 1, up.stdout)
        self.assertIn(f"logship master replace --dir {self.cluster.dir} {lost}", up.stdout)

        done = self.replace(lost)
        successor = f"m{seat + 3}"
        self.assertIn(f"{successor} has everything and votes", done.stdout)
        until(lambda: self.masters(seat)["masters"][seat - 1] == successor)
        self.assertEqual(self.cluster.get("/logship/status", master=seat)["self"], successor)
        self.cluster.agree()
        self.assertIn("is running", self.replace(lost).stdout)  # again: it is done

        # Its vote counts: without it there is no majority now.
        self.cluster.kill(f"m{other}")
        self.write("with-its-vote", seat)
        self.assertEqual(self.cluster.up().returncode, 0)
        self.cluster.agree()
        self.cluster.kill(leader)
        until(lambda: self.cluster.status(seat).get("leader") not in (None, "", leader))
        self.write("without-the-leader", seat)
        self.assertEqual(self.cluster.up().returncode, 0)
        self.cluster.agree()

        log = self.cluster.logship("log", "--dir", self.cluster.dir / successor).stdout
        self.assertIn(f"Replaced masters {lost} by={successor}", log)
        log = self.cluster.logship("log", "--dir", self.cluster.dir, "-o", "json").stdout
        found = [e for e in map(json.loads, log.splitlines()) if e["event"] == "Replaced"]
        self.assertEqual([(e["name"], e["by"]) for e in found], [(lost, successor)])
        self.cluster.logship("verify", "--dir", self.cluster.dir)

    def test_a_copy_that_was_put_back_is_refused_and_replaced(self):
        leader = self.cluster.leader()
        lost = next(m for m in ("m1", "m2", "m3") if m != leader)
        seat = int(lost[1])
        self.cluster.kill(lost)
        copy = self.cluster.dir / "copy"
        shutil.copytree(self.cluster.dir / lost, copy)
        self.cluster.up()
        for n in range(20):
            self.write(f"since-{n}", int(leader[1]))
        until(lambda: self.cluster.status(seat).get("leader"))
        self.cluster.kill(lost)
        shutil.rmtree(self.cluster.dir / lost)
        shutil.copytree(copy, self.cluster.dir / lost)
        self.cluster.up()
        until(lambda: "'logship master replace'" in self.cluster.said(lost))
        until(lambda: not self.cluster.running(lost))
        self.replace(lost)
        # A follower learns of it with the next message of the leader.
        until(lambda: self.masters()["masters"][seat - 1] == f"m{seat + 3}")
        self.cluster.agree()


if __name__ == "__main__":
    unittest.main()

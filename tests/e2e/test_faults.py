"""Disks that are full or damaged, directories that were swapped, members that fall far behind."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from cluster import Cluster, alive, config_map, until
from story import CONFIG_MAPS, MERGE, Story

OPTIONS = ["--nodes", "0", "--sim-nodes", "1", "--runtime", "sim", "--keyframe-entries", "100"]
MIB = 1 << 20


def flip(file, needle=None):
    """One bit in the middle of the file, or in every copy of a text (LMDB leaves old pages behind)."""
    data = bytearray(file.read_bytes())
    places = [m.start() for m in re.finditer(needle, data)] if needle else [len(data) // 2]
    assert places, f"{file} does not hold {needle}"
    for place in places:
        data[place + 2] ^= 4
    file.write_bytes(data)


class Damage(unittest.TestCase):
    """One master's files are damaged while it is down; it is named, never served, and the other two
    go on."""

    def setUp(self):
        self.cluster = Cluster(*OPTIONS)
        self.addCleanup(self.cluster.close)
        Story(self.cluster).steps(450)
        for k in range(5):
            self.cluster.insist("POST", CONFIG_MAPS, config_map(f"last-{k}", text=f"needle-{k}-" * 9))
        self.m1 = self.cluster.dir / "m1"
        until(lambda: len(self.keyframes()) > 1)

    def keyframes(self):
        return sorted((self.m1 / "keyframes").glob("*.mdb"))

    def stop(self):
        self.before = self.cluster.agree()
        self.cluster.logship("down", "--dir", self.cluster.dir)

    def verify_names(self, *texts):
        done = self.cluster.logship("verify", "--dir", self.cluster.dir, check=False)
        self.assertEqual(done.returncode, 1)
        damaged = [line for line in done.stdout.splitlines() if "DAMAGED" in line]
        for text in texts:
            self.assertTrue(any(text in line for line in damaged), done.stdout)
        self.assertEqual(done.stdout.count("  good"), 2, done.stdout)

    def write_after(self):
        status, body = self.cluster.insist("POST", CONFIG_MAPS, config_map("after"))
        self.assertIn(status, (201, 409), body)

    def all_go_on(self):
        self.write_after()
        until(lambda: self.cluster.get(CONFIG_MAPS + "/after", master=1))
        self.assertGreater(self.cluster.agree()["revision"], self.before["revision"])

    def test_a_damaged_keyframe_is_passed_over_for_an_older_state(self):
        self.stop()
        newest = self.keyframes()[-1]
        flip(newest)
        self.verify_names(newest.name)
        self.cluster.up()
        self.all_go_on()
        self.assertIn(newest.name, self.cluster.said("m1"), "it said so")
        scrub = until(lambda: self.cluster.get("/logship/status", master=1)["scrub"]["findings"])
        self.assertIn(newest.name, scrub[0], "and goes on saying so")

    def test_without_any_whole_keyframe_the_log_is_folded_from_its_beginning(self):
        self.stop()
        files = self.keyframes()
        for n, file in enumerate(files):
            if n % 2:
                flip(file)
            else:
                os.truncate(file, file.stat().st_size // 2)
        self.verify_names(files[0].name, files[1].name)
        self.cluster.up()
        self.all_go_on()
        self.assertIn("no keyframe is whole", self.cluster.said("m1"))

    def test_a_master_with_a_damaged_log_does_not_start_and_the_others_go_on(self):
        self.stop()
        needle = b"-needle-3-needle-3"
        segment = [s for s in (self.m1 / "log").glob("*.mdb") if needle in s.read_bytes()][0]
        flip(segment, needle)
        self.verify_names(segment.name)
        self.cluster.up()
        until(lambda: not self.cluster.running("m1"))
        last = self.cluster.said("m1").strip().splitlines()[-1]
        self.assertRegex(last, rf"{segment.name}.*\b(entry|index) \d+")
        self.write_after()
        for master in (2, 3):
            until(lambda m=master: self.cluster.get(CONFIG_MAPS + "/after", master=m))
        read = self.cluster.logship("log", "--dir", self.cluster.dir).stdout
        self.assertIn("configmaps default/after", read, "readers pass the damaged one over")

    def test_a_directory_of_another_master_is_refused(self):
        self.stop()
        m3 = self.cluster.dir / "m3"
        shutil.move(m3, self.cluster.dir / "aside")
        shutil.copytree(self.cluster.dir / "m2", m3)
        self.cluster.up()
        until(lambda: re.search(r"m3.*(server|master) 2|(server|master) 2.*m3",
                                self.cluster.said("m3").splitlines()[-1]))
        until(lambda: not self.cluster.running("m3"))
        self.write_after()
        shutil.rmtree(m3)
        shutil.move(self.cluster.dir / "aside", m3)
        self.cluster.up()
        until(lambda: self.cluster.get(CONFIG_MAPS + "/after", master=3))
        self.cluster.agree()


class Behind(unittest.TestCase):
    def test_a_follower_far_behind_catches_up_by_keyframe(self):
        cluster = Cluster("--nodes", "0", "--runtime", "sim", "--keyframe-entries", "50")
        self.addCleanup(cluster.close)
        story = Story(cluster)
        follower = next(m for m in ("m3", "m2") if m != cluster.leader())
        number = int(follower[1:])
        story.steps(20)
        cluster.kill(follower)
        for k in range(60):  # more than a leader keeps in memory for those who are a little behind
            name = f"large-{k % 4}"
            status, _ = cluster.insist("PUT" if k > 3 else "POST",
                                       f"{CONFIG_MAPS}/{name}" if k > 3 else CONFIG_MAPS,
                                       config_map(name, a=os.urandom(200_000).hex()))
            self.assertIn(status, (200, 201, 409))
        story.steps(300)
        cluster.up()
        cluster.agree()
        self.assertIn("is offered", "".join(cluster.said(m) for m in ("m1", "m2", "m3")))
        self.assertEqual(len(cluster.get(CONFIG_MAPS, master=number)["items"]),
                         len(cluster.get(CONFIG_MAPS)["items"]))
        story.steps(50)
        cluster.agree()
        out = cluster.logship("verify", "--dir", cluster.dir / follower).stdout
        self.assertIn("  good", out)
        self.assertIn("log/00000000000000000001.mdb", out, "its log begins where all logs begin")
        last = cluster.agree()["revision"]
        for revision in (20, last // 3, last * 3 // 4):  # what it has missed it can show all the same
            old = [cluster.logship("replay", "--dir", cluster.dir / m, "--until", revision,
                                   "--digest").stdout for m in (follower, cluster.leader())]
            self.assertEqual(old[0], old[1])
            self.assertIn(f'"revision":{revision},', old[0])
        cluster.kill(follower)  # and it starts again from what it was given
        cluster.up()
        cluster.agree()


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
class FullDisk(unittest.TestCase):
    """All three masters on one disk of 192 MiB."""

    def setUp(self):
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="logship-e2e-disk-"))
        self.addCleanup(self.disk.rmdir)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "logship-e2e", self.disk],
                              capture_output=True, text=True)
        if done.returncode:
            self.skipTest(f"no mounts here: {done.stderr}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.cluster = Cluster("--nodes", "0", "--runtime", "sim", "--keyframe-entries", "200",
                               dir=self.disk / "cluster")
        self.addCleanup(self.cluster.close)

    def fill(self, leave):
        """Until only so much is left."""
        stat = os.statvfs(self.disk)
        size = stat.f_bavail * stat.f_frsize - leave
        number = len(list(self.disk.glob("filler-*")))
        with open(self.disk / f"filler-{number}", "wb") as f:
            try:
                for _ in range(max(0, size) // 4096):
                    f.write(b"\0" * 4096)
            except OSError:
                pass

    def free(self):
        for filler in self.disk.glob("filler-*"):
            filler.unlink()

    def create(self, name):
        return self.cluster.call("POST", CONFIG_MAPS, config_map(name, a="x" * 500))

    def delete(self, name, timeout=20):
        return self.cluster.call("DELETE", f"{CONFIG_MAPS}/{name}", timeout=timeout)[0]

    @staticmethod
    def ours(found):
        """The names of a list, but for what every namespace has."""
        return {i["metadata"]["name"] for i in found["items"]} - {"kube-root-ca.crt"}

    def names(self, master=1):
        return self.ours(self.cluster.get(CONFIG_MAPS, master))

    def test_a_full_disk_refuses_creates_and_loses_nothing(self):
        wanted = set()
        for k in range(60):
            self.assertEqual(self.create(f"c{k}")[0], 201)
            wanted.add(f"c{k}")
        self.fill(leave=20 * MIB)
        status, body = until(lambda: next(iter([a for a in [self.create("probe")] if a[0] == 507]),
                                          self.delete("probe") and None))
        self.assertEqual((status, body["kind"], body["reason"]), (507, "Status", "InsufficientStorage"))
        self.assertIn("nearly full", body["message"])
        patch = self.cluster.call("PATCH", f"{CONFIG_MAPS}/c0", {"data": {"b": "1"}}, headers=MERGE)
        self.assertEqual(patch[0], 507, patch)
        refused = self.cluster.kubectl("create", "configmap", "new", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("nearly full", refused.stderr)
        for k in range(10):
            self.assertEqual(self.delete(f"c{k}"), 200)
            wanted.discard(f"c{k}")
        self.assertEqual(self.names(), wanted)
        self.fill(leave=0)  # now nothing at all is left but the ballast
        for k in range(10, 30):
            self.assertEqual(self.delete(f"c{k}"), 200)
            wanted.discard(f"c{k}")
        self.assertEqual(self.names(2), wanted)
        self.goes_on_when_there_is_room(wanted)

    def goes_on_when_there_is_room(self, wanted):
        self.free()
        until(lambda: self.create("room")[0] in (201, 409))
        wanted.add("room")
        for master in (1, 2, 3):
            until(lambda m=master: self.names(m) == wanted)
        self.cluster.agree()
        self.cluster.logship("down", "--dir", self.cluster.dir)
        verified = self.cluster.logship("verify", "--dir", self.cluster.dir).stdout
        self.assertEqual(verified.count("  good"), 3, verified)
        self.cluster.up()
        self.assertEqual(until(self.names), wanted)
        self.cluster.agree()

    def status(self, text):
        """Changes of status are still taken; 0: no answer within a second."""
        body = {"status": {"phase": "Pending", "message": text}}
        try:
            return self.cluster.call("PATCH", "/api/v1/namespaces/default/pods/p/status", body,
                                     headers=MERGE, timeout=1)[0]
        except OSError:
            return 0

    def test_masters_wait_out_a_disk_without_a_byte(self):
        wanted = {f"c{k}" for k in range(5)}
        for name in sorted(wanted):
            self.assertEqual(self.create(name)[0], 201)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
               "spec": {"containers": [{"name": "c", "image": "i"}]}}
        self.assertEqual(self.cluster.call("POST", "/api/v1/namespaces/default/pods", pod)[0], 201)
        before = self.cluster.pids()
        kept = asked = ""
        for k in range(60):
            self.fill(leave=0)  # what the ballast gave is taken too
            asked = f"{k:03}" + "x" * 400_000
            status = self.status(asked)
            if status != 200:
                break
            kept = asked
        self.assertIn(status, (0, 503, 504), "it was taken, so the disk cannot be full")
        for pid in before.values():
            self.assertTrue(alive(pid), "nobody has ended")
        stale = self.cluster.call("GET", f"{CONFIG_MAPS}?resourceVersion=0")[1]
        self.assertEqual(self.ours(stale), wanted)
        self.cluster.kill(self.cluster.status().get("leader") or "m1")
        self.free()
        self.cluster.up()
        until(lambda: self.create("room")[0] in (201, 409))
        pod = self.cluster.get("/api/v1/namespaces/default/pods/p")
        self.assertIn(pod["status"].get("message", ""), (kept, asked), "acknowledged and lost")
        self.goes_on_when_there_is_room(wanted)

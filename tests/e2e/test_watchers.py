"""Many watchers: each sees every event once and in order, whatever happens to leaders and neighbours."""
import socket
import time

from cluster import ClusterTest, config_map, until
from story import CONFIG_MAPS, Story
from watching import Watcher, logged

WATCHERS = 200


class Watchers(ClusterTest):
    options = ["--nodes", "0", "--sim-nodes", "1", "--runtime", "sim"]
    nodes = 1

    def start(self, count):
        revision = self.cluster.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
        watchers = [Watcher(self.cluster, CONFIG_MAPS, revision, k % 3 + 1) for k in range(count)]
        return int(revision), watchers

    def end(self, watchers):
        """What each saw, up to the same last event."""
        last = until(lambda: logged(self.cluster, "cm")[-1][0])
        return [w.stop_at(last) for w in watchers]

    def changes(self, count, name):
        """Config maps through whichever master answers; one change after the other."""
        for k in range(count):
            status, _ = self.cluster.insist("POST", CONFIG_MAPS, config_map(f"{name}-{k}"), timeout=5)
            self.assertIn(status, (201, 409))

    def test_two_hundred_watchers_over_changes_of_leaders(self):
        start, watchers = self.start(WATCHERS)
        for round_ in range(3):
            self.changes(40, f"round-{round_}")
            if round_ < 2:
                self.cluster.kill(self.cluster.leader())
                self.changes(20, f"without-{round_}")
                self.cluster.up()
        seen = self.end(watchers)
        told = logged(self.cluster, "cm", since=start + 1)
        self.assertEqual([w.trouble for w in watchers if w.trouble], [])
        for watcher, events in zip(watchers, seen):
            self.assertEqual(events, told, f"a watcher over {watcher.connections} connections")
        self.assertGreater(sum(w.connections for w in watchers), WATCHERS, "some had to reconnect")
        self.assertGreaterEqual(len(told), 160)

    def test_a_watcher_that_never_reads_hurts_nobody(self):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", self.cluster.port))
        deaf = self.cluster.tls().wrap_socket(raw, server_hostname="127.0.0.1")
        deaf.send(f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.addCleanup(deaf.close)
        start, watchers = self.start(10)
        before = self.resident()
        story = Story(self.cluster, name="loud")
        slowest = 0.0
        for k in range(100):  # 20 MB that nobody takes
            began = time.monotonic()
            status, _ = story.ask("POST", CONFIG_MAPS, config_map(f"big-{k}", a="x" * 200_000))
            self.assertEqual(status, 201)
            slowest = max(slowest, time.monotonic() - began)
        story.connection.close()
        seen = self.end(watchers)
        self.assertLess(slowest, 10.0, "nobody waits until the deaf one is given up")
        told = logged(self.cluster, "cm", since=start + 1)
        for events in seen:
            self.assertEqual(events, told)
        self.assertGreaterEqual(len(told), 100)
        # Objects, log cache and rings hold the config maps too; what waits for the deaf one is bounded.
        self.assertLess(self.resident() - before, 160 * 1024)
        self.assertEqual(self.cluster.call("GET", "/readyz")[0], 200)

    def resident(self):
        """KiB of the first master."""
        with open(f"/proc/{self.cluster.pids()['m1']}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

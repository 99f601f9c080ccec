"""Writers that remember what was acknowledged, and the checks that hold it against the cluster."""
import http.client
import threading
import time

from cluster import config_map, until


class Writers:
    """Threads that create config maps one after the other, each at a master of its own choosing (the
    next one after trouble), until stopped."""

    def __init__(self, cluster, count=6):
        self.cluster = cluster
        self.acknowledged = {}  # name -> (revision, time)
        self.refused = []
        self.unknown = []
        self.lock = threading.Lock()
        self.stopping = False
        self.threads = [threading.Thread(target=self.write, args=(k,)) for k in range(count)]
        for thread in self.threads:
            thread.start()

    def write(self, k):
        number = 0
        master = k % self.cluster.masters + 1
        while not self.stopping:
            name = f"w{k}-{number}"
            number += 1
            try:
                status, body = self.cluster.call("POST", "/api/v1/namespaces/default/configmaps",
                                                 config_map(name, k=str(k)), master=master,
                                                 timeout=5)
                with self.lock:
                    if status == 201:
                        revision = int(body["metadata"]["resourceVersion"])
                        self.acknowledged[name] = (revision, time.monotonic())
                    elif status in (503, 504):
                        self.unknown.append(name)
                    else:
                        self.refused.append((name, status, body))
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.unknown.append(name)
                master = master % self.cluster.masters + 1
                time.sleep(0.02)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        return self

    def at_work(self, count=60):
        """Until so many more were acknowledged."""
        wanted = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= wanted)

    def longest_gap(self, after=0.0):
        """Seconds without an acknowledged write, from `after` on."""
        times = sorted(t for _, t in self.acknowledged.values() if t >= after)
        return max((b - a for a, b in zip([after] + times, times)), default=float("inf"))

    def check(self, test, master):
        """Everything acknowledged is there; revisions are unique; what is there was asked for."""
        maps = until(lambda: self.cluster.get("/api/v1/namespaces/default/configmaps", master=master))
        items = maps["items"]
        there = {i["metadata"]["name"]: int(i["metadata"]["resourceVersion"]) for i in items}
        lost = [n for n in self.acknowledged if n not in there]
        test.assertEqual(lost, [], "acknowledged and lost")
        moved = [n for n, (r, _) in self.acknowledged.items() if there[n] != r]
        test.assertEqual(moved, [], "another revision than was acknowledged")
        revisions = [r for r, _ in self.acknowledged.values()]
        test.assertEqual(len(revisions), len(set(revisions)), "one revision given twice")

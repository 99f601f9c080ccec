"""Something that happens: a reproducible mixture of changes, for tests that ask about the past."""
import http.client
import json
import os
import random
import threading
import time

from cluster import config_map, replica_set

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
REPLICA_SETS = "/apis/apps/v1/namespaces/default/replicasets"
MERGE = {"Content-Type": "application/merge-patch+json"}


class Story:
    """Config maps come, change and go, and a replica set is scaled up and down. The seed is printed;
    what the masters make of it in their threads is theirs."""

    def __init__(self, cluster, name="story"):
        self.cluster, self.name = cluster, name
        self.seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        print(f"[seed {self.seed}] ", end="", flush=True)
        self.random = random.Random(self.seed)
        self.connection = None
        self.counts = {}
        status, made = self.ask("POST", REPLICA_SETS, replica_set(name, 3))
        assert status == 201, made

    def ask(self, method, path, body=None, headers=None):
        """One request over a connection that is kept."""
        if not self.connection:
            self.connection = self.cluster.connect()
        try:
            self.connection.request(method, path, json.dumps(body) if body else None,
                                    headers or {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def step(self):
        what = self.random.choices(["create", "patch", "delete", "scale"], [5, 8, 3, 1])[0]
        name = f"{self.name}-{self.random.randrange(12)}"
        value = "x" * self.random.randrange(200)
        if what == "create":
            status, _ = self.ask("POST", CONFIG_MAPS, config_map(name, a=value))
        elif what == "patch":
            status, _ = self.ask("PATCH", f"{CONFIG_MAPS}/{name}", {"data": {"b": value}}, MERGE)
        elif what == "delete":
            status, _ = self.ask("DELETE", f"{CONFIG_MAPS}/{name}")
        else:
            status, _ = self.ask("PATCH", f"{REPLICA_SETS}/{self.name}",
                                 {"spec": {"replicas": self.random.randrange(8)}}, MERGE)
        if status in (503, 504):  # between two leaders; whether that cost too much time, others ask
            time.sleep(0.2)
        self.counts[status] = self.counts.get(status, 0) + 1

    def steps(self, count):
        for _ in range(count):
            self.step()
        self.connection.close()
        self.connection = None
        assert set(self.counts) <= {200, 201, 404, 409, 503, 504}, self.counts
        return self


class Moments:
    """Asks each master for its digest over and over while a story is told: revision -> digests."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.digests = {}
        self.stopping = False
        self.threads = [threading.Thread(target=self.look, args=(m,))
                        for m in range(1, cluster.masters + 1)]
        for thread in self.threads:
            thread.start()

    def look(self, master):
        while not self.stopping:
            try:
                d = self.cluster.digest(master)
                self.digests.setdefault(d["revision"], set()).add(d["digest"])
            except (OSError, AssertionError, http.client.HTTPException):
                pass
            time.sleep(0.02)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        return self.digests

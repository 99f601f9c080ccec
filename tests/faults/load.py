"""Clients that go on during a fault and write down what they did: one record an operation, with the time it
began and the time its answer came.

    {"client": "w1", "op": "update", "kind": "configmaps", "name": "c3", "id": "w1-17", "expect": 815,
     "began": 1.25, "ended": 1.26, "outcome": "ok", "status": 200, "revision": 821}

An outcome is ok, refused (the answer says that nothing was done) or unknown (no answer, or one that does not
know itself). Each write carries an id of its own as an annotation, by which versions can be told."""
import http.client
import json
import random
import threading
import time

from cluster import LEAVE_SOON, replica_set

PATHS = {"configmaps": "/api/v1/namespaces/default/configmaps",
         "replicasets.apps": "/apis/apps/v1/namespaces/default/replicasets"}
NAMES = [f"c{k}" for k in range(16)]
SET = "web"
REFUSALS = {400, 404, 409, 410, 422, 429, 507}


class Client(threading.Thread):
    """One thread with one connection at a time; after trouble it goes on at the next master. `masters`
    says which it uses."""
    patience = 2.0

    def __init__(self, load, name, masters):
        super().__init__(name=name, daemon=True)
        self.load, self.masters = load, masters
        self.random = random.Random(f"{load.seed}-{name}")
        self.turn = self.random.randrange(len(masters))
        self.connection = None
        self.count = 0

    def ask(self, method, path, body):
        """(status, decoded body), or None where no answer came."""
        try:
            if not self.connection:
                self.connection = self.load.members.connect(self.masters[self.turn], self.patience)
            self.connection.request(method, path, json.dumps(body) if body else None,
                                    {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.status >= 500 and answer.status != 507:
                self.go_elsewhere()
            return answer.status, json.loads(text)
        except (OSError, http.client.HTTPException, ValueError):
            self.go_elsewhere()
            return None

    def go_elsewhere(self):
        if self.connection:
            self.connection.close()
        self.connection = None
        self.turn = (self.turn + 1) % len(self.masters)
        time.sleep(0.02)

    def do(self, op, method, kind, name=None, body=None, **facts):
        """One operation: asked, written down; (status, body) or None."""
        path = PATHS[kind] + (f"/{name}" if name and op != "create" else "")
        began = time.monotonic()
        answer = self.ask(method, path, body)
        record = {"client": self.name, "op": op, "kind": kind, "name": name, **facts,
                  "began": began, "ended": time.monotonic(), "outcome": "unknown"}
        if answer:
            status, got = answer
            record["status"] = status
            if status < 300:
                record["outcome"] = "ok"
                record.update(self.seen(op, got))
            elif status in REFUSALS:
                record["outcome"] = "refused"
        self.load.write_down(record)
        return answer

    @staticmethod
    def seen(op, got):
        meta = got.get("metadata", {})
        if op == "delete":
            return {}
        if op == "list":
            return {"revision": int(meta["resourceVersion"]),
                    "items": {i["metadata"]["name"]: int(i["metadata"]["resourceVersion"])
                              for i in got["items"]}}
        return {"revision": int(meta["resourceVersion"]),
                "value": meta.get("annotations", {}).get("op")}

    def next_id(self):
        self.count += 1
        return f"{self.name}-{self.count}"

    def run(self):
        while not self.load.stopping:
            self.step()
            if self.load.pause:
                time.sleep(self.load.pause)


class Writer(Client):
    """Creates, updates and deletes config maps that all writers share, each on the version it knows."""

    def __init__(self, *words):
        super().__init__(*words)
        self.known = {}

    def learn(self, name, answer):
        if answer and answer[0] < 300 and "resourceVersion" in answer[1].get("metadata", {}):
            self.known[name] = int(answer[1]["metadata"]["resourceVersion"])
        elif answer and answer[0] == 404 or answer and answer[0] == 200:
            self.known[name] = None  # it is not, or it was deleted just now
        else:
            self.known.pop(name, None)

    def step(self):
        name = self.random.choice(NAMES)
        if name not in self.known:
            self.learn(name, self.do("get", "GET", "configmaps", name))
        elif self.known[name] is None:
            id = self.next_id()
            self.learn(name, self.do("create", "POST", "configmaps", name, self.body(name, id), id=id))
        elif self.random.random() < 0.25:
            expect = self.known[name]
            body = {"preconditions": {"resourceVersion": str(expect)}}
            self.learn(name, self.do("delete", "DELETE", "configmaps", name, body, expect=expect))
        else:
            id, expect = self.next_id(), self.known[name]
            body = self.body(name, id)
            body["metadata"]["resourceVersion"] = str(expect)
            self.learn(name, self.do("update", "PUT", "configmaps", name, body, id=id, expect=expect))

    def body(self, name, id):
        return {"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "annotations": {"op": id}},
                "data": {"text": id * self.random.randrange(1, 9)}}


class Scaler(Client):
    """Scales one replica set up and down, each time from the version it has just read."""

    def step(self):
        got = self.do("get", "GET", "replicasets.apps", SET)
        if not got or got[0] != 200:
            return
        id, body = self.next_id(), got[1]
        body["metadata"].setdefault("annotations", {})["op"] = id
        body["spec"]["replicas"] = self.random.randrange(3, 10)
        self.do("update", "PUT", "replicasets.apps", SET, body, id=id,
                expect=int(body["metadata"]["resourceVersion"]))
        time.sleep(0.1)


class Reader(Client):
    def step(self):
        if self.random.random() < 0.3:
            self.do("list", "GET", "configmaps")
        else:
            self.do("get", "GET", "configmaps", self.random.choice(NAMES))


class Load:
    """The clients of one run. The history is in memory and in a file."""

    def __init__(self, members, seed, file, writers=5, readers=2, scalers=1,
                 pause=0.004):
        self.members, self.seed, self.pause = members, seed, pause
        self.lock = threading.Lock()
        self.file = open(file, "w")
        self.history = []
        self.stopping = False
        all_of_them = list(range(1, members.masters + 1))
        first = Writer(self, "first", all_of_them)
        body = replica_set(SET, 4, tolerations=LEAVE_SOON)
        body["metadata"]["annotations"] = {"op": "first-0"}
        made = first.do("create", "POST", "replicasets.apps", SET, body, id="first-0")
        assert made and made[0] == 201, made
        self.clients = [Writer(self, f"w{k}", all_of_them) for k in range(writers)]
        self.clients += [Reader(self, f"r{k}", all_of_them) for k in range(readers)]
        self.clients += [Scaler(self, f"s{k}", all_of_them) for k in range(scalers)]

    def start(self):
        for client in self.clients:
            client.start()

    def write_down(self, record):
        with self.lock:
            self.history.append(record)
            self.file.write(json.dumps(record) + "\n")

    def stop(self):
        self.stopping = True
        for client in self.clients:
            client.join()
        self.file.close()

    def acknowledged(self, since=0.0):
        """When writes were acknowledged."""
        with self.lock:
            return sorted(r["ended"] for r in self.history
                          if r["outcome"] == "ok" and r["op"] in ("create", "update", "delete") and
                          r["ended"] >= since)

    def longest_gap(self, since):
        times = [since, *self.acknowledged(since)]
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))

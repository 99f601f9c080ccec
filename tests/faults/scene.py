"""One run of one fault: a cluster, a load, the fault, and what the judge says afterwards."""
import contextlib
import http.client
import random
import signal
import time

import judge
from cluster import until
from ground import Ground, Loopback
from load import PATHS, SET, Load
from members import Members
from watching import Watcher, events_of

WATCHED = {**PATHS, "pods": "/api/v1/namespaces/default/pods"}
EVICTOR = "node-controller"


class Skip(Exception):
    """This cannot be done here, and why."""


class Eye(Watcher):
    def __init__(self, members, kind, master):
        self.kind = kind
        self.start_at = int(members.get(WATCHED[kind])["metadata"]["resourceVersion"])
        self.until = 0
        super().__init__(members, WATCHED[kind], self.start_at, master)


class Scene:
    options = ("--keyframe-entries", "400")

    def __init__(self, seed, dir, wires, sandboxed, options=(), disks=None, **load):
        self.random = random.Random(seed)
        self.seed, self.dir = seed, dir
        self.began = self.rejoined = None
        self.notes = []
        self.evictions = False  # whether the fault is to have pods evicted
        self.ground = Ground() if wires else Loopback(own=sandboxed)
        self.members = Members(self.ground, dir, options=[*self.options, *options], disks=disks)
        self.load = Load(self.members, seed, dir / "history.jsonl", **load)
        self.eyes = [Eye(self.members, kind, master) for kind in WATCHED
                     for master in range(1, self.members.masters + 1)]

    # What a fault does.

    def leader(self):
        return self.members.leader()

    def follower(self):
        return self.random.choice(self.others(self.leader()))

    def others(self, name):
        return [m for m in self.members.names() if m != name]

    def nodes(self):
        return [name for name in self.members.argv if name.startswith("n")]

    def strike(self):
        """From here on the longest time without an acknowledged write counts."""
        self.began = time.monotonic()

    def hold(self, shortest, longest=None):
        seconds = self.random.uniform(shortest, longest or shortest)
        time.sleep(seconds)
        return seconds

    def kill(self, *names):
        for name in names:
            self.members.kill(name)

    def stop(self, *names):
        """As an operator does: asked, and waited for."""
        for name in names:
            code = self.members.kill(name, signal.SIGTERM)
            assert code == 0, f"{name} ended with {code}"

    def start(self, *names):
        for name in names:
            self.members.start(name)

    @contextlib.contextmanager
    def paused(self, *names):
        for name in names:
            self.members.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.members.kill(name, signal.SIGCONT)

    def rejoin(self, *names, seconds=60):
        """Until those that were struck know everything that was known when they were let back; how long
        that took is their rejoin time."""
        began = time.monotonic()
        known = until(lambda: max(self.revision_of(m) for m in self.members.names()), seconds, 0.02)
        for name in names or self.members.names():
            self.members.agree_from(self.members.seat(name), known, seconds)
        self.rejoined = time.monotonic() - began

    def revision_of(self, name):
        try:
            return self.members.get("/logship/status", self.members.seat(name))["revision"]
        except (OSError, AssertionError, http.client.HTTPException):
            return 0

    def writes_go_on(self, count=20, seconds=60):
        """So many more writes were acknowledged, from now on."""
        now = time.monotonic()
        until(lambda: len(self.load.acknowledged(now)) >= count, seconds)

    def note(self, text):
        self.notes.append(text)

    # The run.

    def run(self, play):
        until(lambda: len(self.converged_pods()) == 4)
        self.load.start()
        self.writes_go_on(60)
        play(self)
        self.writes_go_on(40)
        self.load.stop()
        return self.judged()

    def converged_pods(self):
        """The pods of the replica set, if they are as many as it wants and all run."""
        wanted = self.members.get(f"{PATHS['replicasets.apps']}/{SET}")
        pods = self.members.get(WATCHED["pods"])["items"]
        assert len(pods) == wanted["spec"]["replicas"] == wanted["status"].get("readyReplicas", 0)
        for pod in pods:
            assert pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
        return pods

    def quiet(self):
        """All masters at one revision with one digest, and so for a while."""
        until(self.converged_pods)

        def still():
            before = self.members.agree()
            time.sleep(0.4)
            return before if self.members.agree() == before else None
        return until(still)

    def judged(self):
        digest = self.quiet()
        events = [e for e in events_of(self.members) if "revision" in e]  # the others are about seats
        lost, wrong = judge.Judge(self.load.history, events).verdict()
        for eye in self.eyes:
            eye.until = max((e["revision"] for e in events if e["kind"] == eye.kind), default=0)
            eye.stop_at(eye.until)
        unseen = judge.watch_violations(self.eyes, events)
        broken = self.replays(digest) + self.hasty(events) + strangers(events)
        outcomes = [r["outcome"] for r in self.load.history if r["op"] in judge.WRITES]
        return {"acknowledged": outcomes.count("ok"), "unknown": outcomes.count("unknown"),
                "refused": outcomes.count("refused"), "operations": len(self.load.history),
                "lost": len(lost), "linearizability": len(wrong), "watch": len(unseen),
                "gap": round(self.load.longest_gap(self.began), 3),
                "rejoin": None if self.rejoined is None else round(self.rejoined, 3),
                "broken": len(broken), "notes": self.notes,
                "violations": (lost + wrong + unseen + broken)[:20]}

    def replays(self, digest):
        """Masters whose log does not fold to the state that they all serve."""
        found = []
        for name in self.members.names():
            out = self.members.logship("replay", "--dir", self.dir / name, "--until",
                                       digest["revision"], "--digest").stdout
            if digest["digest"] not in out:
                found.append(f"the log of {name} folds to {out.strip()}, not to {digest}")
        return found

    def hasty(self, events):
        """Pods that were evicted, though no node was ever away long enough."""
        if self.evictions:
            return []
        return [f"{e['name']} was evicted at {e['revision']}" for e in events
                if e["kind"] == "pods" and e["event"] == "DeletionRequested" and
                EVICTOR in e["who"]]

    def close(self):
        self.load.stopping = True
        self.members.close()


def strangers(events):
    """Reports about pods from nodes that they were never bound to."""
    bound, found = {}, []
    for e in events:
        if e["kind"] != "pods":
            continue
        if e["event"] == "Bound":
            bound[e["name"]] = f"system:node:{e['node']}"
        elif e["who"].startswith("system:node:") and e["who"] != bound.get(e["name"]):
            found.append(f"{e['who']} reports on {e['name']} at {e['revision']}")
    return found


def reachable(members, number):
    """Whether this master confirms reads now."""
    try:
        return members.call("GET", PATHS["configmaps"], master=number, timeout=1)[0] == 200
    except (OSError, http.client.HTTPException):
        return False

"""Watchers that go on after every interruption, as a client library does, and remember what they saw."""
import http.client
import json
import threading
import time


def watch_lines(cluster, path, revision, master=1, timeout=20):
    """Yields the events of one watch request until the connection ends."""
    connection = cluster.connect(master, timeout)
    try:
        sign = "&" if "?" in path else "?"
        connection.request("GET", f"{path}{sign}watch=1&resourceVersion={revision}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"watch: {answer.status} {answer.read()[:300]}")
        while line := answer.readline():
            yield json.loads(line)
    finally:
        connection.close()


class Watcher(threading.Thread):
    """Sees every event from a revision on, over as many connections as it takes: after an end it asks
    the next master for what follows the last revision it saw."""

    def __init__(self, cluster, path, revision, master=1):
        super().__init__(daemon=True)
        self.cluster, self.path, self.last, self.master = cluster, path, int(revision), master
        self.seen = []  # (revision, type, name)
        self.connections = 0
        self.trouble = None
        self.stopping = False
        self.start()

    def take(self, event):
        """False: the end."""
        if event["type"] == "ERROR":
            self.trouble = event["object"]
            return False
        meta = event["object"]["metadata"]
        if event["type"] != "BOOKMARK":
            self.seen.append((int(meta["resourceVersion"]), event["type"], meta["name"]))
        self.last = max(self.last, int(meta["resourceVersion"]))
        return not self.stopping

    def run(self):
        while not self.stopping and not self.trouble:
            try:
                self.connections += 1
                for event in watch_lines(self.cluster, self.path, self.last, self.master):
                    if not self.take(event):
                        return
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.1)
            self.master = self.master % self.cluster.masters + 1

    def stop_at(self, revision, seconds=60):
        """Waits until it saw this revision, and ends it; what it saw up to there."""
        deadline = time.monotonic() + seconds
        while self.last < revision and not self.trouble and time.monotonic() < deadline:
            time.sleep(0.02)
        self.stopping = True
        return [s for s in self.seen if s[0] <= revision]


def events_of(cluster, *words):
    """What logship log says, decoded."""
    out = cluster.logship("log", "--dir", cluster.dir, "-o", "json", *words).stdout
    return [json.loads(line) for line in out.splitlines()]


WATCH_TYPE = {"Created": "ADDED", "Removed": "DELETED"}


def logged(cluster, kind, since=1, namespace="default"):
    """What a watch of this kind must have seen, told by the log."""
    events = events_of(cluster, "--kind", kind, "--namespace", namespace, "--since", since)
    return [(e["revision"], WATCH_TYPE.get(e["event"], "MODIFIED"), e["name"]) for e in events]

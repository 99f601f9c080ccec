"""Very many watchers, and one that never reads."""
import re
import selectors
import socket
import ssl
import threading
import time

from cluster import config_map, until
from kinds import kind
from load import PATHS
from watching import WATCH_TYPE, events_of

CONFIG_MAPS = PATHS["configmaps"]
EVERYWHERE = "/api/v1/configmaps"
ELSEWHERE = "/api/v1/namespaces/kube-public/configmaps"
WATCHERS = 1000
CHANGES = 50
LARGE, LARGE_BYTES = 40, 200_000  # more than kernels keep for a connection
EVENT = re.compile(rb'"type":"([A-Z]+)".*?"resourceVersion":"(\d+)"')
GROWTH_MIB = 96


class Plain:
    """A watcher as cheap as can be: a socket, and the revisions of the events that came."""

    def __init__(self, members, master, path, revision, buffer=None):
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(20)
        raw.connect((members.ground.address(f"m{master}"), members.port + master - 1))
        self.socket = members.tls().wrap_socket(raw)
        self.port = self.socket.getsockname()[1]
        self.socket.sendall(f"GET {path}?watch=1&resourceVersion={revision} HTTP/1.1\r\n"
                            "Host: x\r\n\r\n".encode())
        self.seen, self.rest, self.ended = [], b"", False

    def take(self):
        try:
            while data := self.socket.recv(65536):
                lines = (self.rest + data).split(b"\n")
                self.rest = lines.pop()
                for line in lines:
                    if match := EVENT.search(line):
                        self.seen.append((int(match[2]), match[1].decode()))
            self.ended = True
        except (ssl.SSLWantReadError, TimeoutError):
            pass
        except OSError:
            self.ended = True


class Collector(threading.Thread):
    """Reads from all of them, until it is told the revision of the last event and each has seen it."""

    def __init__(self, watchers):
        super().__init__(daemon=True)
        self.waiting, self.last = set(watchers), None
        self.selector = selectors.DefaultSelector()
        for w in watchers:
            w.socket.setblocking(False)
            self.selector.register(w.socket, selectors.EVENT_READ, w)
        self.start()

    def run(self):
        while self.waiting:
            for key, _ in self.selector.select(0.2):
                key.data.take()
                if key.data.ended:
                    self.selector.unregister(key.fileobj)
            if self.last:
                self.waiting = {w for w in self.waiting
                                if not w.ended and (not w.seen or w.seen[-1][0] < self.last)}


def resident(pid):
    """MiB"""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def holds(pid, port):
    """Whether a process's host has an established connection to a client's port."""
    with open(f"/proc/{pid}/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return any(int(r[2].rpartition(":")[2], 16) == port and r[3] == "01" for r in rows)


def make(m, path, name, text):
    status, made = m.call("POST", path, config_map(name, text=text), timeout=10)
    assert status == 201, status
    return int(made["metadata"]["resourceVersion"])


def changes(m):
    """Config maps come and go; the revision of the last change."""
    for k in range(CHANGES):
        make(m, CONFIG_MAPS, f"many-{k}", "x" * 2000)
    for k in range(CHANGES):
        assert m.call("DELETE", f"{CONFIG_MAPS}/many-{k}", timeout=10)[0] == 200
    return make(m, CONFIG_MAPS, "last", "x")


def check_seen(s, many, start, last):
    told = [(e["revision"], WATCH_TYPE.get(e["event"], "MODIFIED"))
            for e in events_of(s.members, "--kind", "cm", "--namespace", "default",
                               "--since", start + 1)]
    told = [t for t in told if t[0] <= last]
    wrong = [w for w in many if [e for e in w.seen if e[0] <= last] != told]
    assert not wrong, f"{len(wrong)} watchers missed something: {wrong[0].seen[-3:]}, {told[-3:]}"
    s.note(f"{len(many)} saw {len(told)} events each")


@kind("watchers", f"{WATCHERS} watchers besides one that never reads",
      load={"writers": 1, "readers": 0, "scalers": 0, "pause": 0.03})
def watchers(s):
    m = s.members
    before = {name: resident(m.pids()[name]) for name in m.names()}
    start = int(m.get(CONFIG_MAPS)["metadata"]["resourceVersion"])
    s.strike()
    deaf = Plain(m, 1, EVERYWHERE, start, buffer=4096)
    assert holds(m.pids()["m1"], deaf.port)
    for k in range(LARGE):
        make(m, ELSEWHERE, f"large-{k}", "x" * LARGE_BYTES)
    many = [Plain(m, k % m.masters + 1, CONFIG_MAPS, start) for k in range(WATCHERS)]
    collector = Collector(many)
    collector.last = changes(m)
    collector.join(60)
    check_seen(s, many, start, collector.last)
    grown = max(resident(m.pids()[name]) - before[name] for name in m.names())
    s.note(f"masters grew by at most {grown:.0f} MiB")
    assert grown < GROWTH_MIB, "what waits for watchers is bounded"
    until(lambda: not holds(m.pids()["m1"], deaf.port), 60)
    s.note(f"the one that never reads was let go after {time.monotonic() - s.began:.0f} s")
    for w in (*many, deaf):
        w.socket.close()

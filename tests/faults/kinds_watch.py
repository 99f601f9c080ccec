"""Very many watchers, and one that never reads."""
import collections
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
        raw.settimeout(60)
        raw.connect((members.ground.address(f"m{master}"), members.port + master - 1))
        self.socket = members.tls().wrap_socket(raw)
        self.port = self.socket.getsockname()[1]
        self.socket.sendall(f"GET {path}?watch=1&resourceVersion={revision} HTTP/1.1\r\n"
                            "Host: x\r\n\r\n".encode())
        self.seen, self.ended = [], False
        self.rest, self.line, self.headed = b"", b"", False

    def take(self):
        try:
            while data := self.socket.recv(65536):
                self.rest += data
                self.unpack()
            self.ended = True
        except (ssl.SSLWantReadError, TimeoutError):
            pass
        except OSError:
            self.ended = True

    def unpack(self):
        """Chunks end where they like, lines with an event."""
        if not self.headed:
            head, self.headed, rest = self.rest.partition(b"\r\n\r\n")
            self.rest = rest if self.headed else head
        while self.headed and (end := self.rest.find(b"\r\n")) >= 0:
            begin, size = end + 2, int(self.rest[:end], 16)
            if len(self.rest) < begin + size + 2:
                return
            lines = (self.line + self.rest[begin:begin + size]).split(b"\n")
            self.rest, self.line = self.rest[begin + size + 2:], lines.pop()
            self.seen += [(int(m[2]), m[1].decode()) for m in map(EVENT.search, lines) if m]


class Collector(threading.Thread):
    """Reads from all that it is given, until it is told the revision of the last event and each has seen it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.fresh, self.waiting, self.last = collections.deque(), set(), None
        self.selector = selectors.DefaultSelector()
        self.start()

    def add(self, watcher):
        watcher.socket.setblocking(False)
        self.fresh.append(watcher)
        return watcher

    def run(self):
        while not self.last or self.waiting or self.fresh:
            while self.fresh:
                watcher = self.fresh.popleft()
                self.waiting.add(watcher)
                self.selector.register(watcher.socket, selectors.EVENT_READ, watcher)
            for key, _ in self.selector.select(0.05):
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
    status, made = m.insist("POST", path, config_map(name, text=text), timeout=10)
    if status == 409:  # carried out, but nobody said so
        made = until(lambda: m.get(f"{path}/{name}"))
    return int(made["metadata"]["resourceVersion"])


def changes(m):
    """Config maps come and go; the revision of the last change."""
    for k in range(CHANGES):
        make(m, CONFIG_MAPS, f"many-{k}", "x" * 2000)
    for k in range(CHANGES):
        assert m.insist("DELETE", f"{CONFIG_MAPS}/many-{k}", timeout=10)[0] in (200, 404)
    return make(m, CONFIG_MAPS, "last", "x")


def missed(watcher, told):
    at = next((k for k, (a, b) in enumerate(zip(watcher.seen, told)) if a != b), len(watcher.seen))
    return f"saw {watcher.seen[at:at + 3]} where the log has {told[at:at + 3]}, ended: {watcher.ended}"


def check_seen(s, many, start, last):
    told = [(e["revision"], WATCH_TYPE.get(e["event"], "MODIFIED"))
            for e in events_of(s.members, "--kind", "cm", "--namespace", "default",
                               "--since", start + 1)]
    told = [t for t in told if t[0] <= last]
    wrong = [w for w in many if [e for e in w.seen if e[0] <= last] != told]
    assert not wrong, f"{len(wrong)} watchers missed something: {missed(wrong[0], told)}"
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
    collector = Collector()
    many = [collector.add(Plain(m, k % m.masters + 1, CONFIG_MAPS, start)) for k in range(WATCHERS)]
    collector.last = changes(m)
    collector.join(90)
    check_seen(s, many, start, collector.last)
    grown = max(resident(m.pids()[name]) - before[name] for name in m.names())
    s.note(f"masters grew by at most {grown:.0f} MiB")
    assert grown < GROWTH_MIB, "what waits for watchers is bounded"
    until(lambda: not holds(m.pids()["m1"], deaf.port))
    s.note(f"the one that never reads was let go after {time.monotonic() - s.began:.0f} s")
    for w in (*many, deaf):
        w.socket.close()

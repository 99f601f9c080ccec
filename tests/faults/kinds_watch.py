"""Very many watchers, and one that never reads."""
import os
import re
import selectors
import socket
import ssl
import threading

from cluster import config_map, until
from kinds import kind
from load import PATHS
from watching import WATCH_TYPE, events_of

CONFIG_MAPS = PATHS["configmaps"]
WATCHERS = 1000
CHANGES = 60
EVENT = re.compile(rb'"type":"([A-Z]+)".*?"resourceVersion":"(\d+)"')
GROWTH_MIB = 96


class Plain:
    """A watcher as cheap as can be: a socket, and the revisions of the events that came."""

    def __init__(self, members, master, revision, buffer=None):
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(20)
        raw.connect((members.ground.address(f"m{master}"), members.port + master - 1))
        self.socket = members.tls().wrap_socket(raw)
        self.socket.sendall(f"GET {CONFIG_MAPS}?watch=1&resourceVersion={revision} HTTP/1.1\r\n"
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


def sockets(pid):
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{fd}").startswith("socket") for fd in os.listdir(folder))


def changes(m):
    """Large config maps come and go; the revision of the last change."""
    for k in range(CHANGES):
        status, _ = m.call("POST", CONFIG_MAPS, config_map(f"large-{k}", text="x" * 20_000), timeout=10)
        assert status == 201, status
    for k in range(CHANGES):
        assert m.call("DELETE", f"{CONFIG_MAPS}/large-{k}", timeout=10)[0] == 200
    status, made = m.call("POST", CONFIG_MAPS, config_map("last"), timeout=10)
    return int(made["metadata"]["resourceVersion"])


@kind("watchers", f"{WATCHERS} watchers besides one that never reads",
      load={"writers": 1, "readers": 0, "scalers": 0, "pause": 0.2})
def watchers(s):
    m = s.members
    start = int(m.get(CONFIG_MAPS)["metadata"]["resourceVersion"])
    many = [Plain(m, k % m.masters + 1, start) for k in range(WATCHERS)]
    collector = Collector(many)
    before = {name: resident(m.pids()[name]) for name in m.names()}
    held = sockets(m.pids()["m1"])
    deaf = Plain(m, 1, start, buffer=4096)
    s.strike()
    last = changes(m)
    collector.last = last
    collector.join(60)
    told = [(e["revision"], WATCH_TYPE.get(e["event"], "MODIFIED"))
            for e in events_of(m, "--kind", "cm", "--namespace", "default", "--since", start + 1)]
    told = [t for t in told if t[0] <= last]
    wrong = [w for w in many if [e for e in w.seen if e[0] <= last] != told]
    assert not wrong, f"{len(wrong)} watchers missed something: {wrong[0].seen[-3:]}, {told[-3:]}"
    grown = max(resident(m.pids()[name]) - before[name] for name in m.names())
    s.note(f"{len(told)} events each; masters grew by at most {grown:.0f} MiB")
    assert grown < GROWTH_MIB, "what waits for watchers is bounded"
    until(lambda: sockets(m.pids()["m1"]) <= held, 60)  # the one that never reads was let go
    deaf.socket.close()

"""The cluster of a run: what `logship up` would start, each process at a host of its own."""
import http.client
import os
import shutil
import signal
import subprocess
import time

from cluster import LOGSHIP, Cluster, alive, until
from ground import die_with_parent


TUNING = ("--election-ms", "--node-grace-ms", "--keyframe-entries", "--edges")


def command_line(pid):
    """What a process was started with; nothing while it is still `logship up`, or no more."""
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            words = f.read().split("\0")[1:-1]
    except OSError:
        return None
    return [LOGSHIP, *words] if words and words[0] != "up" else None


class Adopted:
    """A process that `logship` has started itself, handled as one of our children."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def send_signal(self, how):
        os.kill(self.pid, how)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def poll(self):
        return None if alive(self.pid) else 0

    def wait(self, seconds=60):
        until(lambda: not alive(self.pid), seconds, 0.01)
        return 0


class Members(Cluster):
    """`logship up` makes the directory and shows how it starts each process; then they are started
    anew, with their own hosts' addresses, as children that this can kill, pause and start."""

    def __init__(self, ground, dir, nodes=3, options=(), disks=None):
        self.ground, self.processes = ground, {}
        self.context = None
        self.holders = None  # the master in each seat
        super().__init__("--nodes", nodes, "--runtime", "sim", *options, dir=dir)
        self.holders = [f"m{k}" for k in range(1, self.masters + 1)]
        self.argv = self.taken_over()
        for name in self.argv:
            ground.add(name)
        self.argv = {name: [self.moved(word) for word in words]
                     for name, words in self.argv.items()}
        if disks:
            disks(self)
        for name in self.argv:
            self.start(name)
        until(lambda: self.status().get("leader"))
        self.nodes_ready(nodes)

    def taken_over(self):
        """The command line of each process; they themselves and what they wrote are gone."""
        pids = super().pids()
        argv = {name: until(lambda p=pid: command_line(p)) for name, pid in pids.items()}
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in pids.items():
            until(lambda p=pid: not command_line(p))
            shutil.rmtree(self.dir / name, ignore_errors=True)
            (self.dir / "logs" / f"{name}.log").unlink()
        return argv

    def moved(self, word):
        """127.0.0.1:PORT, where the port is a master's, at that master's host."""
        host, _, port = word.rpartition(":")
        if host != "127.0.0.1":
            return word
        return f"{self.ground.address(f'm{(int(port) - self.port) % 100 + 1}')}:{port}"

    def start(self, name):
        with open(self.dir / "logs" / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                self.ground.command(name, self.argv[name]), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def kill(self, name, how=signal.SIGKILL):
        self.processes[name].send_signal(how)
        if how in (signal.SIGKILL, signal.SIGTERM):
            return self.processes[name].wait(60)
        return None

    def replace(self, name):
        """`logship master replace`, of one that is gone with all it had; who has its seat then."""
        tuning = [w for k in range(0, len(self.options), 2) if self.options[k] in TUNING
                  for w in self.options[k:k + 2]]
        self.logship("master", "replace", "--dir", self.dir, name, *tuning)
        self.processes.pop(name)
        self.argv.pop(name)
        (new, pid), = [(n, p) for n, p in super().pids().items() if n not in self.processes]
        self.holders[self.seat(name) - 1] = new
        self.processes[new], self.argv[new] = Adopted(pid), until(lambda: command_line(pid))
        return new

    def ended(self, name):
        return self.processes[name].poll() is not None

    def seat(self, name):
        return (int(name[1:]) - 1) % self.masters + 1

    def running(self, name):
        return not self.ended(name)

    def pids(self):
        return {name: p.pid for name, p in self.processes.items()}

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        for s in self.held:
            s.close()

    def tls(self):
        if not self.context:
            self.context = super().tls()
            self.context.check_hostname = False  # the certificates name the loopback address
        return self.context

    def connect(self, master=1, timeout=20):
        return http.client.HTTPSConnection(self.ground.address(f"m{master}"),
                                           self.port + master - 1, context=self.tls(),
                                           timeout=timeout)

    def call(self, *words, timeout=10, **more):
        return super().call(*words, timeout=timeout, **more)

    def names(self):
        return list(self.holders)

    def agree_from(self, number, revision, seconds=60):
        """Seconds until this master has a leader and knows everything up to a revision."""
        began = time.monotonic()

        def there():
            status = self.get("/logship/status", master=number)
            return status.get("leader") and status["revision"] >= revision
        until(there, seconds, 0.02)
        return time.monotonic() - began

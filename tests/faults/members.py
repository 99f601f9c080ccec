"""The cluster of a run: what `logship up` would start, each process at a host of its own."""
import http.client
import os
import shutil
import signal
import subprocess
import time

from cluster import LOGSHIP, Cluster, until
from ground import die_with_parent


def command_line(pid):
    """What a process was started with; nothing while it is still `logship up`, or no more."""
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            words = f.read().split("\0")[1:-1]
    except OSError:
        return None
    return [LOGSHIP, *words] if words and words[0] != "up" else None


class Members(Cluster):
    """`logship up` makes the directory and shows how it starts each process; then they are started
    anew, with their own hosts' addresses, as children that this can kill, pause and start."""

    def __init__(self, ground, dir, nodes=3, options=(), disks=None):
        self.ground, self.processes = ground, {}
        self.context = None
        super().__init__("--nodes", nodes, "--runtime", "sim", *options, dir=dir)
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
        if how == signal.SIGKILL:
            self.processes[name].wait()

    def ended(self, name):
        return self.processes[name].poll() is not None

    def pids(self):
        return {name: p.pid for name, p in self.processes.items()}

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def tls(self):
        if not self.context:
            self.context = super().tls()
            self.context.check_hostname = False  # the certificates name the loopback address
        return self.context

    def connect(self, master=1, timeout=20):
        return http.client.HTTPSConnection(self.ground.address(f"m{master}"),
                                           self.port + master - 1, context=self.tls(),
                                           timeout=timeout)

    def call(self, *words, timeout=3, **more):
        return super().call(*words, timeout=timeout, **more)

    def names(self):
        return [f"m{k}" for k in range(1, self.masters + 1)]

    def agree_from(self, number, revision, seconds=60):
        """Seconds until this master has a leader and knows everything up to a revision."""
        began = time.monotonic()

        def there():
            status = self.get("/logship/status", master=number)
            return status.get("leader") and status["revision"] >= revision
        until(there, seconds, 0.02)
        return time.monotonic() - began

"""What the processes of one run stand on: hosts in network namespaces of their own, one bridge between
them, and the ways to break the wires. The run sits in a sandbox (see `run`): its namespaces, mounts and
processes end with it, however it ends."""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NET = "10.77.0"
CLIENTS = "clients"
TABLE = """
table inet faults
delete table inet faults
table inet faults {
  set deaf_to { type ipv4_addr; }
  chain hears {
    type filter hook input priority 0; policy accept;
    ip saddr @deaf_to drop
  }
}
"""


def shell(*words, stdin=None, check=True):
    done = subprocess.run([str(w) for w in words], input=stdin, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def die_with_parent():
    """Between fork and exec: nobody outlives who started it."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Loopback:
    """Everything on 127.0.0.1, and no wire to break: where there are no namespaces, or where `logship` is
    to reach the masters by the addresses it gave them. `own`: it is the sandbox's."""
    wires = False

    def __init__(self, own=False):
        if own:
            shell("ip", "link", "set", "lo", "up")

    def add(self, name):
        pass

    def address(self, name):
        return "127.0.0.1"

    def command(self, name, words):
        return words

    def heal(self):
        pass


class Ground:
    """Hosts by name. The clients' host is the sandbox itself, and has the bridge."""
    wires = True

    def __init__(self):
        self.holders = {}
        self.numbers = {CLIENTS: 100}
        self.blocked = set()
        shell("ip", "link", "set", "lo", "up")
        shell("ip", "link", "add", "bridge0", "type", "bridge")
        shell("ip", "address", "add", f"{self.address(CLIENTS)}/24", "dev", "bridge0")
        shell("ip", "link", "set", "bridge0", "up")
        shell("nft", "-f", "-", stdin=TABLE)

    def address(self, name):
        return f"{NET}.{self.numbers[name]}"

    def add(self, name):
        """A host: a namespace that a sleeping process holds, and a wire to the bridge."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"],
                                  preexec_fn=die_with_parent)
        self.holders[name] = holder.pid
        self.numbers[name] = len(self.numbers)
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == ours:
            time.sleep(0.002)
        shell("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns",
              holder.pid)
        shell("ip", "link", "set", f"to-{name}", "master", "bridge0", "up")
        for words in (["address", "add", f"{self.address(name)}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            self.at(name, "ip", *words)
        self.at(name, "nft", "-f", "-", stdin=TABLE)

    def command(self, name, words):
        if name == CLIENTS:
            return words
        return ["nsenter", "--net", f"--target={self.holders[name]}", "--", *words]

    def at(self, name, *words, **more):
        return shell(*self.command(name, list(words)), **more)

    def block(self, sender, receiver):
        """What one sends the other does not hear; the packets vanish on their way in."""
        self.blocked.add((sender, receiver))
        self.at(receiver, "nft", "add", "element", "inet", "faults", "deaf_to",
                "{", self.address(sender), "}")

    def cut(self, ones, others):
        """No word passes between the two groups."""
        for a in ones:
            for b in others:
                self.block(a, b)
                self.block(b, a)

    def heal(self):
        for receiver in {r for _, r in self.blocked}:
            self.at(receiver, "nft", "flush", "set", "inet", "faults", "deaf_to")
        self.blocked.clear()

    def worsen(self, names, seed, delay_ms, loss_percent):
        """The wires of these hosts are cut through and joined again by a bad one (wire.py)."""
        ends = []
        for name in names:
            ours, far = f"near-{name}", f"far-{name}"
            shell("ip", "link", "add", ours, "type", "veth", "peer", "name", far)
            shell("ip", "link", "set", ours, "up")
            shell("ip", "link", "set", far, "master", "bridge0", "up")
            ends += [f"to-{name}", ours]
        words = [sys.executable, HERE / "wire.py", seed, delay_ms, loss_percent, *ends]
        self.wire = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE,
                                     preexec_fn=die_with_parent)
        self.wire.stdout.readline()
        for name in names:
            shell("ip", "link", "set", f"to-{name}", "nomaster")

    def mend(self, names):
        for name in names:
            shell("ip", "link", "set", f"to-{name}", "master", "bridge0")
            shell("ip", "link", "delete", f"near-{name}")
        self.wire.kill()
        self.wire.wait()


def disk_make(image, at, mib):
    """A small filesystem of its own at a directory: ext4 in a file, or a tmpfs where there are no loop
    devices. Says which."""
    pathlib.Path(at).mkdir(exist_ok=True)
    with open(image, "wb") as f:
        f.truncate(mib << 20)
    made = shell("mkfs.ext4", "-q", "-m", "0", image, check=False)
    if made.returncode == 0:
        made = shell("mount", "-o", "loop", image, at, check=False)
    if made.returncode == 0:
        return "ext4"
    os.unlink(image)
    shell("mount", "-t", "tmpfs", "-o", f"size={mib}m", "faults", at)
    return "tmpfs"

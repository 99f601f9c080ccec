"""A cluster of real processes for one test, and the ways a user reaches it."""
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LOGSHIP = os.environ.get("LOGSHIP", str(HERE.parent.parent / "build" / "logship"))


def kubectl_120():
    return subprocess.run([HERE / "get-kubectl-1.20"], check=True, capture_output=True,
                          text=True).stdout.strip()


def kubectl_current():
    """A kubectl newer than 1.20, where the machine has one; else None."""
    path = shutil.which("kubectl")
    if not path:
        return None
    out = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True,
                         text=True).stdout
    return None if '"v1.20' in out or not out else path


def hold_ports():
    """(base, sockets): base..base+2, base+100.. and base+200.. belong to whoever holds the sockets. They are
    bound for themselves alone, so that no other test gets them and no connection of anybody's begins
    there while a master is down; that they may be shared is said afterwards, for the masters' sake."""
    bases = list(range(10000, 60000, 300))
    random.SystemRandom().shuffle(bases)
    for base in sorted(bases, key=lambda b: b > 32000):  # first those which no system gives to clients
        held = []
        try:
            for port in [base + k + offset for offset in (0, 100, 200) for k in range(3)]:
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
        except OSError:
            for s in held:
                s.close()
            continue
        for s in held:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return base, held
    raise RuntimeError("no free ports")


def alive(pid):
    """Whether a process, or a thread of it, still runs: not so when only its parent has not looked yet."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def until(what, seconds=60.0, every=0.05):
    """Calls what() until it returns something true; returns it. Exceptions count as not yet. The patience is
    for machines that have a lot to do: how fast something is, this does not tell."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            got = what()
            if got:
                return got
            trouble = None
        except (AssertionError, OSError, KeyError, IndexError, ValueError,
                http.client.HTTPException, subprocess.SubprocessError) as e:
            trouble = e
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {seconds} s: {trouble or what}")
        time.sleep(every)


class Cluster:
    """logship up in a temporary directory; every process is killed at the end."""

    def __init__(self, *options, masters=3, dir=None):
        self.dir = pathlib.Path(dir or tempfile.mkdtemp(prefix="logship-e2e-"))
        self.port, self.held = hold_ports()
        self.masters = masters
        self.options = list(options)
        self.kubeconfig = self.dir / "kubeconfig"
        try:
            self.up()
        except BaseException:
            self.close()
            raise

    def up(self, *more):
        return self.logship("up", "--dir", self.dir, "--masters", self.masters, "--api-port",
                            self.port, "--detach", *self.options, *more)

    def logship(self, *words, check=True, timeout=120):
        done = subprocess.run([LOGSHIP, *map(str, words)], capture_output=True, text=True,
                              timeout=timeout)
        if check and done.returncode:
            raise AssertionError(f"logship {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def pids(self):
        lines = (self.dir / "pids").read_text().split("\n")
        return {l.split()[0]: int(l.split()[1]) for l in lines if l.strip()}

    def kill(self, name, how=signal.SIGKILL):
        """After SIGKILL it is gone, and what it had open with it: it can be started again at once."""
        pid = self.pids()[name]
        os.kill(pid, how)
        if how == signal.SIGKILL:
            until(lambda: not alive(pid))

    def running(self, name):
        return alive(self.pids()[name])

    def close(self):
        try:
            self.end()
        finally:
            for s in self.held:
                s.close()
            if os.environ.get("KEEP"):
                print("kept", self.dir)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def end(self):
        """Every process, also those that are paused."""
        if (self.dir / "pids").exists():
            for pid in self.pids().values():
                try:
                    os.kill(pid, signal.SIGCONT)
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        self.logship("down", "--dir", self.dir, check=False)

    # The API, plainly.

    def tls(self):
        context = ssl.create_default_context(cafile=self.dir / "pki/ca.crt")
        context.load_cert_chain(self.dir / "pki/admin.crt", self.dir / "pki/admin.key")
        return context

    def connect(self, master=1, timeout=20):
        return http.client.HTTPSConnection("127.0.0.1", self.port + master - 1,
                                           context=self.tls(), timeout=timeout)

    def call(self, method, path, body=None, master=1, headers=None, timeout=20):
        """(status, decoded JSON or text)"""
        connection = self.connect(master, timeout)
        try:
            if body is not None and not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text
        finally:
            connection.close()

    def get(self, path, master=1):
        status, body = self.call("GET", path, master=master)
        assert status == 200, (status, body)
        return body

    def status(self, master=None):
        for k in [master] if master else range(1, self.masters + 1):
            try:
                return self.get("/logship/status", master=k)
            except (OSError, AssertionError, http.client.HTTPException):
                continue
        return {}

    def leader(self):
        """Who leads, by its own word: others may not have heard yet that it is gone."""
        def sure():
            name = self.status()["leader"] or ""
            seat = (int(name[1:]) - 1) % self.masters + 1
            return name if self.get("/logship/status", master=seat)["leader"] == name else None
        return until(sure)

    def insist(self, method, path, body=None, **more):
        """Asks one master after the other until it is carried out or refused: (status, body). What was
        carried out without an answer is refused the second time."""
        def told():
            for master in range(1, self.masters + 1):
                try:
                    status, got = self.call(method, path, body, master=master, **more)
                except (OSError, http.client.HTTPException):
                    continue
                if status < 500 and status != 429:
                    return status, got
            return None
        return until(told)

    def nodes_ready(self, count):
        def ready():
            nodes = self.get("/api/v1/nodes")["items"]
            good = [n for n in nodes for c in n["status"].get("conditions", [])
                    if c["type"] == "Ready" and c["status"] == "True"]
            return len(good) >= count
        until(ready)

    # kubectl, as a user types it.

    def kubectl(self, *words, kubectl=None, master=None, stdin=None, check=True, timeout=120):
        context = ["--context", f"m{master}"] if master else []
        done = subprocess.run([kubectl or kubectl_120(), *context, *map(str, words)],
                              capture_output=True, text=True, timeout=timeout, input=stdin,
                              env={**os.environ, "KUBECONFIG": str(self.kubeconfig),
                                   "HOME": str(self.dir)})
        if check and done.returncode:
            raise AssertionError(f"kubectl {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def apply(self, manifest, **more):
        return self.kubectl("apply", "-f", "-", stdin=manifest, **more)

    def digest(self, master):
        return self.get("/logship/digest", master=master)

    def agree(self, seconds=60):
        """All masters at one revision with one digest; that."""
        def same():
            digests = [self.digest(k) for k in range(1, self.masters + 1)]
            return digests[0] if all(d == digests[0] for d in digests) else None
        return until(same, seconds)

    def quiet(self):
        """As agree(), and for a while nothing has changed any more."""
        def still():
            before = self.agree()
            time.sleep(0.7)
            return before if self.agree() == before else None
        return until(still)

    def serve_past(self, test, revision=None):
        """`logship replay --serve` until the test is over; its host and port."""
        until_ = ["--until", str(revision)] if revision else []
        server = subprocess.Popen([LOGSHIP, "replay", "--dir", self.dir, *until_, "--serve",
                                   "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        test.addCleanup(lambda: (server.kill(), server.communicate()))
        first = server.stdout.readline()
        found = re.match(r"revision (\d+) at http://(\S+) ", first)
        assert found and revision in (None, int(found[1])), (revision, first)
        return found[2]

    def said(self, name):
        """What a process wrote, all its lives."""
        return (self.dir / "logs" / f"{name}.log").read_text()


class ClusterTest(unittest.TestCase):
    """One cluster for all tests of a class; options say which."""
    options = ["--nodes", "0", "--sim-nodes", "3", "--runtime", "sim"]
    nodes = 3

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(*cls.options)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.nodes_ready(cls.nodes)


class KubectlStory:
    """Stories told with a kubectl: `find` finds it, `k` runs it, each test has a namespace of its own."""

    def setUp(self):
        self.binary = self.find()
        if not self.binary:
            self.skipTest("no such kubectl on this machine")
        self.ns = re.sub("[^a-z0-9]+", "-", self.id().split(".")[-1].lower())[:40].strip("-")
        self.k("create", "namespace", self.ns)
        self.addCleanup(lambda: self.k("delete", "namespace", self.ns, "--wait=false"))


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


# A pod with these tolerations leaves a node a second after that falls silent.
LEAVE_SOON = [{"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute",
               "tolerationSeconds": 1} for what in ("unreachable", "not-ready")]


def replica_set(name, replicas, **pod_spec):
    spec = {"containers": [{"name": "main", "image": "busybox"}], **pod_spec}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}}

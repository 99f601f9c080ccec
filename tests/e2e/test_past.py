"""The past: who did what and why, and the cluster as it was at any moment."""
import datetime
import json
import random
import re
import socket
import subprocess
import time
import urllib.request

from cluster import (LOGSHIP, ClusterTest, config_map, kubectl_120, kubectl_current, replica_set,
                     until)
from story import CONFIG_MAPS, MERGE, REPLICA_SETS, Moments, Story
from watching import Watcher, logged, watch_lines

OPTIONS = ["--nodes", "0", "--sim-nodes", "3", "--runtime", "sim", "--keyframe-entries", "100"]
PODS = "/api/v1/namespaces/default/pods"


def log(cluster, *words):
    out = cluster.logship("log", "--dir", cluster.dir, "-o", "json", *words).stdout
    return [json.loads(line) for line in out.splitlines()]


class Log(ClusterTest):
    """logship log, over a short story: a replica set, a pod that is deleted, a secret, a config map."""
    options = OPTIONS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        c = cls.cluster
        for path, body in ((REPLICA_SETS, replica_set("web", 3)), (CONFIG_MAPS, config_map("a", k="1")),
                           (CONFIG_MAPS, config_map("b", k="1"))):
            assert c.call("POST", path, body)[0] == 201
        cls.running()
        cls.victim = c.get(PODS)["items"][0]["metadata"]["name"]
        c.call("DELETE", f"{PODS}/{cls.victim}?gracePeriodSeconds=0")
        until(lambda: c.call("GET", f"{PODS}/{cls.victim}")[0] == 404)
        cls.running()
        c.call("PATCH", f"{CONFIG_MAPS}/a", {"data": {"k": "2"}}, headers=MERGE)
        c.call("DELETE", f"{CONFIG_MAPS}/a")
        time.sleep(0.5)

    def setUp(self):
        self.events = log(self.cluster)

    @classmethod
    def running(cls):
        def three():
            phases = [p["status"]["phase"] for p in cls.cluster.get(PODS)["items"]]
            return phases == ["Running"] * 3
        until(three)

    def test_every_revision_is_there_once_and_says_who_when_and_what(self):
        revisions = [e["revision"] for e in self.events]
        self.assertEqual(revisions, list(range(1, len(revisions) + 1)))
        for e in self.events:
            self.assertTrue(e["who"] and e["event"] and e["kind"] and e["name"], e)
            self.assertRegex(e["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        times = [e["time"] for e in self.events]
        self.assertEqual(times, sorted(times))

    def test_text_and_json_say_the_same(self):
        text = self.cluster.logship("log", "--dir", self.cluster.dir).stdout.splitlines()
        self.assertEqual(len(text), len(self.events))
        for line, e in zip(text, self.events):
            name = f"{e['namespace']}/{e['name']}" if "namespace" in e else e["name"]
            start = f"{e['revision']} {e['time']} {e['who']} {e['event']} {e['kind']} {name}"
            self.assertTrue(line.startswith(start), (line, start))
            self.assertEqual(line.endswith(f" <- {e.get('cause')}"), "cause" in e, line)

    def test_wishes_from_outside_have_a_request_and_no_cause(self):
        wishes = [e for e in self.events if e["who"] == "kubernetes-admin"]
        told = [(e["event"], e["kind"], e["name"]) for e in wishes]
        self.assertEqual(told[:3], [("Created", "replicasets.apps", "web"),
                                    ("Created", "configmaps", "a"), ("Created", "configmaps", "b")])
        self.assertIn(("Removed", "configmaps", "a"), told)
        for e in wishes:
            self.assertNotIn("cause", e)
            self.assertRegex(e["request"], "^[0-9a-f]{32}$")

    def test_a_running_pod_leads_back_to_the_request(self):
        by_revision = {e["revision"]: e for e in self.events}
        wish = next(e for e in self.events if e["kind"] == "replicasets.apps")
        running = [e for e in self.events if e["kind"] == "pods" and
                   e.get("status", {}).get("phase") == "Running"]
        self.assertGreaterEqual(len(running), 4)
        first = running[0]
        chain = [first]
        while "cause" in chain[-1]:
            self.assertLess(chain[-1]["cause"], chain[-1]["revision"], chain[-1])
            chain.append(by_revision[chain[-1]["cause"]])
        self.assertEqual([e["event"] for e in chain], ["StatusChanged", "Bound", "Created", "Created"])
        self.assertTrue(chain[0]["who"].startswith("system:node:sim-"))
        self.assertIn("scheduler", chain[1]["who"])
        self.assertIn("replicaset-controller", chain[2]["who"])
        self.assertEqual(chain[3], wish)

    def test_what_controllers_and_scheduler_do_has_a_cause_that_ends_in_a_wish(self):
        by_revision = {e["revision"]: e for e in self.events}
        for e in self.events:
            if not re.search("controller|scheduler", e["who"]):
                continue
            if e["kind"] == "namespaces":
                continue  # the cluster's own beginning
            seen = e
            while "cause" in seen:
                self.assertLess(seen["cause"], seen["revision"])
                seen = by_revision[seen["cause"]]
            self.assertIsNot(seen, e, f"no cause: {e}")
            outside = seen["who"] == "kubernetes-admin" or seen["who"].startswith("system:node:")
            self.assertTrue(outside or seen["kind"] == "namespaces", (e, seen))

    def test_the_replacement_of_a_deleted_pod_is_caused_by_the_deletion(self):
        gone = [e for e in self.events if e["kind"] == "pods" and e["name"] == self.victim and
                e["who"] == "kubernetes-admin"]
        born = [e for e in self.events if e["kind"] == "pods" and e["event"] == "Created"][-1]
        self.assertIn(born["cause"], [e["revision"] for e in gone])

    def test_filters(self):
        for word in ("pod", "pods", "po", "Pod"):
            self.assertEqual([e for e in self.events if e["kind"] == "pods"],
                             log(self.cluster, "--kind", word))
        self.assertEqual([e for e in self.events if e["kind"] == "replicasets.apps"],
                         log(self.cluster, "--kind", "rs"))
        mine = [e for e in self.events if e["name"] == "a"]
        self.assertEqual(log(self.cluster, "--name", "a"), mine)
        self.assertEqual(log(self.cluster, "--name", "default/a"), mine)
        self.assertEqual(log(self.cluster, "--name", "kube-system/a"), [])
        self.assertEqual(log(self.cluster, "--namespace", "default", "--kind", "cm"),
                         [e for e in self.events if e["kind"] == "configmaps"])
        self.assertEqual(log(self.cluster, "--last", "3"), self.events[-3:])

    def test_since_and_until_take_revisions_and_times(self):
        self.assertEqual(log(self.cluster, "--since", 5, "--until", 9), self.events[4:9])
        middle = self.events[len(self.events) // 2]["time"]
        for e in (self.events[len(self.events) // 2], self.events[-1]):
            moment = e["time"]
            self.assertEqual(log(self.cluster, "--since", moment),
                             [x for x in self.events if x["time"] >= moment])
            self.assertEqual(log(self.cluster, "--until", moment),
                             [x for x in self.events if x["time"] <= moment])
        second = middle[:19]
        self.assertEqual(log(self.cluster, "--since", second + "Z", "--until", second + "Z"),
                         [x for x in self.events if x["time"][:19] == second])
        future = (datetime.datetime.now(datetime.timezone.utc) +
                  datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(log(self.cluster, "--since", future), [])
        long_ago = "2020-01-01T00:00:00Z"
        self.assertEqual(log(self.cluster, "--since", long_ago), self.events)
        self.assertEqual(log(self.cluster, "--until", long_ago), [])
        server = ["--server", f"https://127.0.0.1:{self.cluster.port}"]
        self.assertEqual(log(self.cluster, *server, "--until", long_ago), [])

    def test_a_master_tells_the_same_as_the_files(self):
        for k in (1, 2, 3):
            server = ["log", "--server", f"https://127.0.0.1:{self.cluster.port + k - 1}", "--dir",
                      self.cluster.dir, "-o", "json"]
            for words in (["--since", "3", "--until", str(len(self.events))],
                          ["--kind", "pods", "--since", self.events[20]["time"], "--until",
                           str(len(self.events))]):
                out = self.cluster.logship(*server, *words).stdout
                self.assertEqual([json.loads(l) for l in out.splitlines()],
                                 log(self.cluster, *words))

    def test_what_makes_no_sense_is_said(self):
        server = ["--server", f"https://127.0.0.1:{self.cluster.port}"]
        for where in ([], server):
            for words, text in ((["--since", "yesterday"], "neither a revision"),
                                (["--kind", "nonsense"], "no kind called 'nonsense'")):
                done = self.cluster.logship("log", "--dir", self.cluster.dir, *where, *words,
                                            check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""), words)
                self.assertIn(text, done.stderr)
        done = self.cluster.logship("replay", "--dir", self.cluster.dir, "--until",
                                    "2020-01-01T00:00:00Z", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("as old as that", done.stderr)
        done = self.cluster.logship("replay", "--dir", self.cluster.dir, "--until", 10**9,
                                    check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("only up to revision", done.stderr)

    def test_following_shows_what_comes(self):
        words = [LOGSHIP, "log", "--dir", str(self.cluster.dir), "--kind", "cm", "--name", "followed",
                 "-f"]
        server = ["--server", f"https://127.0.0.1:{self.cluster.port + 1}"]
        readers = [subprocess.Popen(w, stdout=subprocess.PIPE, text=True)
                   for w in (words, words + server)]
        try:
            time.sleep(0.3)
            self.cluster.call("POST", CONFIG_MAPS, config_map("followed"))
            self.cluster.call("DELETE", f"{CONFIG_MAPS}/followed")
            for reader in readers:
                self.assertIn("Created configmaps default/followed", reader.stdout.readline())
                self.assertIn("Removed configmaps default/followed", reader.stdout.readline())
                self.assertIsNone(reader.poll(), "it goes on")
        finally:
            for reader in readers:
                reader.kill()
                reader.communicate()


class Replay(ClusterTest):
    """A story with keyframes in between; then any moment of it is asked for in every way."""
    options = OPTIONS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        story = Story(cls.cluster)
        moments = Moments(cls.cluster)
        cls.lists = {}
        try:
            for _ in range(12):
                story.steps(60)
                for path in (CONFIG_MAPS, PODS):
                    got = cls.cluster.get(path)
                    cls.lists[path, int(got["metadata"]["resourceVersion"])] = got["items"]
        finally:
            cls.digests = moments.stop()
        cls.end = story.settle()
        cls.digests[cls.end] = {cls.cluster.digest(k)["digest"] for k in (1, 2, 3)}
        cls.random = random.Random(story.seed)

    def replayed(self, revision, master):
        out = self.cluster.logship("replay", "--dir", self.cluster.dir, "--master", f"m{master}",
                                   "--until", revision, "--digest").stdout
        return json.loads(out)

    def test_masters_and_replays_agree_at_every_moment(self):
        keyframes = list((self.cluster.dir / "m1/keyframes").glob("*.mdb"))
        self.assertGreater(len(keyframes), 2, "the story runs over keyframes")
        self.assertGreater(len(self.digests), 50)
        apart = {r: d for r, d in self.digests.items() if len(d) != 1}
        self.assertEqual(apart, {}, "masters that disagree")
        some = self.random.sample(sorted(self.digests), 40) + [self.end]
        for n, revision in enumerate(some):
            live = {"revision": revision, "digest": min(self.digests[revision])}
            self.assertEqual(self.replayed(revision, n % 3 + 1), live)

    def test_a_time_is_the_last_revision_of_it(self):
        events = log(self.cluster)
        for e in self.random.sample(events, 5):
            last = max(x["revision"] for x in events if x["time"] <= e["time"])
            self.assertEqual(self.replayed(e["time"], 1), self.replayed(last, 2))

    def test_an_exact_list_of_the_past_is_what_was_listed_then(self):
        for n, ((path, revision), items) in enumerate(sorted(self.lists.items())):
            got = self.cluster.get(f"{path}?resourceVersion={revision}&resourceVersionMatch=Exact",
                                   master=n % 3 + 1)
            self.assertEqual(int(got["metadata"]["resourceVersion"]), revision)
            self.assertEqual(got["items"], items)

    def serve(self, revision):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{s.getsockname()[1]}"
        server = subprocess.Popen([LOGSHIP, "replay", "--dir", self.cluster.dir, "--until",
                                   str(revision), "--serve", address], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (server.kill(), server.communicate()))
        self.assertIn(f"revision {revision} at http://{address}", server.stdout.readline())
        return address

    def past(self, kubectl, address, *words, check=True):
        done = subprocess.run([kubectl, "--server", f"http://{address}", *words], text=True,
                              capture_output=True, timeout=30,
                              env={"KUBECONFIG": "/dev/null", "HOME": str(self.cluster.dir)})
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_the_past_is_served_to_kubectl_read_only(self):
        (_, revision), items = max((k, v) for k, v in self.lists.items() if k[0] == PODS and v)
        address = self.serve(revision)
        with urllib.request.urlopen(f"http://{address}{PODS}") as answer:
            self.assertEqual(json.loads(answer.read())["items"], items)
        names = sorted(p["metadata"]["name"] for p in items)
        for kubectl in filter(None, (kubectl_120(), kubectl_current())):
            out = self.past(kubectl, address, "get", "pods", "-o", "name").stdout.split()
            self.assertEqual(sorted(out), [f"pod/{n}" for n in names])
            wide = self.past(kubectl, address, "get", "pods", "-A", "-o", "wide").stdout
            self.assertIn(names[0], wide)
            described = self.past(kubectl, address, "describe", "rs", "story").stdout
            self.assertRegex(described, r"Replicas: +\d+ current / \d+ desired")
            self.past(kubectl, address, "describe", "pod", names[0])
            self.past(kubectl, address, "get", "nodes,events,cm,ns")
            for words in (["delete", "pod", names[0]], ["scale", "rs", "story", "--replicas=1"],
                          ["create", "configmap", "new"], ["label", "rs", "story", "a=b"]):
                refused = self.past(kubectl, address, *words, check=False)
                self.assertEqual(refused.returncode, 1, words)
                self.assertIn(f"this is the past, revision {revision}: it can only be read",
                              refused.stderr)

    def seen_from(self, path, revision, master):
        watcher = Watcher(self.cluster, f"{path}?allowWatchBookmarks=true", revision, master)
        return watcher.stop_at(self.last[path])

    def check_watches(self):
        """From several revisions, at every master: each event once, in order, none missing."""
        self.last = {}
        for path, kind in ((CONFIG_MAPS, "cm"), (PODS, "po")):
            told = logged(self.cluster, kind)
            self.last[path] = told[-1][0]
            starts = [1, self.end // 3, self.random.randrange(1, self.end), told[-2][0]]
            for n, start in enumerate(starts):
                seen = self.seen_from(path, start, n % 3 + 1)
                self.assertEqual(seen, [t for t in told if t[0] > start], (path, start))

    def test_watches_from_old_revisions_see_every_event_once(self):
        self.check_watches()

    def test_watches_from_before_the_masters_started_read_the_log(self):
        self.cluster.logship("down", "--dir", self.cluster.dir)
        self.cluster.up()
        self.check_watches()

    def test_a_watch_with_a_selector_from_the_past_sees_coming_and_going(self):
        names = {n for _, _, n in logged(self.cluster, "cm")}
        name = sorted(names)[0]
        told = [t for t in logged(self.cluster, "cm") if t[2] == name]
        path = f"{CONFIG_MAPS}?fieldSelector=metadata.name%3D{name}"
        seen = Watcher(self.cluster, path, 1).stop_at(told[-1][0])
        self.assertEqual(seen, told)

    def test_a_revision_that_does_not_exist_yet_is_no_past(self):
        status, answer = self.cluster.call(
            "GET", f"{PODS}?resourceVersion={10 ** 9}&resourceVersionMatch=Exact")
        self.assertIn(status, (410, 504), answer)
        self.assertEqual(answer["kind"], "Status")

    def test_verify_is_content_with_live_and_stopped_masters(self):
        live = self.cluster.logship("verify", "--dir", self.cluster.dir).stdout
        self.cluster.logship("down", "--dir", self.cluster.dir)
        stopped = self.cluster.logship("verify", "--dir", self.cluster.dir).stdout
        self.cluster.up()
        for out in (live, stopped):
            self.assertEqual(out.count("  good"), 3, out)
            self.assertNotIn("DAMAGED", out)
        digests = set(re.findall(r"state at revision \d+: digest (\w+)", stopped))
        self.assertEqual(len(digests), 1, stopped)


class Secrets(ClusterTest):
    """What is secret is nowhere on a disk in clear, and in no dump."""
    options = OPTIONS

    def test_a_secret_is_sealed_everywhere(self):
        clear = "kUnlikelyNeedle-4711"
        base64 = "a1VubGlrZWx5TmVlZGxlLTQ3MTE="
        manifest = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "needle"},
                               "stringData": {"password": clear}})
        self.cluster.apply(manifest)  # with the last-applied annotation, which repeats it
        self.cluster.kubectl("create", "secret", "generic", "two", f"--from-literal=p={clear}")
        Story(self.cluster, name="filler").steps(250)  # until keyframes hold it too
        back = self.cluster.get("/api/v1/namespaces/default/secrets/needle")
        self.assertEqual(back["data"], {"password": base64}, "the API gives it")
        until(lambda: list((self.cluster.dir / "m1/keyframes").glob("*.mdb")))
        self.cluster.logship("down", "--dir", self.cluster.dir)
        needles = [clear.encode(), base64.encode(), base64[:-4].encode()]
        files = [f for k in (1, 2, 3) for f in (self.cluster.dir / f"m{k}").rglob("*")
                 if f.is_file()]
        files += list((self.cluster.dir / "logs").iterdir())
        self.assertGreater(len(files), 10)
        for file in files:
            data = file.read_bytes()
            for needle in needles:
                self.assertNotIn(needle, data, str(file))
        self.cluster.up()
        until(lambda: self.cluster.leader())
        dumped = self.cluster.logship("log", "--dir", self.cluster.dir, "-o", "json").stdout
        dumped += self.cluster.logship("log", "--dir", self.cluster.dir).stdout
        dumped += self.cluster.call("GET", "/logship/log?output=json")[1]
        self.assertIn('"needle"', dumped)
        for needle in needles:
            self.assertNotIn(needle.decode(), dumped)
        self.check_replay(needles)
        secrets = "/api/v1/namespaces/default/secrets"
        again = self.cluster.get(f"{secrets}/needle", master=2)
        self.assertEqual(again["data"], {"password": base64}, "after a restart the API gives it")
        exact = f"{secrets}?resourceVersionMatch=Exact&resourceVersion="
        then = self.cluster.get(exact + again["metadata"]["resourceVersion"])
        self.assertEqual([s["data"] for s in then["items"]], [{"password": base64}])
        event = next(watch_lines(self.cluster, secrets, 1))
        self.assertEqual((event["type"], event["object"]["data"]), ("ADDED", {"password": base64}))

    def check_replay(self, needles):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{s.getsockname()[1]}"
        server = subprocess.Popen([LOGSHIP, "replay", "--dir", self.cluster.dir, "--serve", address],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            server.stdout.readline()
            with urllib.request.urlopen(f"http://{address}/api/v1/secrets") as answer:
                text = answer.read()
            self.assertIn(b'"needle"', text)
            for needle in needles:
                self.assertNotIn(needle, text)
        finally:
            server.kill()
            server.communicate()

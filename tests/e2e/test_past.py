"""The past: the cluster as it was at any moment."""
import json
import random
import re
import subprocess
import urllib.request

from cluster import ClusterTest, kubectl_120, kubectl_current, until
from story import CONFIG_MAPS, Moments, Story
from watching import Watcher, events_of, logged, watch_lines

OPTIONS = ["--nodes", "0", "--sim-nodes", "3", "--runtime", "sim", "--keyframe-entries", "100"]
PODS = "/api/v1/namespaces/default/pods"
MOMENTS = 60


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
            while len(moments.digests) < MOMENTS:
                story.steps(20)
        finally:
            cls.digests = moments.stop()
        end = cls.cluster.quiet()
        cls.end = end["revision"]
        cls.digests.setdefault(cls.end, set()).add(end["digest"])
        cls.random = random.Random(story.seed)

    def replayed(self, revision, master):
        out = self.cluster.logship("replay", "--dir", self.cluster.dir, "--master", f"m{master}",
                                   "--until", revision, "--digest").stdout
        return json.loads(out)

    def test_masters_and_replays_agree_at_every_moment(self):
        keyframes = list((self.cluster.dir / "m1/keyframes").glob("*.mdb"))
        self.assertGreater(len(keyframes), 2, "the story runs over keyframes")
        apart = {r: d for r, d in self.digests.items() if len(d) != 1}
        self.assertEqual(apart, {}, "masters that disagree")
        some = self.random.sample(sorted(self.digests), 40) + [self.end]
        for n, revision in enumerate(some):
            live = {"revision": revision, "digest": min(self.digests[revision])}
            self.assertEqual(self.replayed(revision, n % 3 + 1), live)

    def test_a_time_is_the_last_revision_of_it(self):
        events = events_of(self.cluster)
        for e in self.random.sample(events, 5):
            last = max(x["revision"] for x in events if x["time"] <= e["time"])
            self.assertEqual(self.replayed(e["time"], 1), self.replayed(last, 2))

    def test_an_exact_list_of_the_past_is_what_was_listed_then(self):
        for n, ((path, revision), items) in enumerate(sorted(self.lists.items())):
            got = self.cluster.get(f"{path}?resourceVersion={revision}&resourceVersionMatch=Exact",
                                   master=n % 3 + 1)
            self.assertEqual(int(got["metadata"]["resourceVersion"]), revision)
            self.assertEqual(got["items"], items)

    def past(self, kubectl, address, *words, check=True):
        done = subprocess.run([kubectl, "--server", f"http://{address}", *words], text=True,
                              capture_output=True, timeout=30,
                              env={"KUBECONFIG": "/dev/null", "HOME": str(self.cluster.dir)})
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_the_past_is_served_to_kubectl_read_only(self):
        (_, revision), items = max((k, v) for k, v in self.lists.items() if k[0] == PODS and v)
        address = self.cluster.serve_past(self, revision)
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
            as_it_is = self.past(kubectl, address, "get", "rs", "story", "-o",
                                 "jsonpath={.spec.replicas}").stdout
            for words in (["delete", "pod", names[0]], ["scale", "rs", "story", "--replicas=1"],
                          ["scale", "rs", "story", f"--replicas={as_it_is}"],
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
        events = logged(self.cluster, "cm")
        name = [n for _, verb, n in events if verb == "DELETED"][0]
        told = [t for t in events if t[2] == name]
        path = f"{CONFIG_MAPS}?fieldSelector=metadata.name%3D{name}"
        seen = Watcher(self.cluster, path, 1).stop_at(told[-1][0])
        self.assertEqual(seen, told)

    def test_a_revision_that_does_not_exist_yet_is_no_past(self):
        status, answer = self.cluster.call(
            "GET", f"{PODS}?resourceVersion={10 ** 9}&resourceVersionMatch=Exact")
        self.assertIn(status, (410, 504), answer)
        self.assertEqual(answer["kind"], "Status")

    def test_verify_is_content_with_live_and_stopped_masters(self):
        self.cluster.agree()
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
        again = until(lambda: self.cluster.get(f"{secrets}/needle", master=2))
        self.assertEqual(again["data"], {"password": base64}, "after a restart the API gives it")
        exact = f"{secrets}?resourceVersionMatch=Exact&resourceVersion="
        then = self.cluster.get(exact + again["metadata"]["resourceVersion"])
        self.assertEqual([s["data"] for s in then["items"] if s["metadata"]["name"] == "needle"],
                         [{"password": base64}])
        named = f"{secrets}?fieldSelector=metadata.name%3Dneedle"
        event = next(watch_lines(self.cluster, named, 1))
        self.assertEqual((event["type"], event["object"]["data"]), ("ADDED", {"password": base64}))

    def check_replay(self, needles):
        address = self.cluster.serve_past(self)
        with urllib.request.urlopen(f"http://{address}/api/v1/secrets") as answer:
            text = answer.read()
        self.assertIn(b'"needle"', text)
        for needle in needles:
            self.assertNotIn(needle, text)

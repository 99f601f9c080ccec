"""logship log: who did what, when, and why."""
import datetime
import json
import re
import subprocess

from cluster import LOGSHIP, ClusterTest, config_map, replica_set, until
from story import CONFIG_MAPS, MERGE, REPLICA_SETS
from watching import events_of

PODS = "/api/v1/namespaces/default/pods"


class Log(ClusterTest):
    """logship log, over a short story: a replica set, a pod that is deleted, a secret, a config map."""
    options = ["--nodes", "0", "--sim-nodes", "3", "--runtime", "sim", "--keyframe-entries", "100"]

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
        cls.last = c.quiet()["revision"]

    def setUp(self):
        """What comes later than the story, as a late word from a node, is none of the tests' business."""
        self.events = self.log()

    def log(self, *words):
        events = events_of(self.cluster, *(() if "--until" in words else ("--until", self.last)), *words)
        return [e for e in events if e["revision"] <= self.last]

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
        text = self.cluster.logship("log", "--dir", self.cluster.dir, "--until", self.last).stdout
        text = text.splitlines()
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
                             self.log("--kind", word))
        self.assertEqual([e for e in self.events if e["kind"] == "replicasets.apps"],
                         self.log("--kind", "rs"))
        mine = [e for e in self.events if e["name"] == "a"]
        self.assertEqual(self.log("--name", "a"), mine)
        self.assertEqual(self.log("--name", "default/a"), mine)
        self.assertEqual(self.log("--name", "kube-system/a"), [])
        self.assertEqual(self.log("--namespace", "default", "--kind", "cm"),
                         [e for e in self.events
                          if e["kind"] == "configmaps" and e["namespace"] == "default"])
        self.assertEqual(self.log("--last", "3"), self.events[-3:])

    def test_since_and_until_take_revisions_and_times(self):
        self.assertEqual(self.log("--since", 5, "--until", 9), self.events[4:9])
        middle = self.events[len(self.events) // 2]["time"]
        for e in (self.events[len(self.events) // 2], self.events[-1]):
            moment = e["time"]
            self.assertEqual(self.log("--since", moment),
                             [x for x in self.events if x["time"] >= moment])
            self.assertEqual(self.log("--until", moment),
                             [x for x in self.events if x["time"] <= moment])
        second = middle[:19]
        self.assertEqual(self.log("--since", second + "Z", "--until", second + "Z"),
                         [x for x in self.events if x["time"][:19] == second])
        future = (datetime.datetime.now(datetime.timezone.utc) +
                  datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(self.log("--since", future), [])
        long_ago = "2020-01-01T00:00:00Z"
        self.assertEqual(self.log("--since", long_ago), self.events)
        self.assertEqual(self.log("--until", long_ago), [])
        server = ["--server", f"https://127.0.0.1:{self.cluster.port}"]
        self.assertEqual(self.log(*server, "--until", long_ago), [])

    def test_a_master_tells_the_same_as_the_files(self):
        for k in (1, 2, 3):
            server = ["log", "--server", f"https://127.0.0.1:{self.cluster.port + k - 1}", "--dir",
                      self.cluster.dir, "-o", "json"]
            for words in (["--since", "3", "--until", str(len(self.events))],
                          ["--kind", "pods", "--since", self.events[20]["time"], "--until",
                           str(len(self.events))]):
                out = self.cluster.logship(*server, *words).stdout
                self.assertEqual([json.loads(l) for l in out.splitlines()],
                                 self.log(*words))

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

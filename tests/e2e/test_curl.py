"""The API by hand: curl, as people try things, and as those do who try what should not work."""
import base64
import gzip
import json
import subprocess

from cluster import ClusterTest, until

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = ("-H", "Content-Type: application/json")
YAML = ("-H", "Content-Type: application/yaml")


def manifest(name):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                       "data": {"a": "1"}})


class Curl(ClusterTest):
    def run_curl(self, path, *words, who=True, stdin=None, port=0):
        """What curl prints."""
        pki = self.cluster.dir / "pki"
        identity = ["--cert", pki / "admin.crt", "--key", pki / "admin.key"] if who else []
        url = f"https://127.0.0.1:{self.cluster.port + port}{path}"
        done = subprocess.run(
            ["curl", "-sS", "--http1.1", "--max-time", "20", "--path-as-is", "--cacert", pki / "ca.crt",
             *identity, *words, url], capture_output=True, timeout=30,
            input=stdin.encode() if isinstance(stdin, str) else stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def curl(self, path, *words, **more):
        """(status, body as text)"""
        body, _, status = self.run_curl(path, "-w", "\n%{http_code}", *words, **more).rpartition("\n")
        return int(status), body

    def refused(self, path, *words, status, reason, **more):
        """Whatever goes wrong, the answer is a Status; its message."""
        got, body = self.curl(path, *words, **more)
        self.assertEqual(got, status, body)
        told = json.loads(body)
        self.assertEqual((told["kind"], told["apiVersion"], told["status"], told["code"]),
                         ("Status", "v1", "Failure", status))
        self.assertEqual(told["reason"], reason)
        return told["message"]

    def post(self, body, *words, **more):
        return self.curl(MAPS, "--data-binary", "@-", *words, stdin=body, **more)

    def test_yaml_from_a_file(self):
        status, body = self.post("# mine\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-yaml}\n"
                                 "data:\n  a: |\n    two\n    lines\n", *YAML)
        self.assertEqual(status, 201, body)
        self.assertEqual(json.loads(body)["data"], {"a": "two\nlines\n"})

    def test_a_token_of_a_service_account(self):
        def find():
            secrets = self.cluster.get("/api/v1/namespaces/default/secrets")["items"]
            return [s["data"]["token"] for s in secrets
                    if s["type"] == "kubernetes.io/service-account-token"]
        token = base64.b64decode(until(find)[0]).decode()
        status, body = self.curl(MAPS, "-H", f"Authorization: Bearer {token}", who=False)
        self.assertEqual((status, json.loads(body)["kind"]), (200, "ConfigMapList"))
        self.refused(MAPS, "-H", f"Authorization: Bearer {token[:-4]}AAAA", who=False, status=401,
                     reason="Unauthorized")
        self.refused(MAPS, "-u", "admin:admin", who=False, status=401, reason="Unauthorized")

    def test_what_strangers_may_see(self):
        """As with --anonymous-auth=false, but for what tells that somebody is there."""
        for path in ("/version", "/healthz", "/livez", "/readyz"):
            self.assertEqual(self.curl(path, who=False)[0], 200, path)
        for path in ("/", "/api", "/apis", "/api/v1/pods", "/openapi/v2", "/nothing/here"):
            self.refused(path, who=False, status=401, reason="Unauthorized")
        status, body = self.curl("/")
        self.assertIn("/apis/apps/v1", json.loads(body)["paths"])

    def test_one_connection_for_many_requests(self):
        base = f"https://127.0.0.1:{self.cluster.port}"
        words = ["-w", "%{http_code} %{num_connects}\n"]
        for path in ("/version", f"{MAPS}/none", "/nothing"):
            words += ["-o", "/dev/null", base + path]
        out = self.run_curl("/api", *words, "-o", "/dev/null")
        self.assertEqual(out.splitlines(), ["200 1", "404 0", "404 0", "200 0"])

    def test_head_and_options(self):
        status, head = self.curl("/api/v1/namespaces/default", "-I")
        length = int(head.lower().split("content-length: ")[1].split()[0])
        self.assertEqual(length, len(self.curl("/api/v1/namespaces/default")[1]))
        self.assertEqual(self.curl("/api/v1/namespaces/none", "-I")[0], 404)
        for method in ("OPTIONS", "TRACE", "PURGE", "POST"):
            self.refused("/api/v1/namespaces/default", "-X", method, status=405,
                         reason="MethodNotAllowed")

    def test_types_that_are_not_spoken(self):
        for type_ in ("application/x-www-form-urlencoded", "text/plain", "application/xml", "x"):
            self.refused(MAPS, "-H", f"Content-Type: {type_}", "-d", manifest("typed"), status=415,
                         reason="UnsupportedMediaType")
        self.refused(f"{MAPS}/x", "-X", "PATCH", *JSON, "-d", "{}", status=415,
                     reason="UnsupportedMediaType")
        for accept in ("application/xml", "text/html", "application/json;q=0"):
            self.refused(MAPS, "-H", f"Accept: {accept}", status=406, reason="NotAcceptable")
        for accept in ("application/xml, */*;q=0.1", "application/*", "APPLICATION/JSON"):
            self.assertEqual(self.curl(MAPS, "-H", f"Accept: {accept}")[0], 200, accept)
        status, _ = self.post(manifest("untyped"), "-H", "Content-Type:")
        self.assertEqual(status, 201, "who does not say sends JSON")

    def test_bodies_that_are_refused(self):
        bad = lambda body, *words, **more: self.refused(
            MAPS, "--data-binary", "@-", *words, stdin=body, **more)
        for body in ("{", "[]", '{"kind":"ConfigMap"', "{'a': 1}"):
            bad(body, *JSON, status=400, reason="BadRequest")
        bad("a: [", *YAML, status=400, reason="BadRequest")
        bad(gzip.compress(manifest("zipped").encode()), *JSON, "-H", "Content-Encoding: gzip",
            status=400, reason="BadRequest")
        bad(b"x" * 4_000_000, *JSON, status=413, reason="RequestEntityTooLarge")
        bad(b"x" * 4_000_000, *JSON, "-H", "Transfer-Encoding: chunked", status=413,
            reason="RequestEntityTooLarge")

    def test_a_body_in_chunks(self):
        status, body = self.post(manifest("in-chunks"), *JSON, "-H", "Transfer-Encoding: chunked")
        self.assertEqual(status, 201, body)
        big = json.dumps({**json.loads(manifest("in-many")), "data": {"a": "x" * 500_000}})
        status, body = self.post(big, *JSON, "-H", "Transfer-Encoding: chunked",
                                 "-H", "Expect: 100-continue")
        self.assertEqual((status, len(json.loads(body)["data"]["a"])), (201, 500_000))

    def test_a_watch_for_a_second(self):
        self.post(manifest("watched"), *JSON)
        status, body = self.curl(f"{MAPS}?watch=true&timeoutSeconds=1"
                                 "&fieldSelector=metadata.name%3Dwatched")
        events = [json.loads(line) for line in body.splitlines()]
        self.assertEqual(status, 200)
        self.assertEqual([(e["type"], e["object"]["metadata"]["name"]) for e in events],
                         [("ADDED", "watched")])

    def test_paths_that_lead_nowhere(self):
        for path in ("/api/v1/../../etc/passwd", "/api/v1/namespaces/..%2f..%2fversion", "/./api/v1",
                     "/api/v1/namespaces/%2e%2e", "/api/v1/namespaces/def%2Fault", "/API/v1",
                     "/api/v1/namespaces/default;x=1", "/api/v1/namespaces/a%20b", "/%0d%0aX:%20y",
                     f"{MAPS}/%22%3cb%3e", "/openapi/v3/../../version"):
            self.refused(path, status=404, reason="NotFound")
        for path in ("/api/v1/namespaces/%00", "/api/v1/namespaces/%zz", "/api/v1/namespaces/%c3%28",
                     "/api/v1/namespaces/%"):
            self.refused(path, status=400, reason="BadRequest")
        self.assertEqual(self.curl("/api/v1/namespaces/%64efault")[0], 200)
        self.assertEqual(self.curl("/api/v1/namespaces/default/")[0], 200)

    def test_bytes_that_are_no_text_do_not_reach_the_log(self):
        """A manager's name is stored with the object."""
        apply = ("-X", "PATCH", "-H", "Content-Type: application/apply-patch+yaml", "-d",
                 manifest("owned"))
        for manager in ("%ff", "%c3%28", "%ed%a0%80", "%c3%a4"):
            status, body = self.curl(f"{MAPS}/owned?force=true&fieldManager={manager}", *apply)
            self.assertIn(status, (200, 201), body)
        for selector in ("labelSelector=%ff", "fieldSelector=%ff%3Dx"):
            self.refused(f"{MAPS}?{selector}", status=400, reason="BadRequest")
        self.cluster.agree()
        for port in range(3):
            read = json.loads(self.curl(f"{MAPS}/owned", port=port)[1])
            self.assertIn("ä", [m["manager"] for m in read["metadata"]["managedFields"]])

"""Bad input: a clear error where someone can see it, and everything else keeps working."""
import http.client
import json
import pathlib
import random
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from cluster import LOGSHIP, ClusterTest, config_map, replica_set, until

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


class Requests(ClusterTest):
    def refused(self, method, path, body, status, reason, *texts, headers=None):
        got, answer = self.cluster.call(method, path, body, headers=headers)
        self.assertEqual(got, status, answer)
        self.assertEqual(answer["kind"], "Status", answer)
        self.assertEqual((answer["status"], answer["code"]), ("Failure", status))
        self.assertEqual(answer["reason"], reason, answer)
        for text in texts:
            self.assertIn(text, answer["message"])
        return answer

    def tearDown(self):
        status, _ = self.cluster.call("GET", "/readyz")
        self.assertEqual(status, 200, "it keeps working")

    def test_bodies_that_are_no_json(self):
        for body in ["{", "", "[1,2", '{"kind":}', "\x00\x01", '{"a":"\xff"}'.encode("latin1"),
                     "[" * 100000, '"text"', "[]", "null", '{"kind":"ConfigMap"} trailing']:
            self.refused("POST", CONFIG_MAPS, body, 400, "BadRequest")

    def test_a_body_of_another_kind_or_version_or_namespace(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
        self.refused("POST", CONFIG_MAPS, pod, 400, "BadRequest")
        self.refused("POST", CONFIG_MAPS, {**config_map("x"), "apiVersion": "v9"}, 400, "BadRequest")
        other = {**config_map("x"), "metadata": {"name": "x", "namespace": "kube-system"}}
        self.refused("POST", CONFIG_MAPS, other, 400, "BadRequest", "namespace")
        self.refused("PUT", CONFIG_MAPS + "/y", config_map("x"), 400, "BadRequest", "name")

    def test_unknown_paths_kinds_and_verbs(self):
        for path in ("/api/v1/nonsense", "/apis/no.such.group/v1/x", "/api/v2/pods", "/x/y/z",
                     PODS + "/a/b/c/d"):
            self.refused("GET", path, None, 404, "NotFound")
        self.refused("GET", CONFIG_MAPS + "/missing", None, 404, "NotFound",
                     'configmaps "missing" not found')
        self.refused("POST", CONFIG_MAPS + "/name", config_map("name"), 405, "MethodNotAllowed")

    def test_wrong_types_name_the_field(self):
        rs = replica_set("typed", 1)
        rs["spec"]["replicas"] = "three"
        self.refused("POST", "/apis/apps/v1/namespaces/default/replicasets", rs, 400, "BadRequest",
                     "spec.replicas")
        cm = {**config_map("x"), "data": {"a": 5}}
        self.refused("POST", CONFIG_MAPS, cm, 400, "BadRequest", "data")

    def test_unknown_fields_are_dropped_or_refused_as_asked(self):
        body = {**config_map("unknown-field"), "nonsense": 1}
        status, made = self.cluster.call("POST", CONFIG_MAPS, body)
        self.assertEqual(status, 201)
        self.assertNotIn("nonsense", made)
        self.refused("POST", CONFIG_MAPS + "?fieldValidation=Strict",
                     {**config_map("strict"), "nonsense": 1}, 400, "BadRequest", "nonsense")

    def test_names_and_labels_beyond_the_rules(self):
        for name in ("A", "a_b", "-a", "a" * 254, "a..b", "ä", ""):
            self.refused("POST", CONFIG_MAPS, config_map(name), 422, "Invalid", "metadata.name")
        for labels in ({"a b": "x"}, {"k": "x" * 64}, {"k": "-"}, {"/x": "y"}):
            body = config_map("labels")
            body["metadata"]["labels"] = labels
            self.refused("POST", CONFIG_MAPS, body, 422, "Invalid", "metadata.labels")

    def test_required_fields(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
        answer = self.refused("POST", PODS, pod, 422, "Invalid", 'Pod "p" is invalid',
                              "spec.containers: Required value")
        self.assertEqual(answer["details"]["causes"][0]["reason"], "FieldValueRequired")
        pod["spec"] = {"containers": [{"name": "c"}]}
        self.refused("POST", PODS, pod, 422, "Invalid", "spec.containers[0].image")

    def test_selectors_that_make_no_sense(self):
        for selector in ("a%20in%20(", "%3D%3D", "a%3D%3Db%3D%3Dc", "a%20b", "!"):
            self.refused("GET", f"{PODS}?labelSelector={selector}", None, 400, "BadRequest")
        self.refused("GET", f"{PODS}?fieldSelector=spec.nothing%3Dx", None, 400, "BadRequest",
                     "field label not supported")
        self.refused("GET", f"{PODS}?limit=x", None, 400, "BadRequest")
        self.assertIn(self.cluster.call("GET", f"{PODS}?resourceVersion=x")[0], (400, 422))

    def test_patches_that_do_not_fit(self):
        self.cluster.call("POST", CONFIG_MAPS, config_map("patched", a="1"))
        path = CONFIG_MAPS + "/patched"
        json_patch = {"Content-Type": "application/json-patch+json"}
        merge = {"Content-Type": "application/merge-patch+json"}
        got, answer = self.cluster.call("PATCH", path, '[{"op":"test","path":"/data/a","value":"2"}]',
                                        headers=json_patch)
        self.assertEqual(got, 422, answer)
        self.refused("PATCH", path, '{"op":1}', 400, "BadRequest", headers=json_patch)
        self.refused("PATCH", path, '{"data":{"a":["x"]}}', 422, "Invalid",
                     "patch: Invalid value", headers=merge)
        got, answer = self.cluster.call("PATCH", path, "{}", headers={"Content-Type": "text/plain"})
        self.assertEqual(got, 415, answer)
        self.refused("PATCH", path, '{"metadata":{"resourceVersion":"1"}}', 409, "Conflict",
                     "the object has been modified", headers=merge)

    def test_a_body_that_is_too_large(self):
        body = json.dumps(config_map("huge", a="x" * 4_000_000))
        got, answer = self.cluster.call("POST", CONFIG_MAPS, body)
        self.assertEqual(got, 413, str(answer)[:200])

    def test_a_body_that_never_ends(self):
        connection = self.cluster.connect(timeout=30)
        connection.putrequest("POST", CONFIG_MAPS)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        began = time.monotonic()
        try:
            while time.monotonic() < began + 20:
                connection.send(chunk)
                time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass
        finally:
            connection.close()
        self.assertLess(time.monotonic() - began, 15, "it is cut off")

    def test_half_a_request_and_silence(self):
        held = []
        for text in (b"GET /api", b"POST /api HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b""):
            s = self.cluster.tls().wrap_socket(
                socket.create_connection(("127.0.0.1", self.cluster.port)),
                server_hostname="127.0.0.1")
            s.send(text) if text else None
            held.append(s)
        self.assertEqual(self.cluster.call("GET", "/readyz")[0], 200)
        for s in held:
            s.close()

    def test_requests_that_would_smuggle(self):
        for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                     b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: -1\r\n",
                     b"X: a\r\n b\r\n", b"Host\r\n"):
            s = self.cluster.tls().wrap_socket(
                socket.create_connection(("127.0.0.1", self.cluster.port), timeout=30),
                server_hostname="127.0.0.1")
            s.send(b"POST /api/v1/namespaces HTTP/1.1\r\n" + head + b"\r\n")
            try:
                answer = s.recv(4096)
            except (ConnectionResetError, ssl.SSLError):
                answer = b""
            self.assertTrue(answer.startswith(b"HTTP/1.1 400") or not answer, answer[:80])
            s.close()

    def test_who_is_not_known_is_not_served(self):
        context = ssl.create_default_context(cafile=self.cluster.dir / "pki/ca.crt")
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
            connection = http.client.HTTPSConnection("127.0.0.1", self.cluster.port, context=context)
            connection.request("GET", "/api/v1/namespaces/default/secrets", headers=headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 401)
            self.assertEqual(json.loads(answer.read())["reason"], "Unauthorized")
            connection.close()
        token = (self.cluster.dir / "tokens.csv").read_text().split(",")[0]
        connection = http.client.HTTPSConnection("127.0.0.1", self.cluster.port, context=context)
        connection.request("GET", "/api/v1/namespaces", headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()


class Ports(ClusterTest):
    """Garbage on the peer and node ports, and nodes that may not join."""

    def garbage(self, port, random_bytes):
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                try:
                    s.send(random_bytes(random.randrange(1, 4000)))
                except ConnectionError:
                    pass

    def test_garbage_on_every_port(self):
        seed = random.randrange(1 << 30)
        print(f"[seed {seed}] ", end="")
        random.seed(seed)
        base = self.cluster.port
        for port in (base, base + 100, base + 200):
            self.garbage(port, random.randbytes)
            self.garbage(port, lambda n: struct.pack(">I", random.randrange(1 << 32)) + b"\x93" * n)
        self.assertEqual(self.cluster.call("GET", "/readyz")[0], 200)
        self.assertEqual(self.cluster.call("POST", CONFIG_MAPS, config_map("after-garbage"))[0], 201)
        self.assertTrue(all(map(self.cluster.running, self.cluster.pids())), "nobody has ended")

    def test_frames_of_garbage_inside_tls(self):
        random.seed(7)
        for port in (self.cluster.port + 100, self.cluster.port + 200):
            for _ in range(20):
                with self.cluster.tls().wrap_socket(
                        socket.create_connection(("127.0.0.1", port), timeout=5),
                        server_hostname="127.0.0.1") as s:
                    body = random.randbytes(200)
                    try:
                        s.send(struct.pack(">I", len(body)) + body)
                    except OSError:
                        pass
        self.assertEqual(self.cluster.call("POST", CONFIG_MAPS, config_map("after-frames"))[0], 201)

    def test_a_node_with_a_wrong_token_is_told_so(self):
        with tempfile.TemporaryDirectory() as where:
            node = subprocess.Popen(
                [LOGSHIP, "simnodes", "--count", "1", "--prefix", "stranger-", "--token", "wrong",
                 "--master", f"127.0.0.1:{self.cluster.port + 200}",
                 "--ca", self.cluster.dir / "pki/ca.crt"],
                cwd=where, stdout=open(f"{where}/said", "wb"), stderr=subprocess.STDOUT)
            self.addCleanup(node.wait)
            self.addCleanup(node.kill)
            until(lambda: "token" in pathlib.Path(where, "said").read_text())
            time.sleep(0.5)
        self.assertEqual(self.cluster.call("GET", "/api/v1/nodes/stranger-0")[0], 404)


class Disk(ClusterTest):
    """Damage and double use of data directories: named precisely, never served."""
    options = ["--nodes", "0", "--sim-nodes", "1", "--runtime", "sim"]
    nodes = 1

    def test_a_second_process_on_one_directory_is_refused(self):
        line = pathlib.Path(f"/proc/{self.cluster.pids()['m2']}/cmdline").read_bytes()
        words = line.decode().split("\0")[1:-1]
        done = subprocess.run([LOGSHIP, *words], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{self.cluster.dir}/m2", done.stdout + done.stderr)
        self.assertIn("use", done.stderr)

    def test_a_flipped_bit_is_found_by_verify_and_at_start(self):
        for k in range(50):
            self.cluster.call("POST", CONFIG_MAPS, config_map(f"bits-{k}", text=f"needle{k}." * 40))
        self.cluster.agree()
        self.cluster.logship("down", "--dir", self.cluster.dir)
        copy = self.cluster.dir / "damaged"
        shutil.copytree(self.cluster.dir / "m3", copy)
        segment = sorted((copy / "log").glob("*.mdb"))[-1]
        data = bytearray(segment.read_bytes())
        places = [found.start() for found in re.finditer(b"needle7[.]needle7[.]", data)]
        self.assertTrue(places)
        for place in places:  # LMDB leaves older copies of a page behind, which nobody reads
            data[place + 3] ^= 4
        segment.write_bytes(data)
        verified = self.cluster.logship("verify", "--dir", copy, check=False)
        self.assertEqual(verified.returncode, 1)
        self.assertRegex(verified.stdout, r"DAMAGED .*entry \d+")
        read = self.cluster.logship("log", "--dir", copy, check=False)
        self.assertNotEqual(read.returncode, 0)
        self.assertEqual(self.cluster.logship("verify", "--dir", self.cluster.dir).returncode, 0)
        self.cluster.up()
        until(lambda: self.cluster.get(CONFIG_MAPS + "/bits-0"))

"""Flow control: a client that floods the masters is held back, and nobody else is."""
import http.client
import json
import threading
import time

from cluster import ClusterTest, config_map
from story import CONFIG_MAPS

MAPS = 600
FLOOD = 16    # connections that read everything, again and again
WRITES = 100
DEAF = 300    # more than the seats and the queue of a user
TOKENS = "flood-token,flood,901\ncalm-token,calm,902\n"


class Flow(ClusterTest):
    options = ["--nodes", "0"]
    nodes = 0

    @classmethod
    def setUpClass(cls):
        """Two users that are no administrators; and a lot to read."""
        super().setUpClass()
        cls.cluster.logship("down", "--dir", cls.cluster.dir)
        with open(cls.cluster.dir / "tokens.csv", "a") as f:
            f.write(TOKENS)
        cls.cluster.up()
        connection = cls.connect()
        for k in range(MAPS):
            status, _, body = cls.ask(connection, "calm-token", "POST",
                                      config_map(f"much-{k}", a="x" * 8000))
            assert status == 201, body
        connection.close()

    @classmethod
    def connect(cls):
        return cls.cluster.connect(timeout=60)

    @classmethod
    def ask(cls, connection, token, method, body=None):
        cls.send(connection, token, method, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    @staticmethod
    def send(connection, token, method, body=None):
        connection.request(method, CONFIG_MAPS, json.dumps(body) if body else None,
                           {"Authorization": f"Bearer {token}",
                            "Content-Type": "application/json"})

    def flood(self, stop, counts, k):
        connection = self.connect()
        while not stop.is_set():
            status, _, _ = self.ask(connection, "flood-token", "GET")
            counts[k] += status == 200
        connection.close()

    def test_writes_go_on_while_another_reads_everything_all_the_time(self):
        stop, counts = threading.Event(), [0] * FLOOD
        threads = [threading.Thread(target=self.flood, args=(stop, counts, k))
                   for k in range(FLOOD)]
        connection = self.connect()
        alone = self.write_all(connection, "alone")
        for thread in threads:
            thread.start()
        while sum(counts) < FLOOD:
            stop.wait(0.05)
        before = sum(counts)
        together = self.write_all(connection, "together")
        lists = sum(counts) - before
        stop.set()
        for thread in threads:
            thread.join()
        connection.close()
        # Behind all of them each time, a write would see FLOOD lists go by, besides those that go by while
        # the disks do what they would have to do alone.
        self.assertLess(lists * (1 - alone / together), WRITES * FLOOD / 4)

    def write_all(self, connection, name):
        """How many seconds it takes."""
        began = time.monotonic()
        for k in range(WRITES):
            status, _, body = self.ask(connection, "calm-token", "POST", config_map(f"{name}-{k}"))
            self.assertEqual(status, 201, body)
        return time.monotonic() - began

    def test_who_asks_too_much_is_told_when_to_come_back(self):
        deaf = [self.connect() for _ in range(DEAF)]
        for connection in deaf:
            self.send(connection, "flood-token", "GET")  # and does not read the answer
        status, _, body = self.read_all_as("calm-token")
        self.assertEqual(status, 200)
        self.assertGreaterEqual(len(json.loads(body)["items"]), MAPS)
        status, headers, body = self.refusal()
        self.assertEqual(headers["Retry-After"], "1")
        told = json.loads(body)
        self.assertEqual((status, told["code"], told["reason"]), (429, 429, "TooManyRequests"))
        self.assertEqual(told["details"]["retryAfterSeconds"], 1)
        for connection in deaf:
            connection.close()
        self.assertEqual(self.read_all_as("flood-token")[0], 200, "their places are free again")

    def read_all_as(self, token):
        connection = self.connect()
        try:
            return self.ask(connection, token, "GET")
        finally:
            connection.close()

    def refusal(self):
        """The queues are full: one of these is refused at once."""
        for _ in range(20):
            connection = self.connect()
            try:
                got = self.ask(connection, "flood-token", "GET")
                if got[0] == 429:
                    return got
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
        raise AssertionError("nothing was refused")

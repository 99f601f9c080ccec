"""Programs that use npm's @kubernetes/client-node: the tests in node_client/, run against one cluster."""
import subprocess

import node
from cluster import ClusterTest, until
from test_crd import GROUP, definition


class NodeClient(ClusterTest):
    @classmethod
    def setUpClass(cls):
        cls.home = node.installed()
        super().setUpClass()
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, made = cls.cluster.call("POST", path, definition())
        assert status == 201, made
        until(lambda: cls.cluster.call("GET", f"/apis/{GROUP}/v1/crontabs")[0] == 200)

    def run_file(self, name, tests):
        done = subprocess.run(["node", "--test", "--test-reporter=tap", name], cwd=self.home, capture_output=True, text=True,
                              env=node.environment(self.cluster), timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"(?m)^# pass {tests}$")

    def test_objects(self):
        self.run_file("objects.test.mjs", tests=7)

    def test_lists(self):
        self.run_file("lists.test.mjs", tests=3)

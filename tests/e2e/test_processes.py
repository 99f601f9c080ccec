"""The processes of a local cluster, as `logship up` and `logship down` see them."""
import ctypes
import os
import unittest

from cluster import Cluster

PR_SET_CHILD_SUBREAPER = 36


def wait_for_nobody(yes):
    """From now on orphans are this process's, which never looks whether they have ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def wait_for_all():
    wait_for_nobody(False)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class Processes(unittest.TestCase):
    def test_the_dead_are_dead_where_nobody_waits_for_them(self):
        """As in a container whose first process is no init."""
        wait_for_nobody(True)
        self.addCleanup(wait_for_all)
        cluster = Cluster("--nodes", "0", "--runtime", "sim")
        self.addCleanup(cluster.close)
        cluster.kill("m1")
        self.assertIn("m1   started", cluster.up().stdout)
        down = cluster.logship("down", "--dir", cluster.dir).stdout
        self.assertEqual(down.count(" stopped"), 3, down)

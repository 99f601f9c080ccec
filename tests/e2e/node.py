"""npm's @kubernetes/client-node, installed beside the binary under test and not in the tree."""
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess
import unittest

from cluster import HERE, LOGSHIP

SOURCE = HERE / "node_client"


@functools.cache
def installed():
    """The directory with the packages and the scripts; skips the test where there can be none."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise unittest.SkipTest("node and npm are not on this machine")
    home = pathlib.Path(LOGSHIP).resolve().parent / "node_client"
    home.mkdir(exist_ok=True)
    with open(home / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (SOURCE / "package-lock.json").read_text()
        done = home / ".installed"
        for file in SOURCE.glob("*.*"):  # another test may be reading the one that is there
            shutil.copy(file, home / ".fresh")
            os.replace(home / ".fresh", home / file.name)
        if not done.exists() or done.read_text() != wanted:
            npm = subprocess.run(["timeout", "300", "npm", "ci", "--ignore-scripts", "--no-audit",
                                  "--no-fund"], cwd=home, capture_output=True, text=True)
            if npm.returncode:
                raise unittest.SkipTest(f"npm could not install the client: {npm.stderr[-500:]}")
            done.write_text(wanted)
    return home


def environment(cluster, **more):
    return {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(cluster.dir), **more}

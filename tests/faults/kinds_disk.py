"""Disks that are full, bytes that flip, directories that go back in time."""
import os
import shutil

from cluster import config_map, until
from ground import disk_make
from kinds import kind
from load import PATHS

CONFIG_MAPS = PATHS["configmaps"]
DISK_MIB = 128


def small_disks(members):
    """A small disk for each master."""
    for name in members.names():
        members.filesystem = disk_make(members.dir / f"{name}.disk", members.dir / name, DISK_MIB)


def fill(s, name):
    """Until not a byte is left."""
    with open(s.dir / name / "filler", "ab", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 65536)
        except OSError:
            return


def free(s, *names):
    for name in names:
        (s.dir / name / "filler").unlink()


def create(s, name):
    """(status, reason) at whichever master answers; None: none does."""
    for master in range(1, s.members.masters + 1):
        try:
            status, body = s.members.call("POST", CONFIG_MAPS, config_map(name), master=master, timeout=3)
            return status, body.get("reason")
        except OSError:
            continue
    return None


def full(s, *names):
    """Creates get a clear answer, deletes pass; and all by itself it is over when there is room."""
    assert s.members.insist("POST", CONFIG_MAPS, config_map("before"))[0] in (201, 409)
    s.note(s.members.filesystem)
    s.strike()
    for name in names:
        fill(s, name)
    until(lambda: create(s, f"probe-{s.random.random()}".replace(".", "-")) ==
          (507, "InsufficientStorage"))
    status, _ = s.members.insist("DELETE", f"{CONFIG_MAPS}/before")
    assert status in (200, 404), status
    s.hold(1.0)
    free(s, *names)
    s.writes_go_on(10)
    s.rejoin()


@kind("disk-full-leader", "the leader's disk fills up and is freed again", mounts=True,
      disks=small_disks)
def disk_full_leader(s):
    full(s, s.leader())


@kind("disk-full-all", "the disks of all masters fill up and are freed again", mounts=True,
      disks=small_disks)
def disk_full_all(s):
    full(s, *s.members.names())


@kind("disk-full-follower", "a follower's disk fills up: the others go on without it", mounts=True,
      disks=small_disks)
def disk_full_follower(s):
    victim = s.follower()
    s.note(s.members.filesystem)
    s.strike()
    fill(s, victim)
    for _ in range(3):
        s.writes_go_on(30)
        fill(s, victim)  # what the ballast gave
    s.hold(1.0)
    free(s, victim)
    s.rejoin(victim)


def flip(file, places):
    data = bytearray(file.read_bytes())
    for place in places:
        data[place] ^= 1 << place % 8
    file.write_bytes(data)


def refused(s, victim, damage, *named):
    """The victim is damaged while it is down. It does not start on what it holds and says why; the others
    go on. Then it gets back what it had."""
    s.strike()
    s.kill(victim)
    aside = s.dir / "aside"
    shutil.copytree(s.dir / victim, aside)
    names = damage(s.dir / victim) or named
    s.start(victim)
    until(lambda: s.members.ended(victim))
    last = s.members.said(victim).strip().splitlines()[-1]
    assert all(name in last for name in names), f"{names} not in: {last}"
    s.note(last.partition(" ")[2][:160])
    s.writes_go_on(50)
    shutil.rmtree(s.dir / victim)
    aside.rename(s.dir / victim)
    s.start(victim)
    s.rejoin(victim)


@kind("flip-segment", "a bit flips in a record of a stopped master's log")
def flip_segment(s):
    victim = s.random.choice(s.members.names())
    known = s.revision_of(victim)
    written = [r["id"].encode() for r in s.load.history
               if r["outcome"] == "ok" and "id" in r and r["revision"] <= known]

    def damage(dir):
        text = s.random.choice(written)
        for file in sorted((dir / "log").glob("*.mdb")):
            data, places, at = file.read_bytes(), [], -1
            while (at := data.find(text, at + 1)) >= 0:
                places.append(at)
            if places:  # LMDB leaves old copies of a page behind; one of them is the living one
                flip(file, places)
                return [file.name]
        raise AssertionError(f"{text} is nowhere in {dir}")
    refused(s, victim, damage)


@kind("flip-slots", "a bit flips in both slots of a stopped master's term and vote")
def flip_slots(s):
    def damage(dir):
        half = os.path.getsize(dir / "slots") // 2
        flip(dir / "slots", [s.random.randrange(40), half + s.random.randrange(40)])
    refused(s, s.random.choice(s.members.names()), damage, "slots")


@kind("flip-keyframes", "a bit flips in every keyframe of a stopped master: it goes on from its log")
def flip_keyframes(s):
    victim = s.random.choice(s.members.names())
    until(lambda: list((s.dir / victim / "keyframes").glob("*.mdb")))
    s.strike()
    s.kill(victim)
    files = sorted((s.dir / victim / "keyframes").glob("*.mdb"))
    for file in files:
        flip(file, [s.random.randrange(os.path.getsize(file))])
    s.start(victim)
    s.rejoin(victim)
    s.note(f"{len(files)} keyframes")
    said = s.members.said(victim)
    verified = s.members.logship("verify", "--dir", s.dir / victim, check=False).stdout
    for file in files:
        assert file.name in said or "DAMAGED" not in verified or file.name in verified


@kind("older-copy", "a master comes back with an older copy of its own directory: it is refused")
def older_copy(s):
    victim = s.follower()
    s.kill(victim)
    old = s.dir / "old"
    shutil.copytree(s.dir / victim, old)
    s.start(victim)
    s.rejoin(victim)
    s.writes_go_on(50)

    def damage(dir):
        shutil.rmtree(dir)
        old.rename(dir)
    refused(s, victim, damage, "older copy")

"""What operators do: masters are stopped, upgraded one after the other, replaced; agents stop and come back."""
import shutil

from cluster import until
from kinds import kind

STILL = {"scalers": 0}  # so that pods come and go for no other reason


@kind("stop-leader", "SIGTERM of the leader; it is started again")
def stop_leader(s):
    leader = s.leader()
    s.strike()
    s.stop(leader)
    s.hold(0.5, 1.5)
    s.start(leader)
    s.rejoin(leader)


@kind("rolling-restart", "each master is stopped and started again, the next when it has caught up")
def rolling_restart(s):
    s.strike()
    for name in s.random.sample(s.members.names(), s.members.masters):
        s.stop(name)
        s.start(name)
        s.rejoin(name)
        s.writes_go_on(10)


def uids(s):
    return {p["metadata"]["uid"] for p in until(s.converged_pods)}


@kind("stop-nodes", "SIGTERM of all node agents under the pods they run; they are started again", load=STILL)
def stop_nodes(s):
    before = uids(s)
    s.strike()
    s.stop(*s.nodes())
    s.hold(0.5, 2.0)
    s.start(*s.nodes())
    s.rejoin()
    assert uids(s) == before, "a pod was replaced, though its node was not away for long"


@kind("pause-nodes", "SIGSTOP of node agents, not as long as the nodes' grace", load=STILL)
def pause_nodes(s):
    before = uids(s)
    s.strike()
    with s.paused(*s.random.sample(s.nodes(), 2)):
        s.note(f"paused {s.hold(1.0, 5.0):.1f} s")
    s.rejoin()
    assert uids(s) == before, "a pod was replaced, though its node was not away for long"


def replaced(s, lost):
    """All that it had is gone. Its successor has everything and votes: one of the others may be away."""
    s.strike()
    s.kill(lost)
    shutil.rmtree(s.dir / lost)
    s.writes_go_on(20)
    successor = s.members.replace(lost)
    s.note(f"{successor} for {lost}")
    s.rejoin(successor)
    other = s.random.choice(s.others(successor))
    s.kill(other)
    s.writes_go_on(20)
    s.start(other)
    s.rejoin()
    return successor


@kind("replace-leader", "the leader's disk is lost; `logship master replace` while clients write", loopback=True)
def replace_leader(s):
    replaced(s, s.leader())


@kind("replace-twice", "a follower's disk is lost, and its successor's too: each is replaced", loopback=True)
def replace_twice(s):
    replaced(s, replaced(s, s.follower()))

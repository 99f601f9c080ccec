"""Wires that are cut, one way or both, and wires that are merely bad."""
from cluster import until
from ground import CLIENTS
from kinds import kind
from scene import WATCHED, reachable

GRACE_MS = "9000"  # nodes whose wire is dead need some seconds to find another master


def one_way(s, senders, receivers):
    s.strike()
    for sender in senders:
        for receiver in receivers:
            s.ground.block(sender, receiver)
    s.hold(2.5, 4.0)
    s.ground.heal()
    s.rejoin()


@kind("leader-mute", "what the leader sends to the other masters does not arrive", wires=True)
def leader_mute(s):
    leader = s.leader()
    one_way(s, [leader], s.others(leader))


@kind("leader-deaf", "the leader hears nothing of what the other masters send", wires=True)
def leader_deaf(s):
    leader = s.leader()
    one_way(s, s.others(leader), [leader])


def alone(s, name):
    s.strike()
    s.ground.cut([name], s.others(name))
    s.hold(2.5, 4.0)
    assert not reachable(s.members, s.members.seat(name)), f"{name} alone confirms reads"
    s.ground.heal()
    s.rejoin(name)


@kind("leader-alone", "the leader is cut from the other masters, not from its clients", wires=True)
def leader_alone(s):
    alone(s, s.leader())


@kind("follower-alone", "a follower is cut from the other masters, not from its clients", wires=True)
def follower_alone(s):
    alone(s, s.follower())


@kind("bridge", "two masters are cut from each other; the third sees both", wires=True)
def bridge(s):
    leader = s.leader()
    s.strike()
    s.ground.cut([leader], [s.random.choice(s.others(leader))])
    s.hold(3.0, 4.0)
    s.ground.heal()
    s.rejoin()


@kind("clients-cut", "clients reach every master but the leader", wires=True)
def clients_cut(s):
    leader = s.leader()
    s.strike()
    s.ground.cut([CLIENTS], [leader])
    s.hold(2.5, 4.0)
    s.ground.heal()
    s.rejoin()


def on(pods, node):
    return {p["metadata"]["uid"] for p in pods if p["spec"]["nodeName"] == node}


def old_side(s, node):
    """The leader and one node on one side, everybody else on the other; clients see both."""
    leader = s.leader()
    s.strike()
    s.ground.cut([leader, node], [*s.others(leader), *(n for n in s.nodes() if n != node)])
    return leader


def living(s):
    pods = s.members.get(WATCHED["pods"], master=s.random.choice([1, 2, 3]))["items"]
    return [p for p in pods if p["status"]["phase"] == "Running" and
            "deletionTimestamp" not in p["metadata"]]


@kind("node-old-master", "a node sees only a leader that the others have replaced, until it is given up",
      wires=True, options=["--node-grace-ms", GRACE_MS], load={"scalers": 0})
def node_old_master(s):
    """Its pods are replaced elsewhere, and no others are; when it is back, it ends what it ran."""
    before = s.converged_pods()
    node = before[0]["spec"]["nodeName"]
    rest = {p["metadata"]["uid"] for p in before} - on(before, node)
    s.evictions = True
    leader = old_side(s, node)
    until(lambda: not on(living(s), node) and len(living(s)) == len(before))
    s.ground.heal()
    s.rejoin(leader)
    after = until(s.converged_pods)
    assert rest <= {p["metadata"]["uid"] for p in after}, "pods of nodes that were heard went too"


@kind("node-old-master-briefly", "a node sees only a leader that the others have replaced, for 3 s",
      wires=True, load={"scalers": 0})
def node_old_master_briefly(s):
    before = s.converged_pods()
    leader = old_side(s, before[0]["spec"]["nodeName"])
    s.hold(3.0)
    s.ground.heal()
    s.rejoin(leader)
    uids = [{p["metadata"]["uid"] for p in pods} for pods in (before, until(s.converged_pods))]
    assert uids[0] == uids[1], "a pod was replaced, though its node was not away for long"


@kind("bad-network", "what passes between hosts is late, out of order, doubled or lost", wires=True)
def bad_network(s):
    names = s.members.names()
    delay, loss = s.random.choice([2, 10, 40]), s.random.choice([0, 1, 5])
    s.note(f"{delay} ms on average, {loss} % lost")
    s.strike()
    s.ground.worsen(names, s.seed, delay, loss)
    s.hold(4.0, 5.0)
    s.ground.mend(names)
    s.rejoin()

"""Processes that are killed, paused and restarted."""
from kinds import kind


def killed(s, *names):
    s.strike()
    s.kill(*names)
    s.hold(1.0, 2.5)
    s.start(*names)
    s.rejoin(*names)


@kind("kill-leader", "SIGKILL of the leader; it is started again")
def kill_leader(s):
    killed(s, s.leader())


@kind("kill-follower", "SIGKILL of a follower; it is started again")
def kill_follower(s):
    killed(s, s.follower())


@kind("kill-all", "SIGKILL of all masters at once")
def kill_all(s):
    killed(s, *s.members.names())


@kind("kill-nodes", "SIGKILL of the nodes' processes under the pods they run")
def kill_nodes(s):
    nodes = [n for n in s.members.argv if n.startswith("n")]
    killed(s, *s.random.sample(nodes, 2))


def paused(s, *names):
    s.strike()
    shortest, longest = s.random.choice([(0.1, 0.9), (1.2, 3.0), (3.0, 5.0)])
    with s.paused(*names):
        s.note(f"paused {s.hold(shortest, longest):.1f} s")
    s.rejoin(*names)


@kind("pause-leader", "SIGSTOP of the leader for 0.1 to 5 s")
def pause_leader(s):
    paused(s, s.leader())


@kind("pause-follower", "SIGSTOP of a follower for 0.1 to 5 s")
def pause_follower(s):
    paused(s, s.follower())


@kind("pause-all", "SIGSTOP of all masters for 0.1 to 5 s")
def pause_all(s):
    paused(s, *s.members.names())


@kind("pause-long", "SIGSTOP of the leader for 10 s")
def pause_long(s):
    s.strike()
    leader = s.leader()
    with s.paused(leader):
        s.hold(10)
    s.rejoin(leader)


@kind("restart-storm", "masters and nodes are killed and started again, one or two at a time")
def restart_storm(s):
    s.strike()
    names = [*s.members.names(), "n1"]
    for _ in range(8):
        victims = s.random.sample(names, s.random.choice([1, 1, 2]))
        s.kill(*victims)
        s.hold(0.0, 0.5)
        s.start(*victims)
        s.hold(0.1, 0.8)
    s.rejoin()

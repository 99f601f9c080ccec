"""One thing after the other, and some at the same time."""
import time

from kinds import kind

SECONDS = 12


def killed(s, names):
    s.kill(*names)
    s.hold(0.0, 1.0)
    s.start(*names)


def paused(s, names):
    with s.paused(*names):
        s.hold(0.1, 2.5)


def cut(s, names):
    """Some of the wires to and from these, most often one way only."""
    for name in names:
        for other in [*s.others(name), *s.nodes()]:
            if s.random.random() < 0.7:
                s.ground.block(*s.random.choice([(name, other), (other, name)]))
    s.hold(0.5, 3.0)
    s.ground.heal()


def killed_while_cut(s, names):
    for name in names:
        s.ground.block(s.random.choice(s.others(name)), name)
    killed(s, names)
    s.hold(0.2, 1.5)
    s.ground.heal()


@kind("mixed", f"kills, pauses and cut wires, drawn anew for {SECONDS} s", wires=True)
def mixed(s):
    s.strike()
    end, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        names = s.random.sample(s.members.names(), s.random.choice([1, 1, 1, 2, 3]))
        s.random.choice([killed, paused, cut, killed_while_cut])(s, names)
        s.hold(0.0, 0.7)
        count += 1
    s.note(f"{count} faults")
    s.rejoin()

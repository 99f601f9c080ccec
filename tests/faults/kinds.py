"""The faults there are: each module kinds_*.py adds its own by `@kind(name, about, ...)`.

What follows the name is what a fault needs or wishes: wires=True (network namespaces), loopback=True (none,
so that `logship` itself finds the masters where it put them), mounts=True, options
(for `logship up`), disks (a function that makes filesystems before the masters start), load (arguments of
Load)."""
KINDS = {}


def kind(name, about, **needs):
    def take(play):
        KINDS[name] = (play, about, needs)
        return play
    return take

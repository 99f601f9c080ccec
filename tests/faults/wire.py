"""A bad wire: frames between two interfaces come late, out of order, twice or not at all. Needs nothing of
the kernel but packet sockets, so it is the same wherever namespaces can be made (netem is a module that
many kernels lack). Runs as a process of its own: wire.py SEED DELAY_MS LOSS_PERCENT A B [A B ...]"""
import heapq
import os
import random
import select
import socket
import sys
import time

SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_VNET_HDR = 263, 1, 15
PACKET_MR_PROMISC = 1
ETH_P_ALL, OUTGOING = 3, 4
TWICE_PERCENT = 1


def tapped(interface):
    """Frames as the kernel has them, with the header that says what is still to be done to them (checksums,
    cutting up): it goes with them to the other side."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.bind((interface, ETH_P_ALL))
    index = socket.if_nametoindex(interface)
    s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                 index.to_bytes(4, sys.byteorder) + PACKET_MR_PROMISC.to_bytes(2, sys.byteorder) +
                 bytes(10))
    s.setblocking(False)
    return s


class Wires:
    def __init__(self, seed, delay, loss, names):
        self.random, self.delay, self.loss = random.Random(seed), delay, loss
        ends = [tapped(name) for name in names]
        self.other = {a: b for k in range(0, len(ends), 2)
                      for a, b in ((ends[k], ends[k + 1]), (ends[k + 1], ends[k]))}
        self.late, self.count = [], 0  # (when, number, where to, frame)

    def take(self, end, now):
        while True:
            try:
                frame, address = end.recvfrom(1 << 17)
            except BlockingIOError:
                return
            if address[2] == OUTGOING or self.random.random() * 100 < self.loss:
                continue
            for _ in range(2 if self.random.random() * 100 < TWICE_PERCENT else 1):
                self.count += 1
                due = now + self.random.uniform(0.1, 1.9) * self.delay
                heapq.heappush(self.late, (due, self.count, self.other[end], frame))

    def deliver(self, now):
        while self.late and self.late[0][0] <= now:
            _, _, end, frame = heapq.heappop(self.late)
            try:
                end.send(frame)
            except OSError:
                pass  # one more that is lost

    def run(self):
        while True:
            now = time.monotonic()
            wait = max(0.0, self.late[0][0] - now) if self.late else None
            for end in select.select(list(self.other), [], [], wait)[0]:
                self.take(end, time.monotonic())
            self.deliver(time.monotonic())


if __name__ == "__main__":
    seed, delay, loss, *names = sys.argv[1:]
    wires = Wires(seed, float(delay) / 1000, float(loss), names)
    os.write(1, b"ready\n")
    wires.run()

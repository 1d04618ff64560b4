"""A board as a router, and its four neighbours: how much heap forwarding for them takes.

The board is a process, of 64 bits or of 32. The neighbours are in this one, each with its own loop,
real sockets and real seals; nothing of theirs is in the board's heap.
"""

import json
import socket
import subprocess
import time
from pathlib import Path

from actors.accel import crypto
from actors.boards import virtual
from mp_actors import codec
from mp_actors.board import draw
from mp_actors.clock import SystemClock
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.serve import Server
from tests import narrow
from tests.bench.local import Source, Tally

PARTS = Path(__file__).parent / "forwarding"
BOARD, NEIGHBOURS = 1, (2, 3, 4, 5)
READINGS = 400  # of each neighbour, to the next one
REPORTS = 4  # in a row, after all has come
TIMEOUT_S = 60
RUN = "import forward; forward.main()"
SEALS = ("plain", "ccm")


def path_of(number):
    return f"hall/device-{number}"


def keys_of(number):
    """Keys of the router or of a neighbour, with one secret for each link."""
    others = NEIGHBOURS if number == BOARD else (BOARD,)
    neighbours = {
        str(other): {
            "pattern": "NNpsk0",
            "seal": "ccm",
            "psk": bytes([max(number, other)] * 32).hex(),
        }
        for other in others
    }
    control = {"from": NEIGHBOURS[0], "mac": bytes(32).hex(), "modulus": "00"}
    keys = {"site": bytes(16).hex(), "number": number, "path": path_of(number), "private": None}
    return {**keys, "epoch": 1, "neighbours": neighbours, "control": control, "macs": None}


def map_of(routers, leaves):
    """A map of so many routers in a ring, the board one of them, and so many leaves."""
    numbers = [BOARD, *range(100, 99 + routers)]
    ring = zip(numbers, [*numbers[1:], BOARD], strict=True) if routers > 1 else ()
    links = [[1000 + place, a, b, 1000] for place, (a, b) in enumerate(ring)]
    parents = dict.fromkeys(NEIGHBOURS, BOARD)
    parents |= {1000 + place: numbers[place % routers] for place in range(leaves - len(NEIGHBOURS))}
    hung = [[leaf, [[leaf, parent, 1000]]] for leaf, parent in parents.items()]
    devices = [[number, path_of(number)] for number in [*numbers, *parents]]
    return {"version": 1, "devices": devices, "links": links, "leaves": hung}


class Neighbour:
    """A leaf of the board, with a wire to the next one."""

    def __init__(self, number, address, seal):
        guard = Guard(crypto, Keys(keys_of(number))) if seal != "plain" else None
        clock, limits = SystemClock(), Limits(True)
        path = path_of(number)

        def forwarder(node):
            return Leaf(node, [BOARD])

        self.node = Node(
            path, number, clock, codec, draw, limits, forwarder, lambda *_: None, guard
        )
        self.source = self.node.scheduler.spawn(path + "/source", Source)
        self.node.scheduler.spawn(path + "/tally", Tally)
        self.server = Server(self.node, clock)
        self.server.dial(*address, BOARD)
        self.left = READINGS
        after = NEIGHBOURS[(NEIGHBOURS.index(number) + 1) % len(NEIGHBOURS)]
        before = NEIGHBOURS[NEIGHBOURS.index(number) - 1]
        for wire, source, target in ((number, number, after), (before, before, number)):
            spec = {"wire": wire, "epoch": 1, "first": 1, "origins": [], "limit": 1024, "via": 0}
            spec |= {"items": 128, "credit": 32, "full": "refuse", "reliable": False}
            spec |= {"source": path_of(source) + "/source", "source_device": source}
            spec |= {"target": path_of(target) + "/tally", "target_device": target}
            self.node.wires.connect(spec)
            if source == number:
                self.outbox = self.node.wires.outboxes[wire]
            else:
                self.inlet = self.node.wires.inlets[wire]

    def has_all(self):
        """Whether all that was sent to it is here, or was dropped on the way."""
        return self.inlet.delivered + self.inlet.missing == READINGS

    def turn(self):
        """Emit what there is room for, and let the loop turn."""
        if self.left and self.outbox.waiting < 8:
            self.left -= 1
            self.source.emit(20.5 + self.left, self.node.clock.site_us(), self.source.path)
        self.server.turn(1)


class Board:
    """The router, a real MicroPython with the heap of a virtual board."""

    def __init__(self, folder, seal, site_map, is_narrow=False):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        keys = None if seal == "plain" else keys_of(BOARD)
        config = {"path": path_of(BOARD), "number": BOARD, "listen": self.address, "dial": []}
        config |= {"map": site_map, "attached": not is_narrow, "keys": keys}
        virtual.prepare(folder, PARTS, config, seed=1)
        main = virtual.MAIN.format("boot").replace("serve(mp_actors.boot.begun())", RUN)
        (folder / "main.py").write_text(main)
        self.said = folder / "said"
        argv, environment = virtual.command(folder)
        if is_narrow:
            argv = narrow.command(virtual.HEAP_KB, "forward")
        self._is_narrow = is_narrow
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                argv, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=out
            )

    def reports(self):
        """[free bytes, frames forwarded, neighbours], one for each half second so far."""
        lines = self.said.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("[")]

    def free_bytes(self):
        """The least of the last reports; on 32 bits it is the port that knows."""
        if self._is_narrow:
            return narrow.least(self.said).free
        return min(report[0] for report in self.reports()[-REPORTS:])

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(TIMEOUT_S) == 0, self.said.read_text()


def used_bytes(folder, seal, site_map, is_narrow=False):
    """The heap in use of a board that has forwarded for four neighbours, the most of `REPORTS`."""
    return virtual.HEAP_KB * 1024 - forward(folder, seal, site_map, is_narrow).free_bytes()


def forward(folder, seal, site_map, is_narrow=False):
    """A board that has forwarded for four neighbours, and has ended."""
    board = Board(folder, seal, site_map, is_narrow)
    neighbours = [Neighbour(number, board.address, seal) for number in NEIGHBOURS]
    ends = time.monotonic() + TIMEOUT_S
    try:
        wanted = None
        while wanted is None or len(board.reports()) < wanted:
            assert time.monotonic() < ends, board.said.read_text()
            for one in neighbours:
                one.turn()
            if wanted is None and all(one.has_all() for one in neighbours):
                wanted = len(board.reports()) + REPORTS
    finally:
        board.end()
    reports = board.reports()[-REPORTS:]
    assert all(report[2] == len(NEIGHBOURS) for report in reports)
    assert reports[-1][1] > 0
    for one in neighbours:
        # What a router has no room for it drops and counts; nothing else is missing.
        assert one.inlet.dropped == {}
        assert one.inlet.delivered > READINGS // 2
        assert one.node.neighbours[BOARD].seal_name == seal
    return board

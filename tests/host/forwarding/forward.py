"""A board that forwards for its neighbours: run by MicroPython, see `test_board_forwards`.

As `mp_actors.boot` begins a leaf, but for the map, which lies in the flash. Every half second it
prints the bytes in use after a collection and the frames it has forwarded.
"""

import gc
import json

from mp_actors import Actor, boot, codec, news
from mp_actors.board import Flash, draw, say, serve
from mp_actors.clock import SystemClock
from mp_actors.node import Limits, Node
from mp_actors.router import Router

REPORT_MS = 500


class Gauge(Actor):
    """Says how much is in use."""

    def __init__(self, router):
        self.router = router

    def started(self):
        self.every(REPORT_MS, "report")

    def on_report(self):
        gc.collect()
        print(json.dumps([gc.mem_free(), self.router.forwarded, len(self.router.node.neighbours)]))


def begun():
    """The server of the router described in `config.json`."""
    flash = Flash("config.json")
    config = flash.read()
    if config["keys"] is not None:
        flash.guard = boot.guard(flash)
    path, number, clock = config["path"], config["number"], SystemClock()
    node = Node(path, number, clock, codec, draw, Limits(True), Router, say, flash.guard)
    node.links.at_rest = flash.rest
    node.scheduler.spawn(path + "/router", lambda: node.forwarder)
    proof, node.proof = node.proof, None  # whose signature it has is no matter of memory
    encoded = codec.encode(config["map"])
    node.forwarder.on_map(encoded, news.digest(encoded))
    node.proof = proof
    node.scheduler.spawn(path + "/gauge", lambda: Gauge(node.forwarder))
    return boot.open_links(config, node, clock, boot.READ_BYTES)


def main():
    """Forward until standard input ends."""
    serve(begun())

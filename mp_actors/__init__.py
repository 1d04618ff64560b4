"""The kernel: one source that runs on MicroPython and on CPython, without a third-party import.

A reading's way through it, floor by floor (a file imports only from floors below its own):

    words        errors, path, ticks, redial
    keys         crypto, keyring, noise, seal, fernet_seal, proof
    queues       bounded, timers, full, latency, gaps, inlet  time and values that wait
    actors       actor, roles, supervise, cell, flow, scheduler, operators
    parts        wired, wired_i2c, sensors, actuators        drivers: hardware <-> values
    wire         codec, jsontext, frame, batch, readings    values <-> bytes, no sockets
    ways         routes, linkstate, news                    the map, what is down, who is told
    neighbours   gate, session, peer, handshake, guard, greeting, connection, neighbours
    wires        credit, outbox, reliable, backlog, spill, arrivals, wiring, wires
    node         control, requests, watch, leaf, router, system, node
    why          journal, lost, explain, measure            what is kept for whoever asks
    street       clock, links, dial, listen, line, serve, tap, local, testing, wifi
    board        board, boot, safety

    data     sensor -> scheduler -> outbox -> batch -> session ~~ session -> router
             -> arrivals -> inlet -> sink; how far the outbox may send comes back as credit
    control  controller -> session ~~ router -> system actor `.../node` -> scheduler; answers return
    bytes    session -> connection -> seal -> link ~~ link -> seal -> connection -> session
    time     clock -> serve -> node.step(now_ms) -> everyone else

Only `Actor` and the four roles are exported here: each name costs a board memory.
"""

from mp_actors.actor import Actor
from mp_actors.roles import Aggregator, Filter, Sensor, Sink

__all__ = ["Actor", "Aggregator", "Filter", "Sensor", "Sink"]

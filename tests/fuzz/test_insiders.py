"""An insider: a device with valid keys of its own, a leaf or a router, that means harm.

It says in its own name what it likes. Of what it says in another's name, or what only the
controller may say, nothing is carried out, and each time is counted.
"""

import json

import pytest

from actors.accel import codec
from actors.difference import diff
from mp_actors import batch, frame, news
from mp_actors.board import say
from mp_actors.requests import Requests
from mp_actors.testing import ManualClock
from tests.fuzz.harness import (
    CLERK,
    DESK,
    GATE,
    HUB,
    METER,
    PROBE,
    Clerk,
    Insider,
    Net,
    plan,
    signed_map,
    without,
    work,
)

# --- orders ---------------------------------------------------------------------------------------


def order(to, kind, args=(), *, number=None, inc=5, **more):
    """A control map that says it is the controller's."""
    body = {"to": to, "from": "field/desk/controller", "do": kind, "args": list(args), **more}
    if number is not None:
        body.update({"inc": inc, "id": number})
    return body


def proved(net, to_device, body):
    """The bytes and MAC of an order as the controller's device makes them."""
    proof = net.nodes[DESK].proof
    proof.starts[to_device] = net.nodes[to_device].incarnation
    proof.number(body, to_device)
    encoded = codec.encode(body)
    return encoded + proof.mac(DESK, to_device, encoded)


ORDERS = {
    "spawn": ("node", "spawn", ["spy", "tests.fuzz.harness:Clerk", {}]),
    "stop": ("node", "stop", ["keep"]),
    "wire": ("node", "wire", [{}]),
    "unwire": ("node", "unwire", [1]),
    "start": ("node", "start", []),
    "halt": ("node", "halt", []),
    "watch": ("node", "watch", ["field/clerk/spy", 100]),
    "end": ("node", "end", []),
    "map": ("router", "map", list(signed_map(99))),
    "version": ("router", "version", []),
    "everything ends": ("controller", "end", []),
    "all sensors rest": ("controller", "halt", []),
    "status": ("controller", "status", []),
}


def obeyed(node):
    """What orders change of a node."""
    return (
        sorted(node.scheduler.cells), node.scheduler.sampling, node.scheduler.halted,
        sorted(node.wires.inlets), node.is_ending, node.forwarder.version,
        node.scheduler.cells[node.path + "/node"].actor.watcher,
    )


@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize(("insider", "at"), [(CLERK, GATE), (METER, GATE), (HUB, GATE)])
def test_nobody_but_the_controller_orders_anything(what, insider, at):
    name, kind, args = ORDERS[what]
    net = Net(links=without(insider, at), controls=True)
    net.rest(1500)
    for target in (at, DESK, HUB) if insider != HUB else (at,):
        node = net.nodes[target]
        thief = Insider(net, insider, at)
        before = obeyed(node)
        lost = node.control.lost.get("denied", 0)
        to = f"{node.path}/{name}"
        for number in (None, 3000):
            own = {**order(to, kind, args, number=number), "from": "field/clerk/spy"}
            thief.route(frame.CONTROL, target, insider, own)
            # With a MAC that is none, and as if the console said it.
            sealed = codec.encode(own) + b"m" * 16
            thief.route(frame.CONTROL | frame.PROVED, target, insider, sealed)
            thief.say(codec.encode(own))
        assert obeyed(node) == before
        assert node.control.lost["denied"] >= lost + 4
        answers = [one["error"][0] for one in thief.answers()]
        assert set(answers) <= {"failed"}


@pytest.mark.parametrize("what", ORDERS)
def test_a_leaf_speaks_for_nobody_else_not_even_to_its_parent(what):
    name, kind, args = ORDERS[what]
    net = Net(links=without(CLERK, GATE), controls=True)
    net.rest(1500)
    thief = Insider(net, CLERK, GATE)
    for target in (GATE, HUB, DESK, 0):
        node = net.nodes[target or GATE]
        before = obeyed(node), dict(node.control.lost)
        for claimed in (DESK, HUB, PROBE, 0):
            denied = net.nodes[GATE].control.lost.get("denied", 0)
            body = order(f"{node.path}/{name}", kind, args, number=7000)
            thief.route(frame.CONTROL, target, claimed, body)
            assert net.nodes[GATE].control.lost["denied"] == denied + 1
        assert obeyed(node) == before[0]
        if node is not net.nodes[GATE]:
            assert node.control.lost == before[1]  # it never got there


def test_a_router_that_forges_the_controller_s_number_is_denied_where_the_order_ends():
    net = Net(links=without(GATE, HUB))
    thief = Insider(net, HUB, GATE)
    gate = net.nodes[GATE]
    before = obeyed(gate)
    for flags, end in ((frame.CONTROL, b""), (frame.CONTROL | frame.PROVED, b"\0" * 16)):
        body = codec.encode(order("field/gate/node", "end", number=1))
        thief.route(flags, GATE, DESK, body + end)
    stolen = proved(net, PROBE, order("field/gate/node", "end", number=2))  # another device's key
    thief.route(frame.CONTROL | frame.PROVED, GATE, DESK, stolen)
    assert obeyed(gate) == before
    assert gate.control.lost == {"denied": 3}


def test_an_order_that_is_played_again_is_carried_out_once():
    net = Net(links=without(GATE, HUB))
    thief, gate = Insider(net, HUB, GATE), net.nodes[GATE]
    start = proved(net, GATE, order("field/gate/node", "start", number=1))
    halt = proved(net, GATE, order("field/gate/node", "halt", number=2))
    flags = frame.CONTROL | frame.PROVED
    thief.route(flags, GATE, DESK, start)
    thief.route(flags, GATE, DESK, halt)
    assert not gate.scheduler.sampling
    for _ in range(3):
        thief.route(flags, GATE, DESK, start)  # answered from memory
    assert not gate.scheduler.sampling
    for number in range(10, 10 + gate.limits.answers):  # until its answer is forgotten
        body = proved(net, GATE, order("field/gate/router", "version", number=number))
        thief.route(flags, GATE, DESK, body)
    assert "denied" not in gate.control.lost
    thief.route(flags, GATE, DESK, start)
    assert not gate.scheduler.sampling
    assert gate.control.lost == {"denied": 1}


def test_an_order_that_was_kept_is_not_carried_out_once_its_device_has_begun_anew():
    net = Net(links=without(GATE, HUB))
    kept = [
        proved(net, GATE, order("field/gate/node", "start", number=1)),
        proved(net, GATE, order("field/gate/node", "start")),
        proved(net, GATE, order("field/gate/router", "map", list(signed_map(1)), number=2)),
    ]
    before = net.nodes[GATE].incarnation
    net.lines.append((GATE, "", "begins anew"))  # another draw
    gate = net.start(GATE)
    assert gate.incarnation != before
    thief = Insider(net, HUB, GATE)
    for body in kept:
        thief.route(frame.CONTROL | frame.PROVED, GATE, DESK, body)
    assert not gate.scheduler.sampling
    assert gate.forwarder.version == 0
    assert gate.control.lost == {"denied": 3}


def test_what_the_controller_says_next_reaches_a_device_that_has_begun_anew():
    net = Net(links=[(HUB, DESK)])
    asks, said = Requests(net.nodes[DESK]), []

    def ask(kind):
        asks.ask("field/desk/controller", "field/hub/node", kind, [], lambda *it: said.append(it))

    ask("start")
    net.rest(1600)  # all is acknowledged
    assert net.nodes[HUB].scheduler.sampling
    net.cords.pop((HUB, DESK)).cut()
    net.lines.append((HUB, "", "begins anew"))
    hub = net.start(HUB)
    net.link(HUB, DESK)
    ask("start")
    net.rest()
    assert not hub.scheduler.sampling  # it was said to the one before
    net.rest(600)
    assert hub.scheduler.sampling
    assert said == [(None, None), (None, None)]
    assert hub.control.lost == {"denied": 1}


def test_orders_of_an_earlier_controller_are_over_once_its_successor_has_spoken():
    net = Net(links=without(GATE, HUB))
    thief, gate = Insider(net, HUB, GATE), net.nodes[GATE]
    flags = frame.CONTROL | frame.PROVED
    kept = [proved(net, GATE, order("field/gate/node", "start", number=n)) for n in range(1, 5)]
    net.start(DESK, term=2)
    fresh = proved(net, GATE, order("field/gate/router", "version", number=1, inc=6))
    thief.route(flags, GATE, DESK, fresh)
    for body in kept:
        thief.route(flags, GATE, DESK, body)
    assert not gate.scheduler.sampling
    assert gate.control.lost == {"denied": 4}


def test_an_order_for_one_device_is_none_for_another():
    net = Net(links=without(GATE, HUB))
    thief, gate = Insider(net, HUB, GATE), net.nodes[GATE]
    body = proved(net, CLERK, order("field/gate/node", "start", number=1))
    thief.route(frame.CONTROL | frame.PROVED, GATE, DESK, body)
    assert not gate.scheduler.sampling
    assert gate.control.lost == {"denied": 1}


def test_a_forger_cannot_spend_the_numbers_of_orders():
    net = Net(links=without(GATE, HUB))
    thief, gate = Insider(net, HUB, GATE), net.nodes[GATE]
    gate.scheduler.spawn("field/gate/clerk", Clerk)
    inc = net.nodes[DESK].incarnation
    for to in ("field/gate/node", "field/gate/clerk", "field/gate/nobody"):
        for number in range(1, 4):
            body = order(to, "note", number=number, inc=inc)
            thief.route(frame.CONTROL, GATE, DESK, body)
    thief.answers()
    body = proved(net, GATE, order("field/gate/node", "start", number=2, inc=inc))
    thief.route(frame.CONTROL | frame.PROVED, GATE, DESK, body)
    assert gate.scheduler.sampling
    assert [one.get("ok", "refused") for one in thief.answers()] == [None]


def test_a_number_that_no_answer_can_carry_is_refused_and_nobody_falls_over():
    net = Net(links=without(CLERK, GATE))
    thief = Insider(net, CLERK, GATE)
    for number in (1 << 63, -(1 << 63), 10**30, 1.5, None, "x"):
        body = {"to": "field/gate/nobody", "from": "field/clerk/x", "do": "z", "inc": 1}
        text = json.dumps({**body, "id": number}).encode()
        thief.route(frame.CONTROL, GATE, CLERK, text)
    assert net.nodes[GATE].control.lost == {"undecodable": 6}
    assert thief.connection.is_open


# --- answers, reports, names ----------------------------------------------------------------------


def test_only_who_was_asked_answers():
    net = Net(links=without(CLERK, GATE))
    got, desk = [], net.nodes[DESK]
    asked = Requests(desk)
    thief = Insider(net, CLERK, GATE)
    net.cords[PROBE, HUB].ends[1].is_stuck = True
    for _ in range(3):
        asked.ask("field/desk/me", "field/probe/node", "start", [], lambda *one: got.append(one))
    for number in sorted(asked._open):
        for end in ({"ok": 5}, {"error": ["failed", "no"]}, {"error": ["unreachable", "gone"]}):
            body = {"to": "field/desk/me", "from": "field/probe/node", "re": number, **end}
            thief.route(frame.CONTROL, DESK, CLERK, body)
    assert got == []
    assert desk.control.lost == {"denied": 9}
    net.cords[PROBE, HUB].ends[1].is_stuck = False
    net.rest(1000)
    assert got == [(None, None)] * 3


def test_a_router_does_not_tell_another_what_a_liar_could_not_be_told():
    net = Net(links=without(CLERK, GATE))
    got = []
    asked = Requests(net.nodes[DESK])
    thief = Insider(net, CLERK, GATE)
    net.cords[PROBE, HUB].ends[1].is_stuck = True
    asked.ask("field/desk/me", "field/probe/node", "start", [], lambda *one: got.append(one))
    for to in (PROBE, GATE, 99):
        thief.route(frame.CONTROL, to, DESK, {**order("a/b/c", "x", number=1), "to": "field/x/y"})
    assert got == []
    assert net.nodes[GATE].control.lost == {"denied": 3}


def test_an_answer_that_is_no_map_version_does_not_stop_the_controller():
    net = Net(links=[], controls=True)
    desk = net.nodes[DESK]
    controller = net.controller
    answers = []
    for version in ("x", None, [1], 1.5, True):
        controller._requests = _Says(version)
        controller._maps.give(answers.append)
    assert [error[0] for error in answers] == ["failed"] * 5
    assert desk.scheduler.cells["field/desk/controller"].failures == 0


class _Says:
    """Requests that are answered by a router which lies."""

    def __init__(self, value):
        self.value = value

    def ask(self, _sender, _path, kind, _args, then, _timeout_ms):
        """Answer at once."""
        assert kind == "version"
        then(None, self.value)


def test_a_device_reports_of_itself_only():
    net = Net(links=without(CLERK, GATE), controls=True)
    net.rest(1500)
    reports = net.controller.observer.reports
    before = reports["field/hub"].figures, reports["field/hub"].restarts
    thief = Insider(net, CLERK, GATE)
    for kind, rows in (("device", {"inc": 1}), ("actors", [["keep", 9, 9, True, "x"]]),
                       ("wires", [[1, 1, 9, 9, 9, {}, 0, 0, None, None]])):
        for sender in ("field/clerk/node", "field/hub/node", "field/clerk/spy"):
            body = {"to": "field/desk/controller", "from": sender, "do": kind}
            thief.route(frame.CONTROL, DESK, CLERK, {**body, "args": ["field/hub", rows]})
    net.rest(20)
    assert (reports["field/hub"].figures["inc"], reports["field/hub"].restarts) == (
        before[0]["inc"], before[1])
    assert "keep" not in reports["field/hub"].actors or reports["field/hub"].actors["keep"][1] == 0
    assert net.nodes[DESK].scheduler.cells["field/desk/controller"].failures == 0
    own = {"to": "field/desk/controller", "from": "field/clerk/node", "do": "device"}
    own["args"] = ["field/clerk", {"inc": 12}]
    thief.route(frame.CONTROL, DESK, CLERK, own)
    assert reports["field/clerk"].heard_s is None  # a start that has not answered may be over
    net.controller._repair.starts["field/clerk"] = 12  # it has
    thief.route(frame.CONTROL, DESK, CLERK, own)
    assert reports["field/clerk"].figures == {"inc": 12}


def test_a_neighbour_s_word_on_its_path_moves_nothing_of_another_s():
    net = Net(links=without(CLERK, GATE))
    thief = Insider(net, CLERK, GATE, hello={"path": "field/probe"})
    gate = net.nodes[GATE]
    assert gate.control.number_of("field/probe") == PROBE
    gate.control.tell("field/gate/me", "field/probe/somebody", "note", [1])
    net.rest()
    thief.exchange()
    assert [one for one in thief.heard if one[0] == frame.ROUTED] == []


# --- data -----------------------------------------------------------------------------------------


def readings(wire, epoch=1, sequence=1, values=(666,)):
    """A batch as its source would send it."""
    return batch.encode(codec, wire, epoch, sequence, [10] * len(values), list(values), None)


@pytest.mark.parametrize(("insider", "at"), [(CLERK, GATE), (METER, GATE)])
def test_data_for_a_wire_that_is_another_s_is_refused_and_counted(insider, at):
    net = Net(links=without(insider, at))
    net.wire(1)
    thief = Insider(net, insider, at)
    for claimed in (insider, PROBE):
        thief.route(frame.STREAM, HUB, claimed, readings(1))
    assert net.kept(1) == []
    assert net.nodes[HUB].wires.lost == {(1, "denied"): 1}
    assert net.nodes[GATE].wires.lost == {(1, "denied"): 1}
    net.emit(1, [1, 2])
    net.rest()
    assert net.kept(1) == [1, 2]
    assert net.nodes[HUB].wires.inlets[1].missing == 0


def test_data_in_another_s_name_is_refused_by_the_parent_that_is_its_target():
    net = Net(links=without(METER, GATE))
    spec = {**plan().wires[1].spec, "wire": 9, "target": "field/gate/clerk", "target_device": GATE}
    gate = net.nodes[GATE]
    gate.scheduler.spawn("field/gate/clerk", Clerk)
    gate.wires.connect(spec)
    thief = Insider(net, METER, GATE)
    thief.route(frame.STREAM, GATE, PROBE, readings(9))
    thief.say(readings(9))
    assert gate.wires.inlets[9].accepted == 0
    assert gate.wires.lost == {(9, "denied"): 2}


def test_who_invents_wires_does_not_make_the_report_too_long():
    net = Net(links=without(CLERK, GATE))
    thief = Insider(net, CLERK, GATE)
    gate = net.nodes[GATE]
    frames = [frame.routed(frame.STREAM, 0, (), GATE, CLERK, readings(n)) for n in range(1, 2001)]
    thief.say(*frames)
    assert sum(gate.wires.lost.values()) == 2000
    report = gate.scheduler.cells["field/gate/node"].actor.device()
    assert batch.items_of({"to": "", "from": "", "do": "", "args": ["", report]}) < 1024


# --- maps and news --------------------------------------------------------------------------------


def map_news(encoded, _digest, signature):
    """A map as a router tells it."""
    return news.map_frame(encoded, signature)


def test_a_map_that_this_site_has_not_signed_is_refused_and_counted():
    net = Net(links=without(GATE, HUB))
    gate = net.nodes[GATE]
    thief = Insider(net, HUB, GATE)
    encoded, digest, signature = signed_map(50)
    lies = [
        (encoded, digest, b""),
        (encoded, digest, signature[:-1]),
        (encoded, digest, bytes(256)),
        (encoded, digest, bytes([signature[0] ^ 1]) + signature[1:]),
        signed_map(50, which=1),
        (encoded + b"\0", news.digest(encoded + b"\0"), signature),
    ]
    for lie in lies:
        thief.say(map_news(*lie))
    assert gate.forwarder.version == 1
    assert sum(gate.forwarder.refused_maps.values()) == len(lies)
    assert thief.connection.is_open
    thief.say(map_news(encoded, digest, signature))
    assert gate.forwarder.version == 50


def test_an_old_map_of_this_site_is_refused_and_counted():
    net = Net(links=without(GATE, HUB))
    gate = net.nodes[GATE]
    thief = Insider(net, HUB, GATE)
    thief.say(map_news(*signed_map(7)))
    for version in (1, 6):
        thief.say(map_news(*signed_map(version)))
    other = {**plan().route_map, "links": []}
    thief.say(map_news(*signed_map(7, plain=other)))  # one version with two contents
    assert gate.forwarder.version == 7
    assert gate.forwarder.map.links
    assert sum(gate.forwarder.refused_maps.values()) == 3


def test_a_leaf_that_calls_itself_a_router_gets_no_news_and_gives_none():
    net = Net(links=without(CLERK, GATE))
    thief = Insider(net, CLERK, GATE, hello={"router": True, "map": 0})
    gate = net.nodes[GATE]
    net.nodes[HUB].forwarder.on_map(*signed_map(2))
    net.rest()
    thief.exchange()
    assert gate.forwarder.version == 2
    assert [one for one in thief.heard if one[0] == frame.NEWS] == []
    lies = [(link, end, (1 << 32) - 1, 1) for link in range(1, 6) for end in range(1, 7)]
    thief.say(*news.bit_frames(lies), map_news(*signed_map(9)))
    assert gate.forwarder.version == 2
    assert gate.control.lost == {"denied": 2}
    for number in (DESK, HUB, GATE):
        assert net.nodes[number].forwarder.state.down <= {_link(CLERK, GATE)}


def test_a_leaf_is_known_for_one_when_the_map_comes_later_than_the_leaf():
    net = Net(links=without(CLERK, GATE), maps=False)
    thief = Insider(net, CLERK, GATE)
    assert thief.peer.is_router
    net.nodes[DESK].forwarder.on_map(*signed_map(1))
    net.rest()
    thief.exchange()
    assert not thief.peer.is_router
    assert [one for one in thief.heard if one[0] == frame.NEWS] == []


def _link(one, other):
    """The number of the link of two devices."""
    plain = plan().route_map
    for leaf, parents in plain["leaves"]:
        for link, parent, _cost in parents:
            if (leaf, parent) == (one, other):
                return link
    raise AssertionError("no such link")


# --- what would end a node ------------------------------------------------------------------------


def test_a_time_beyond_63_bits_is_refused():
    net = Net(links=without(PROBE, HUB))
    clock = net.nodes[PROBE].clock = ManualClock()
    thief = Insider(net, HUB, PROBE)
    beat = frame.beat(frame.PONG, 1, net.clock.ticks_ms(), 1 << 63)
    thief.connection.push(beat)
    thief.exchange()
    assert thief.accepted.is_closed
    assert clock.site_us() < 1 << 62


def test_a_frame_that_has_gone_round_is_dropped_also_when_it_is_sent_again():
    net = Net(links=without(GATE, HUB))
    gate = net.nodes[GATE]
    thief = Insider(net, HUB, GATE)
    net.cords[CLERK, GATE].ends[1].is_stuck = True
    thief.route(frame.CONTROL, CLERK, HUB, order("field/clerk/x", "y", number=1), hops=254)
    assert len(gate.links.peers[CLERK].frames) == 1
    gate.links._give_up(gate.links.peers[CLERK])
    assert gate.control.lost == {"no-route": 1}


def test_reports_go_on_when_the_watcher_is_none():
    net = Net((GATE,))
    gate, answers = net.nodes[GATE], []
    for watcher, period_ms in (("x", 100), ([], 100), ("a/b/c", 0), ("a/b/c", "1"), ("a/b/c", 100)):
        order = "field/gate/node", "watch", (watcher, period_ms), "field/gate/x"
        gate.scheduler.post(*order, lambda *one: answers.append(one))
        for _ in range(5):
            net.clock.advance_ms(100)
            work(gate)
    assert [error is None for error, _ in answers] == [False] * 4 + [True]
    assert gate.scheduler.cells["field/gate/node"].actor.watcher == "a/b/c"


def test_the_lines_of_a_node_are_its_own(capsys):
    say("field/gate/\nfield/desk/node", "all is\r\x1b[2Jwell\x7f, über")
    assert capsys.readouterr().out == "field/gate/?field/desk/node: all is??[2Jwell?, über\n"


def test_the_console_s_keys_open_nothing_for_a_device():
    net = Net(links=without(CLERK, GATE))
    thief = Insider(net, CLERK, GATE)
    with pytest.raises(AssertionError):
        Insider(net, CLERK, GATE, hello={"number": 0})
    assert thief.peer.number == CLERK
    assert "says 0" in "".join(net.nodes[GATE].links.link_errors)


@pytest.mark.parametrize("kind", ["device", "actors", "wires"])
def test_a_report_that_is_none_stops_nobody(kind):
    net = Net(links=without(CLERK, GATE), controls=True)
    net.rest(1500)
    thief = Insider(net, CLERK, GATE)
    rows = ([[1]], [1], [[[]] * 10], [["x", 1, 1, 1, {}]], [[1, 2, "x"]])
    figures = ({}, {"inc": "x"}, {"inc": 1, "interpreter": "[/]", "free": "x"},
               {"inc": 1, "refused": [[1]]}, {"inc": 1, "link_errors": {"x": "y"}},
               {"inc": 1, "peers": [[GATE, "x", "tcp", "ccm", 0]]})
    body = {"to": "field/desk/controller", "from": "field/clerk/node", "do": kind}
    for report in (5, None, "x", [], {}, *rows, *figures):
        thief.route(frame.CONTROL, DESK, CLERK, {**body, "args": ["field/clerk", report]})
        net.controller.on_status()
        net.controller.observer.links()
    cell = net.nodes[DESK].scheduler.cells["field/desk/controller"]
    assert cell.failures == 0
    net.rest(1500)
    assert net.controller.observer.reports["field/hub"].reports > 1


def test_a_command_that_finds_a_device_begun_anew_is_no_failure_of_the_roll_out():
    net = Net(controls=True)
    net.rest(1500)
    assert net.controller.on_status()["ready"]
    net.cords.pop((PROBE, HUB)).cut()
    net.lines.append((PROBE, "", "begins anew"))
    probe = net.start(PROBE)
    net.link(PROBE, HUB)
    # Under way when it died: the wire of an actor that the device had, and has no more.
    (wire,) = [one for one in diff(None, plan()) if one.key == ("source", 1)]
    net.controller._orders.give([wire])
    for _ in range(30):
        net.rest(100)
        assert net.controller.on_status()["failures"] == []
    assert net.controller.on_status()["ready"]
    assert list(probe.wires.outboxes) == [1]

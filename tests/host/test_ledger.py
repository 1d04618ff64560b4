"""The account of a wire whose ends began anew, from what their devices said last."""

from actors.ledger import DeviceReport, account
from actors.plan import WirePlan
from mp_actors.system import SOURCE, TARGET


def wire(delivery="stream"):
    """A wire between two devices."""
    return WirePlan(
        number=1, source="d/a/source", target="d/b/target", way=("d/a", "d/b"), source_device=1,
        target_device=2, origins=(), limit_bytes=1000, items_max=10, via=0, delivery=delivery,
    )


def report(end, *rows):
    """What a device told in each of its starts: accepted, moved, waiting, two figures of its end.
    """
    made = DeviceReport()
    for place, (accepted, moved, waiting, *rest) in enumerate(rows):
        if place:
            made.begin_anew()
        made.ends[1, end] = [1, end, accepted, moved, waiting, {}, *rest, None, None]
    return made


def test_what_waited_in_a_source_that_died_and_came_is_counted_once():
    source = report(SOURCE, (31, 30, 1, 0, 0), (58, 58, 0, 0, 0))
    target = report(TARGET, (89, 89, 0, 0, 0))  # the one that waited left after all
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped, made.unexplained) == (89, 89, {}, 0)


def test_what_waited_in_a_source_that_died_and_did_not_come_is_lost_with_it():
    source = report(SOURCE, (31, 30, 1, 0, 0), (58, 58, 0, 0, 0))
    target = report(TARGET, (88, 88, 0, 0, 0))
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped) == (89, 88, {"crash": 1})


def test_what_waited_in_the_target_of_a_reliable_wire_comes_again_and_is_counted_once():
    source = report(SOURCE, (5, 5, 0, 5, 0), (10, 10, 0, 7, 0))
    target = report(TARGET, (8, 5, 3, 0, 0), (7, 7, 0, 0, 0))
    made = account(wire("reliable"), {"d/a": source, "d/b": target})
    assert (made.accepted, made.dropped.get("crash", 0)) == (15, 0)
    assert made.accepted == made.delivered + made.in_flight + made.unexplained

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


def report(end, *rows, kept=()):
    """What a device told in each of its starts: accepted, moved, waiting, two figures of its end.
    `kept`: how many readings each start, from the second on, found in its flash.
    """
    made = DeviceReport()
    for place, (accepted, moved, waiting, *rest) in enumerate(rows):
        if place:
            made.begin_anew()
        dropped = {"crash": -kept[place - 1]} if place and kept else {}
        made.ends[1, end] = [1, end, accepted, moved, waiting, dropped, *rest, None, None]
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


def test_what_waited_in_flash_while_its_board_was_off_is_no_loss():
    source = report(SOURCE, (130, 30, 100, 0, 0), (20, 84, 0, 0, 0), kept=[64])
    target = report(TARGET, (114, 114, 0, 0, 0))
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped) == (150, 114, {"crash": 36})
    assert (made.in_flight, made.unexplained, made.is_exact) == (0, 0, True)


def test_what_waits_in_flash_though_nobody_was_told_was_accepted():
    source = report(SOURCE, (30, 30, 0, 0, 0), (0, 0, 640, 0, 0), kept=[640])
    target = report(TARGET, (30, 30, 0, 0, 0))
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped, made.in_flight) == (670, 30, {}, 640)


def test_a_loss_of_one_start_is_not_hidden_by_what_another_had_kept_untold():
    source = report(
        SOURCE, (30, 30, 0, 0, 0), (50, 100, 14, 0, 0), (10, 10, 0, 0, 0), kept=[64, 0])
    target = report(TARGET, (140, 140, 0, 0, 0))
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped) == (154, 140, {"crash": 14})


def test_a_controller_that_never_heard_of_the_start_before_counts_what_that_had_kept():
    source = report(SOURCE, (0, 0, 0, 0, 0))
    source.ends[1, SOURCE] = [1, SOURCE, 5, 69, 0, {"crash": -64}, 0, 0, None, None]
    target = report(TARGET, (69, 69, 0, 0, 0))
    made = account(wire(), {"d/a": source, "d/b": target})
    assert (made.accepted, made.delivered, made.dropped) == (69, 69, {})

"""What a probe makes of a simulation: work that takes time, payloads that are played, ages."""

import pytest

from actors import Pipeline, Topology
from actors.sim.probe import NOTHING, Probe
from actors.sim.world import Sim
from mp_actors.operators import Join
from tests.sim.sites import Keep, Pulse, pair_site, site_of

ROLL_OUT_MS = 3000
SOURCE, SINK = "d/a/source", "d/b/sink"
OWN_WORK = {SOURCE: 3000, SINK: 4000}


class Joined(Join):
    """An aggregator whose inputs are told apart, so that none of its own verbs takes them."""


def ages_ms(work_us, *, rate=1.0, ms=5000, speeds=(), padding=None, message_us=NOTHING, **site):
    """The ages of what has come to the sink in that time after the roll-out."""
    probe = Probe(work_us, 0.0, rate, message_us)
    sim = Sim(pair_site(**site), seed=3, probe=probe)
    for path, speed in speeds:
        sim.set_speed(path, speed)
    for link in sim.links:
        link.padding = padding
    sim.run_ms(ROLL_OUT_MS)
    probe.forget()
    sim.run_ms(ms)
    return [(arrived_us - made_us) / 1000 for made_us, arrived_us in probe.arrivals[SINK]]


def test_an_age_is_the_work_at_both_ends_and_the_way_between():
    found = ages_ms(OWN_WORK, latency_ms=20)
    assert len(found) >= 45
    assert found == pytest.approx([3 + 20 + 4] * len(found), abs=1.1)


def test_a_slower_device_takes_longer_for_the_same_work():
    found = ages_ms(OWN_WORK, latency_ms=20, speeds=[("d/b", 0.1)])
    assert found == pytest.approx([3 + 20 + 40] * len(found), abs=1.1)


def test_a_message_over_a_link_takes_its_time_at_both_ends_whatever_their_speed():
    found = ages_ms(OWN_WORK, latency_ms=20, message_us={"d/a": 2000, "d/b": 5000},
                    speeds=[("d/b", 0.1)])
    assert found == pytest.approx([3 + 2 + 20 + 5 + 40] * len(found), abs=1.1)


def test_who_gets_more_messages_than_it_has_time_for_falls_behind():
    found = ages_ms({}, message_us={"d/b": 150_000})
    assert found[-1] > found[0] + 1000


def test_a_message_that_stays_on_its_device_takes_no_time_of_a_link():
    assert ages_through_a_join(0, {"d/a": 70_000}) == ages_through_a_join(0)


def test_who_gets_more_than_it_can_work_off_falls_behind():
    # 10 a second of 150 ms each.
    found = ages_ms({SINK: 150_000})
    assert found[-1] > found[0] + 1000


def test_work_is_taken_for_verbs_that_are_resolved_by_their_sender():
    light, heavy = (ages_through_a_join(work_us) for work_us in (0, 50_000))
    assert len(light) == len(heavy) > 40
    assert heavy == pytest.approx([age + 50 for age in light], abs=1.1)


def ages_through_a_join(work_us, message_us=NOTHING):
    """Of readings that pass a join on their way."""
    topology = Topology("joined")
    a = topology.domain("d").device("a")
    flow = Pipeline("flow")
    source, join = flow.add(Pulse, at=a, name="source"), flow.add(Joined, at=a, name="join")
    source >> join >> flow.add(Keep, at=a, name="sink")
    probe = Probe({"d/a/join": work_us}, 0.0, 1.0, message_us)
    Sim(site_of(topology, flow), seed=3, probe=probe).run_ms(ROLL_OUT_MS + 5000)
    return [(arrived_us - made_us) / 1000 for made_us, arrived_us in probe.arrivals["d/a/sink"]]


def test_sensors_sample_faster_by_the_rate():
    assert len(ages_ms({}, rate=4)) == pytest.approx(4 * len(ages_ms({})), rel=0.05)


def test_a_payload_that_is_played_takes_its_time_on_a_link_and_no_place_in_frames():
    plain, padded = (ages_ms({}, kbps=80, padding=padding)
                     for padding in (None, lambda _frame: 500))
    # 500 bytes at 10 a ms; beats pass the link, too.
    assert padded[len(padded) // 2] - plain[len(plain) // 2] == pytest.approx(50, abs=2)
    assert len(plain) == len(padded)


def test_a_probe_is_told_when_each_reading_was_made():
    probe = Probe({}, 0.0)
    Sim(pair_site(), seed=3, probe=probe).run_ms(ROLL_OUT_MS)
    assert {made_us for made_us, _ in probe.arrivals[SINK]} <= probe.born[SOURCE]

"""The simulator itself: its verbs do what they say, and nothing else."""

import pytest

from actors import Pipeline, Topology
from actors.sim.world import Sim, SimError
from tests.bench.measure import measure
from tests.bench.sim import benches
from tests.sim.checkers import run_seed
from tests.sim.sites import Keep, Pulse, pair_site, random_site, ring_site, site_of

ROLL_OUT_MS = 3000


class Costly(Pulse):
    """A sensor that takes as long as its period to read."""

    work_us = 50_000


def started(**options):
    """The pair, rolled out."""
    sim = Sim(pair_site(**options), seed=3)
    sim.run_ms(ROLL_OUT_MS)
    assert sim.status["ready"]
    return sim


def heard(sim, for_ms):
    """How many values reach the sink in that time."""
    before = len(sim.sink("d/b/sink"))
    sim.run_ms(for_ms)
    return len(sim.sink("d/b/sink")) - before


def arrivals(sim, for_ms):
    """[(now, at_ms of the value)] of what reaches the sink, looked at each ms."""
    found, known = [], len(sim.sink("d/b/sink"))
    for _ in range(for_ms):
        sim.run_ms(1)
        new = sim.sink("d/b/sink")[known:]
        known += len(new)
        found += [(sim.devices["d/b"].clock.site_us() / 1000, row[0]) for row in new]
    return found


# -- links


def test_the_trace_tells_a_fault_apart_from_none():
    calm, cut = started(), started()
    cut.reset("d/a", "d/b")
    for sim in (calm, cut):
        sim.run_ms(1000)
    assert calm.trace_hash != cut.trace_hash


@pytest.mark.parametrize("latency_ms", [1, 40])
def test_a_value_takes_as_long_as_the_link(latency_ms):
    rows = arrivals(started(latency_ms=latency_ms), 1000)
    assert len(rows) > 5
    assert all(latency_ms <= now - at <= latency_ms + 2 for now, at in rows)


def test_latency_can_change_on_the_way_and_jitter_never_reorders():
    sim = started(period_ms=10)
    sim.set_latency("d/a", "d/b", 50, jitter_ms=40)
    sim.run_ms(200)
    delays = [now - at for now, at in arrivals(sim, 1500)]
    assert 50 <= min(delays) < 60
    assert 75 < max(delays) <= 92
    values = [value for _, _, value in sim.sink("d/b/sink")]
    assert values == sorted(set(values))


def test_bandwidth_bounds_what_gets_through():
    sim = started(period_ms=10)
    fast = heard(sim, 4000)
    sim.set_bandwidth("d/a", "d/b", 8)
    slow = heard(sim, 4000)
    assert fast == pytest.approx(400, abs=3)
    assert 0 < slow < 300


def test_declared_bandwidth_is_kept():
    link = Sim(pair_site(kbps=80)).links[0]
    assert link.transmission_us(10) == 1000


def test_a_cut_stalls_and_repair_lets_everything_through():
    sim = started()
    sim.cut("d/a", "d/b")
    assert heard(sim, 2000) == 0
    sim.repair("d/a", "d/b")
    assert heard(sim, 2000) >= 39
    values = [value for _, _, value in sim.sink("d/b/sink")]
    assert values == list(range(1, len(values) + 1))  # none is missing, none was overtaken


def test_a_one_way_cut_stops_one_way():
    sim = started()
    sim.cut("d/b", "d/a", one_way=True)
    assert heard(sim, 1500) >= 14
    other = started()
    other.cut("d/a", "d/b", one_way=True)
    assert heard(other, 1500) == 0


def test_a_silent_neighbour_is_given_up_and_found_again():
    sim = started()
    sim.cut("d/a", "d/b")
    sim.run_ms(7000)
    assert sim.devices["d/a"].node.neighbours == {}
    assert any("silent for 6 s" in text for _, _, text in sim.lines)
    sim.repair("d/a", "d/b")
    sim.run_ms(9000)
    assert heard(sim, 1000) >= 9


def test_held_bytes_wait_and_are_released():
    sim = started()
    sim.hold("d/a", "d/b")
    assert heard(sim, 1000) == 0
    sim.release("d/a", "d/b")
    assert heard(sim, 500) >= 14


def test_a_reset_is_told_at_once_and_dialled_again():
    sim = started()
    neighbour = sim.devices["d/a"].node.neighbours[2]
    before = neighbour.connection
    sim.reset("d/a", "d/b")
    sim.run_ms(1)
    assert before.is_closed
    assert heard(sim, 2000) >= 19
    assert neighbour.connection is not before
    assert neighbour.resumed == 1


def test_reads_are_split_and_merged():
    sim = Sim(ring_site(1), seed=1)
    sizes = []
    for device in sim.devices.values():
        right = device.node.received

        def received(peer, data, right=right):
            sizes.append((peer.reader._offset != len(peer.reader._buffer), len(data)))
            right(peer, data)

        device.node.received = received
    sim.run_ms(5000)
    assert any(is_rest for is_rest, _ in sizes)  # a frame came in pieces
    assert max(size for _, size in sizes) > 500
    assert min(size for _, size in sizes) < 4


# -- devices


def test_a_killed_device_is_missed_at_once_and_one_without_power_after_silence():
    killed, unplugged = started(), started()
    killed.crash("d/a")
    unplugged.crash("d/a", power_lost=True)
    for sim in (killed, unplugged):
        sim.run_ms(2000)
    assert killed.devices["d/b"].node.neighbours == {}
    assert list(unplugged.devices["d/b"].node.neighbours) == [1]
    unplugged.run_ms(7000)
    assert unplugged.devices["d/b"].node.neighbours == {}


def test_a_restarted_device_has_nothing_of_before():
    sim = started()
    old = sim.devices["d/a"].node
    sim.crash("d/a")
    assert sim.devices["d/a"].node is None
    sim.cut("d/a", "d/b")
    sim.restart("d/a")
    sim.run_ms(5000)
    new = sim.devices["d/a"].node
    assert new.incarnation != old.incarnation
    assert new.neighbours == {}
    assert new.wires.outboxes == {}
    assert sorted(new.scheduler.cells) == ["d/a/node", "d/a/router"]
    assert all(not peer.frames for peer in new.links.peers.values())


def test_a_restarted_device_is_configured_again_and_begins_at_the_first_value():
    sim = started()
    old = sim.devices["d/a"].node
    sim.crash("d/a")
    sim.run_ms(1000)
    before = [value for _, _, value in sim.sink("d/b/sink")]
    sim.restart("d/a")
    sim.run_ms(5000)
    new = sim.devices["d/a"].node
    assert list(new.neighbours) == [2]
    assert list(new.scheduler.cells) == list(old.scheduler.cells)
    assert new.wires.outboxes[1].epoch > old.wires.outboxes[1].epoch
    values = [value for _, _, value in sim.sink("d/b/sink")]
    after = values[len(before) :]
    assert values[: len(before)] == before
    assert len(after) > 10
    assert after == list(range(1, len(after) + 1))


def test_a_frozen_device_does_nothing_and_goes_on_when_thawed():
    sim = started()
    sim.freeze("d/a")
    assert heard(sim, 3000) <= 1
    sim.thaw("d/a")
    assert heard(sim, 1000) >= 9


def test_a_slow_device_does_less():
    rows = []
    for speed in (1.0, 0.25):
        sim = Sim(pair_site(sensor=Costly, period_ms=50))
        sim.run_ms(ROLL_OUT_MS)
        sim.set_speed("d/a", speed)
        rows.append(heard(sim, 4000))
    assert rows[0] > 3 * rows[1] > 0


def test_a_jump_of_a_clock_is_seen_in_times_and_nowhere_else():
    sim = started()
    last = sim.sink("d/b/sink")[-1]
    sim.clock_jump("d/a", 1e9)
    assert heard(sim, 1000) >= 9
    assert sim.sink("d/b/sink")[-1][0] - last[0] > 1e9
    sim.clock_jump("d/a", -2e9)
    assert heard(sim, 1000) >= 9


def test_a_partition_of_domains_stops_what_crosses_and_nothing_else():
    topology = Topology("halves")
    north, south = topology.domain("north"), topology.domain("south")
    probe = north.device("probe", board="virtual")
    gate = north.device("gate", also_in=[south])
    desk = south.device("desk")
    topology.controller(at=gate)
    flow = Pipeline("flow")
    flow.add(Pulse, at=probe, name="far") >> flow.add(Keep, at=desk, name="there")
    flow.add(Pulse, at=probe, name="near") >> flow.add(Keep, at=gate, name="here")
    sim = Sim(site_of(topology, flow))
    sim.run_ms(ROLL_OUT_MS)
    sim.partition("north", "south")
    sim.run_ms(100)
    there, here = len(sim.sink("south/desk/there")), len(sim.sink("north/gate/here"))
    sim.run_ms(2000)
    assert len(sim.sink("south/desk/there")) == there
    assert len(sim.sink("north/gate/here")) >= here + 19
    sim.repair("north", "south")
    sim.run_ms(10_000)
    assert len(sim.sink("south/desk/there")) > there + 90


@pytest.mark.parametrize("verb", ["cut", "repair", "hold", "reset"])
def test_a_verb_on_an_unknown_name_is_an_error(verb):
    sim = Sim(pair_site())
    with pytest.raises(SimError, match=r"no device 'd/z'"):
        getattr(sim, verb)("d/a", "d/z")
    with pytest.raises(SimError, match="no link between"):
        getattr(sim, verb)("d/a", "d/a")


# -- accounts


def cut_for(ms):
    """The summary's row of the wire whose cable was cut for that long."""
    sim = started()
    sim.cut("d/a", "d/b")
    sim.run_ms(ms)
    sim.repair("d/a", "d/b")
    sim.finish()
    found = sim.summary()
    (wire,) = found["wires"]
    assert found["ok"]
    assert wire["in_flight"] == 0
    assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
    return wire


def test_a_cut_that_the_buffers_outlast_loses_nothing():
    assert cut_for(9000)["dropped"] == {}


def test_the_summary_accounts_for_everything_once_finished():
    # 6 s until the link counts as dead, then 128 readings that wait for one.
    dropped = cut_for(40_000)["dropped"]
    assert list(dropped) == ["overflow"]
    assert dropped["overflow"] > 150


def test_light_faults_break_no_law_either():
    for seed in range(10):
        wrong, _ = run_seed(random_site(seed), seed, level="light", seconds=20)
        assert wrong == []


@pytest.mark.parametrize("bench", benches(), ids=lambda bench: bench.name)
def test_a_benchmark_of_the_simulator_does_its_work(bench):
    (rates,) = measure(bench, rounds=1, units=1).rates.values()
    assert rates[0] > 0

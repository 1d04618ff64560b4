"""One sink in ten is frozen for a minute: its source is told, and nobody else notices.

A thousand readings a second go to it; the others get ten each over the same gate.
"""

import pytest

from actors.delivery import stream
from actors.sim.world import Sim
from mp_actors.node import Limits
from tests.sim.test_delivery import (
    FLOWS,
    ROLL_OUT_MS,
    TOLD_MS,
    Meter,
    check_accounts,
    check_exact,
    fan,
    forget,  # noqa: F401 - a fixture for every test here, too
    now_ms,
    values,
)

FROZEN_MS = 60_000
CALM_PER_S = 10


def held_bytes(sim, path):
    """What a device keeps for its neighbours, and how many readings wait there."""
    node = sim.devices[path].node
    kept = sum(peer.buffered_bytes for peer in node.links.peers.values())
    return kept, max((len(one.values) for one in node.wires.outboxes.values()), default=0)


def test_a_sink_that_is_frozen_for_a_minute_costs_its_own_flow_and_no_other():
    sim = Sim(fan(stream, calm_ms=1000 // CALM_PER_S), seed=7)
    sim.run_ms(ROLL_OUT_MS)
    assert sim.status["ready"], sim.status["waiting"]
    calm = [f"d/s{number}/keep" for number in range(1, FLOWS)]
    before = {path: len(sim.sink(path)) for path in calm}
    limits = Limits(is_board=False)
    sim.freeze("d/s0")
    frozen_ms = now_ms(sim)
    for _ in range(FROZEN_MS // 2000):
        sim.run_ms(2000)
        check_exact(sim)
        for path in ("d/source", "d/gate"):
            kept_bytes, waiting = held_bytes(sim, path)
            assert kept_bytes <= limits.buffer_bytes
            assert waiting <= 2 * limits.queue_readings
    (note,) = Meter.notes["d/source/m0"]
    assert note[:2] == ("stalled", "d/s0/keep")
    assert note[2] - frozen_ms <= TOLD_MS
    for path in calm:
        expected = CALM_PER_S * FROZEN_MS // 1000
        assert len(sim.sink(path)) - before[path] == pytest.approx(expected, abs=5)
    assert all(Meter.notes[f"d/source/m{number}"] == [] for number in range(1, FLOWS))

    sim.thaw("d/s0")
    thawed_ms = now_ms(sim)
    sim.run_ms(1000)
    assert Meter.notes["d/source/m0"][-1][0] == "flowing"
    assert sim.sink("d/s0/keep")[-1][0] > thawed_ms  # what is sent now arrives now
    sim.finish()
    check_exact(sim)
    check_accounts(sim)
    got = values(sim, "d/s0/keep")
    assert got == sorted(set(got))
    for row in sim.summary()["wires"]:
        is_frozen = row["target"] == "d/s0/keep"
        assert set(row["dropped"]) == ({"overflow"} if is_frozen else set()), row

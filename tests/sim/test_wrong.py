"""Each law of the simulator is shown to catch somebody who breaks it.

Every mistake stands where the right code stood; seeds are tried until one finds it. The same seeds
find nothing in the right code: that is `test_seeds`.
"""

import re
import struct

import pytest

from actors.sim.world import Sim
from mp_actors import frame, neighbours, news
from mp_actors.gaps import Gaps
from mp_actors.inlet import Inlet
from mp_actors.linkstate import LinkState
from mp_actors.node import Node
from mp_actors.outbox import Outbox
from mp_actors.router import Router
from mp_actors.session import Session
from mp_actors.system import System
from tests.sim.checkers import Watch, new_map, run_seed
from tests.sim.sites import pair_site, random_site, ring_site, trap_site
from tests.wire.slips import (
    forgets_what_is_in_doubt,
    keeps_its_incarnation,
    resumes_with_a_stranger,
    sends_nothing_again,
    standing_in,
)

SEEDS = 40
# Where the first seed that finds a mistake comes late, it is tried before the others.
FOUND_BY = {
    "dead letters are not counted": 9,
    "another life goes on with the session": 7,
    "giving up keeps the incarnation": 64,
    "losses on the way are not reported": 20,
    "bits of others are not passed on": 7,
    "a new session gets no bits": 7,
    "bits of an old life stay": 7,
    "frames are not handed back": 10,
}
right_arrived, right_trim = Inlet.arrived, Session._trim
right_forward, right_way, right_refusal = Router.forward, Router.way, Router._refusal
right_head, right_send, right_device = frame._HEAD, Outbox._send, System.device


def _twice(router, payload, head, peer):
    right_forward(router, payload, head, peer)
    right_forward(router, payload, head, peer)


def _overtaken(router, payload, head, peer):
    router.odd = not getattr(router, "odd", False)
    if router.odd:
        scheduler = router.node.scheduler
        later = 200, lambda: right_forward(router, payload, head, peer)
        scheduler.timers.after(scheduler.now_ms, *later)
    else:
        right_forward(router, payload, head, peer)


def _next_door(router, payload, head, peer):
    numbers = sorted(router.node.neighbours)
    if head.to_device in numbers and not head.is_control:
        head.to_device = numbers[(numbers.index(head.to_device) + 1) % len(numbers)]
    right_forward(router, payload, head, peer)


def _leaky(router, payload, head, peer):
    router.seen = getattr(router, "seen", 0) + 1
    if router.seen % 50 or head.is_control:
        right_forward(router, payload, head, peer)


def _uncounted(_node, _reason, _payload, _head):
    """A dead letter that nobody counts."""


def _trims_one_too_many(session, count):
    right_trim(session, min(count + 1, len(session.frames)) if count else 0)


def _greets_without_bits(router, peer):
    if peer.is_router:
        router._tell_map(peer)
        peer.has_news = True
    router._spread(router._own_bits(peer.number, 0))


def _greets_without_map(router, peer):
    if peer.is_router:
        peer.map_version = router.version
        for payload in news.bit_frames(router.state.bits()):
            peer.send_news(payload)
        peer.has_news = True
    router._spread(router._own_bits(peer.number, 0))


def _floods_nothing(router, _bits):
    router._ways = {}


def _tells_own_bits_only(state, *bit):
    state._set(*bit)
    return False


def _never_corrects(_state, _link, _me, _stamp, _down):
    """Leaves the bits of its life before a restart as they are."""


def _reports_no_loss(system):
    return {**right_device(system), "lost": []}


def _counts_none_late(_gaps, _first, _count):
    """Takes what was overtaken for repeats."""
    return 0


def _takes_old(inlet, sequence, count):
    inlet.late += right_arrived(inlet, sequence, count)
    return 0


def _removes_what_is_up_again(router, to_device, failed=()):
    return right_way(router, to_device, tuple(one for one in failed if one in router.state.down))


def _writes_the_list_anew(payload, head, version, to_device, failed):
    patched = struct.pack(
        right_head, frame.ROUTED, head.flags, head.hops + 1, len(failed), version, to_device,
        head.from_device, head.life,
    )
    return patched + frame._link_list(failed) + payload[head.body :]


def _carries_no_list(router, to_device, _failed=()):
    found = right_way(router, to_device, ())
    return None if found is None else (found[0], ())


def _stamps_any(router, head, *rest):
    head.version = min(head.version, router.version)
    return right_refusal(router, head, *rest)


def _keeps_the_map(_router):
    """A newer map waits for the next HELLO."""


def _gives_up(_router, _payload, _head):
    return False


def _numbers_nothing(outbox, count, room_bytes):
    before = outbox.next
    sent = right_send(outbox, count, room_bytes)
    outbox.next = before
    return sent


WRONG = {
    "every frame is passed on twice": ({(Router, "forward"): _twice}, "loop"),
    "every other frame waits": ({(Router, "forward"): _overtaken}, "sink|report|account"),
    "frames go next door": ({(Router, "forward"): _next_door}, "ended as"),
    "one frame in 50 is lost": ({(Router, "forward"): _leaky}, "account"),
    "dead letters are not counted": ({(Node, "dead_letter"): _uncounted}, "account"),
    "what waits on a dead link is forgotten": (
        {(Session, "_restart"): forgets_what_is_in_doubt}, "account"),
    "nothing is sent again": ({(Session, "adopt"): sends_nothing_again}, "account"),
    "one more is taken for acknowledged": ({(Session, "_trim"): _trims_one_too_many}, "account"),
    "another life goes on with the session": (
        {(Session, "adopt"): resumes_with_a_stranger}, "account|broke the protocol"),
    "giving up keeps the incarnation": (
        {(Session, "give_up"): keeps_its_incarnation}, "flow|broke the protocol"),
    "losses on the way are not reported": (
        {(System, "device"): _reports_no_loss}, "without a reason"),
    "what was overtaken has no reason": ({(Gaps, "fill"): _counts_none_late,
                                          (Router, "forward"): _overtaken}, "account|report"),
    "old readings are taken": ({(Inlet, "arrived"): _takes_old,
                                (Router, "forward"): _overtaken}, "sink"),
    "readings have no numbers": ({(Outbox, "_send"): _numbers_nothing}, "account|flow|report"),
    "bits are not flooded": ({(Router, "_spread"): _floods_nothing}, "probe"),
    "bits of others are not passed on": ({(LinkState, "take"): _tells_own_bits_only}, "probe"),
    "a new session gets no bits": ({(Router, "opened"): _greets_without_bits}, "probe"),
    "a new session gets no map": ({(Router, "opened"): _greets_without_map}, "came before|rollout"),
    "bits of an old life stay": ({(LinkState, "contradicted"): _never_corrects}, "probe|flow"),
    "silence is let be": ({(neighbours, "SILENT_MS"): 1 << 28}, "probe"),
    "links that are up again leave the list": (
        {(Router, "way"): _removes_what_is_up_again, (frame, "forwarded"): _writes_the_list_anew},
        "loop"),
    "frames carry no list": (
        {(Router, "way"): _carries_no_list, (frame, "forwarded"): _writes_the_list_anew},
        "loop"),
    "frames are stamped downwards": (
        {(Router, "_refusal"): _stamps_any, (Router, "_spread_map"): _keeps_the_map}, "loop"),
    "a newer map waits": ({(Router, "_spread_map"): _keeps_the_map}, "came before"),
    "frames are not handed back": ({(Router, "_give_back"): _gives_up}, "probe"),
}


def run_trap(site, seed, seconds=15):
    """`trap_site`, with the cheap link broken again and again. Returns (wrong, Sim)."""
    sim = Sim(site, seed=seed)
    watch = Watch(sim)
    sim.run_ms(3000)
    for link in sim.links:
        far = {link.a.path, link.b.path} in ({"trap/a", "trap/b"}, {"trap/b", "trap/c"})
        sim.set_latency(link.a.path, link.b.path, 900 if far else 1)
    for _ in range(seconds):
        sim.run_ms(sim.chance.randint(500, 1500))
        # A link that is back within a second was never down.
        sim.cut("trap/a", "trap/t")
        sim.reset("trap/a", "trap/t")
        sim.run_ms(sim.chance.randint(1000, 2000))
        sim.repair("trap/a", "trap/t")
    return watch.finish(), sim


def run_maps(site, seed, seconds=10):
    """Nothing breaks, and a new map comes each second. Returns (wrong, Sim)."""
    sim = Sim(site, seed=seed)
    watch = Watch(sim)
    sim.run_ms(3000)
    for _ in range(seconds):
        new_map(sim, sim.chance)
        sim.run_ms(1000)
    return watch.finish(), sim


def run_pulls(seed, seconds=15):
    """A pair whose cable is pulled again and again, for a moment. Returns (wrong, Sim)."""
    sim = Sim(pair_site(period_ms=10), seed=seed)
    watch = Watch(sim)
    sim.run_ms(3000)
    for _ in range(seconds):
        sim.run_ms(sim.chance.randint(100, 1500))
        sim.reset("d/a", "d/b")
    return watch.finish(), sim


def _run(name, seed):
    """One seed of a site in which that mistake can show."""
    if "sent again" in name or "acknowledged" in name:
        return run_pulls(seed)[0]
    if "stamped" in name:
        return run_maps(ring_site(seed), seed)[0]
    if "list" in name:
        return run_trap(trap_site(), seed)[0]
    return run_seed((ring_site if seed % 2 else random_site)(seed), seed)[0]


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_found(name):
    mistakes, law = WRONG[name]
    seeds = [FOUND_BY.get(name, 0), *range(SEEDS)]
    with standing_in(mistakes):
        assert any(re.search(law, told) for seed in seeds for told in _run(name, seed))


@pytest.mark.parametrize("seed", range(5))
def test_the_right_code_falls_into_no_trap(seed):
    assert run_trap(trap_site(), seed)[0] == []
    wrong, sim = run_pulls(seed)
    assert wrong == []
    assert sim.summary()["wires"][0]["dropped"] == {}

"""Each promise of a wire is shown to be judged: somebody breaks it, and some seed tells.

As in `test_wrong`, every mistake stands where the right code stood; the same seeds find nothing in
the right code: that is `test_seeds`.
"""

import re
from contextlib import ExitStack
from unittest import mock

import pytest

from actors import difference
from actors.controller import Controller
from mp_actors import full
from mp_actors.arrivals import Arrivals
from mp_actors.inlet import Inlet
from mp_actors.outbox import Outbox
from mp_actors.reliable import ReliableInlet, ReliableOutbox
from mp_actors.scheduler import Scheduler
from mp_actors.system import System
from mp_actors.ticks import add, diff
from tests.sim.promises import run_diary, watched

SEEDS = 40
right_rebind, right_put, right_make = ReliableOutbox.rebind, Outbox.put, Scheduler._make


def _takes_repeats(inlet, sequence, count):
    if diff(sequence, inlet.expected) > 0:
        return count
    inlet.expected = add(sequence, count)
    return 0


def _grants_nothing(arrivals, question, from_device):
    """What was granted and lost stays lost."""
    wire, epoch, number, name, _ = question
    inlet = arrivals.inlet_for(wire, epoch, from_device)
    if inlet is not None and name is not None:
        inlet.introduce(number, name)


def _takes_any_report(controller, path, figures):
    controller._know(path, figures["inc"], controller._seconds_now())
    controller.observer.take_device(path, figures)


def _releases_nobody(_end, _waiting):
    """Whoever was held is held."""


def _keeps_the_older(inlet, _value, _at_us, source):
    if any(waiting[2] == source for waiting in inlet.queue):
        inlet.drop("replaced", 1)
        return True
    return False


def _keeps_the_older_at_its_source(outbox, value, at_us, source):
    if outbox.policy == full.REPLACE and source in outbox._sources:
        outbox.accepted += 1
        outbox.drop("replaced", 1)
        return True
    return right_put(outbox, value, at_us, source)


def _forgets_what_is_not_acknowledged(outbox, epoch, first, credit):
    gone = outbox._unacknowledged()
    right_rebind(outbox, epoch, first, credit)
    outbox._forget(gone)


def _sends_nothing_again(_outbox):
    """What is lost on the way is lost."""


def _waits_while_it_sends(outbox):
    return outbox.sent + outbox.acknowledged


def _is_made_twice(scheduler, cell):
    right_make(scheduler, cell)
    if not cell.down:
        right_make(scheduler, cell)


def _takes_any_number(outbox, value, at_us, source):
    outbox.bound = float("inf")
    return right_put(outbox, value, at_us, source)


def _feeds_at_once(wire, before, right=difference.wire_commands):
    return right(wire, [key for key in before if key[0] != "source"])


def _obeys_any(_system, _start):
    """An order for a start that is over is an order."""


# {what is wrong: (in what, which law tells, the seed to begin with where the first ones do not)}
WRONG = {
    "repeats are taken": ({(ReliableInlet, "arrived"): _takes_repeats}, "order"),
    "a lost grant is never healed": ({(Arrivals, "asked"): _grants_nothing}, "flow|held", 20),
    "a report of a past start is believed": (
        {(Controller, "on_device"): _takes_any_report}, "report|roll", 65),
    "an order for a past start is obeyed": (
        {(System, "_check_start"): _obeys_any}, "order|given|account|reliable", 100),
    "a hold is never released": ({(full, "release"): _releases_nobody}, "flow|held"),
    "the older of two is kept where they wait": ({(Inlet, "_replace"): _keeps_the_older}, "newest"),
    "the older of two is kept where they leave": (
        {(Outbox, "put"): _keeps_the_older_at_its_source}, "newest", 20),
    "what is not acknowledged is forgotten": (
        {(ReliableOutbox, "rebind"): _forgets_what_is_not_acknowledged}, "reliable"),
    "what is lost is not sent again": (
        {(ReliableOutbox, "again"): _sends_nothing_again}, "flow", 10),
    "a source that is busy sends nothing again": (
        {(ReliableOutbox, "moved"): property(_waits_while_it_sends)}, "flow", 40),
    "an actor is made twice": ({(Scheduler, "_make"): _is_made_twice}, "instances"),
    "what is full takes more": ({(Outbox, "put"): _takes_any_number}, "bound"),
    "a stage is fed before it is wired": ({(difference, "wire_commands"): _feeds_at_once}, "given"),
}


def run_restarts(seed, rounds=12, with_controller=False):
    """What devices and the controller say waits on the way while a device begins anew, and the
    controller's, too.
    """
    with watched(seed, report_ms=500) as (sim, watch):
        chance = sim.chance
        sim.run_ms(2000)
        for _ in range(rounds):
            links = [(one.a.path, one.b.path) for one in chance.sample(sim.links, 2)]
            paths = [sim.plan.controller] if with_controller else []
            paths.append(chance.choice(sorted(sim.devices)))
            for link in links:
                sim.hold(*link)
            sim.run_ms(chance.randrange(1500))
            for path in paths:
                sim.crash(path, power_lost=chance.random() < 0.5)
                sim.run_ms(chance.randrange(300))
                sim.restart(path)
            sim.run_ms(chance.randrange(1500))
            for link in links:
                sim.release(*link)
            sim.run_ms(chance.randrange(500))
        return watch.finish()


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_promise_is_found(name):
    mistakes, law, *begin = WRONG[name]
    (first,) = begin or [0]
    with ExitStack() as wrong_code:
        for (owner, attribute), wrong in mistakes.items():
            wrong_code.enter_context(mock.patch.object(owner, attribute, wrong))
        seeds = range(first, first + SEEDS)
        assert any(re.search(law, told) for seed in seeds for told in _run(name, seed))


def _run(name, seed):
    """One seed of what can show a mistake."""
    if "past" in name:
        return run_restarts(seed)
    return run_diary(seed)[0]


@pytest.mark.parametrize("with_controller", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_the_right_code_stands_restarts(seed, with_controller):
    assert run_restarts(seed, with_controller=with_controller) == []

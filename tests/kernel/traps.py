"""Schedules in which simpler rules for sessions fail, each found by a model and named by its rule.

Portable. Each runs to its end with the rules there are; `tests/wire` puts the simpler rule in their
place and sees it fail.
"""

from schedules import Schedule

LAST = -1  # the newest cable
FIRST_BYTES = 150  # a greeting, or what follows one and not all of the messages


def calm():
    """Nothing happens but talk."""
    schedule = Schedule()
    _talk(schedule, 5)
    _talk(schedule, 5)
    return schedule


def broken():
    """A cable is cut under way, both ends are told."""
    schedule = calm()
    schedule.say(1, 5)
    schedule.say(2, 5)
    schedule.step(1)
    schedule.step(2)
    schedule.carry(LAST, 0, 25)
    _break(schedule)
    schedule.rest()
    return _unexcused(schedule)


def late_hello():
    """A HELLO of a dial that is long over arrives when all is well again: nobody is there to
    confirm it, so it must change nothing (rule 2).
    """
    schedule = Schedule()
    schedule.dial(1)
    schedule.step(1)
    late = schedule.cables.pop()
    schedule.give_up(1)
    _talk(schedule, 5)
    schedule.cables.append(late)
    schedule.say(2, 5)
    schedule.step(2)
    schedule.carry(LAST, 0)
    schedule.step(2)
    _talk(schedule, 5)
    return _unexcused(schedule)


def stale_count():
    """What the acceptor has told it expects goes stale: the old connection delivers more, and its
    acknowledgement is back before the new one is adopted. Only the sender knows where it begins.
    """
    schedule = calm()
    schedule.dial(1)
    schedule.step(1)
    schedule.carry(LAST, 0)
    schedule.step(2)
    schedule.say(1, 5)
    schedule.step(1)
    schedule.carry(0, 0)
    schedule.wait(600)
    schedule.step(2)
    schedule.carry(0, 1)
    schedule.carry(LAST, 1)
    _talk(schedule, 5)
    return _unexcused(schedule)


def told_to_another():
    """One end started anew and its CONFIRM was lost, so the other goes on telling what it expects
    of the life before. That says nothing about this one (rule 4).
    """
    schedule = calm()
    schedule.crash(1)
    schedule.dial(1)
    schedule.step(1)
    schedule.carry(LAST, 0)
    schedule.step(2)
    schedule.carry(LAST, 1)
    schedule.say(1, 30)
    schedule.step(1)
    _break(schedule)
    _talk(schedule, 5)
    return schedule


def beats_between():
    """Beats are on their way between frames; neither end may count them (they have no numbers)."""
    schedule = calm()
    for _ in range(3):
        schedule.wait(2000)
        for who in (1, 2):
            schedule.say(who, 2)
            schedule.step(who)
        _talk(schedule, 2)
    return _unexcused(schedule)


def given_up_twice():
    """A session is given up while a greeting is under way that was begun for it (rule 9).

    A node gives up only a session whose link was up, so never one that nobody has adopted since the
    last time; and a connection whose HELLO named another incarnation of the other end than is known
    at its adoption closes by itself (rule 3). So a node that forgets to close its greetings fails
    only here, where a session is given up twice at once.
    """
    schedule = calm()
    schedule.give_up(1)
    schedule.dial(1)
    schedule.step(1)
    schedule.carry(LAST, 0)
    schedule.step(2)
    schedule.give_up(1)
    schedule.carry(LAST, 1)
    schedule.step(1)
    schedule.carry(LAST, 0)
    schedule.rest()
    _talk(schedule, 3)
    schedule.say(1, 3)
    schedule.step(1)
    _break(schedule)
    _talk(schedule, 3)
    return _unexcused(schedule)


def old_connection():
    """Bytes of the old connection arrive when the new one was adopted (rule 5)."""
    schedule = calm()
    schedule.say(1, 5)
    schedule.step(1)
    schedule.dial(2)
    for _ in range(2):
        schedule.step(2)
        schedule.carry(LAST, 0)
        schedule.step(1)
        schedule.carry(LAST, 1, FIRST_BYTES)
    schedule.carry(0, 0)
    _talk(schedule, 5)
    return _unexcused(schedule)


def full_buffer():
    """More is said than the buffer holds while the cable stands still; then it is cut (rule 7)."""
    schedule = Schedule(is_board=True)
    _talk(schedule, 5)
    for who in (1, 2):
        schedule.say(who, 30, 200)
        schedule.step(who)
    _break(schedule)
    for who in (1, 2):
        schedule.say(who, 30, 200)
        schedule.step(who)
    schedule.rest()
    return _unexcused(schedule)


def long_break():
    """A cable is out until the link counts as down; the session outlives that (rule 1)."""
    schedule = calm()
    schedule.say(1, 5)
    schedule.say(2, 5)
    schedule.step(1)
    _break(schedule)
    for _ in range(40):
        schedule.wait(500)
        schedule.step(1)
        schedule.step(2)
    schedule.rest()
    return _unexcused(schedule)


TRAPS = (
    calm,
    broken,
    late_hello,
    stale_count,
    told_to_another,
    beats_between,
    given_up_twice,
    old_connection,
    full_buffer,
    long_break,
)


def _talk(schedule, count):
    """Both say something, and all comes to rest."""
    schedule.say(1, count)
    schedule.say(2, count)
    schedule.rest()


def _unexcused(schedule):
    """Only cables failed, or what was given up was empty: so nothing may be lost at all."""
    assert schedule.excused == set(), "lost with a session: %s" % sorted(schedule.excused)
    return schedule


def _break(schedule):
    """The newest cable is cut, and both ends see it."""
    schedule.cut(LAST)
    schedule.notice(LAST, 0)
    schedule.notice(LAST, 1)

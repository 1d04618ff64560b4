"""What to do with an actor that failed: a pure decision, no clock and no actor in it.

A handler that raises never takes the scheduler down: its actor is made anew. One that worked since
it was last made is made again at once; one that fails again before it did any work waits, each time
twice as long. So a bad reading now and then costs one reading, and a broken sensor does not keep
the processor busy.
"""

import io
import sys

from mp_actors import ticks

RESTART, RESUME, STOP, ESCALATE = "restart", "resume", "stop", "escalate"
POLICIES = (RESTART, RESUME, STOP, ESCALATE)
DELAY_FIRST_MS = 100
DELAY_MAX_MS = 5000
WINDOW_MS = 60000  # in which restarts are counted


def decide(actor, is_up, restart_times, now_ms):
    """What is to be done with an actor that failed: RESUME goes on with the same instance, STOP
    ends it, RESTART makes a new one, ESCALATE ends its device, whose keeper starts it anew.

    `actor`: the last instance there was, or None. `is_up`: it had begun; one that cannot begin has
    nothing to go on with, and is made again. `restart_times`: moments of its restarts, kept here.
    """
    policy = actor.supervision if is_up else RESTART
    limit = None if actor is None else actor.restarts_max
    if policy == RESTART and type(limit) is int:
        restart_times[:] = [at for at in restart_times if ticks.diff(now_ms, at) < WINDOW_MS]
        if len(restart_times) >= limit:
            return STOP
        restart_times.append(now_ms)
    return policy


def restart_delay_ms(worked, last_delay_ms):
    """How long to wait before the next instance is made.

    `worked`: a handler of the failed instance returned at least once. `last_delay_ms`: what this
    function said last time.
    """
    if worked:
        return 0
    if last_delay_ms == 0:
        return DELAY_FIRST_MS
    return min(DELAY_MAX_MS, 2 * last_delay_ms)


def never_ran(error):
    """Whether the call itself failed, by its number of arguments: the caller's fault."""
    return isinstance(error, TypeError) and len(_frames(error)) == 1


def describe(error):
    """`"ZeroDivisionError: division by zero (parts.py:31)"`: the error and the person's line."""
    try:
        text = "%s: %s" % (type(error).__name__, error)
        place = _place(error)
        return text + " (" + place + ")" if place else text
    except MemoryError:
        return type(error).__name__


def _place(error):
    """File and line of the innermost frame, `"parts.py:31"`: the person's if there is one."""
    theirs = ours = ""
    for name, line in _frames(error):
        place = "%s:%d" % (name.split("/")[-1], line)
        if "mp_actors/" in name:
            ours = place
        else:
            theirs = place
    return theirs or ours


def _frames(error):
    """[(file, line)] from the outermost frame in."""
    frames = []
    if not hasattr(sys, "print_exception"):
        step = error.__traceback__
        while step is not None:
            frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
            step = step.tb_next
        return frames
    # MicroPython has no traceback objects, only this text: `File "name", line 31, in verb`.
    out = io.StringIO()
    sys.print_exception(error, out)
    for line in out.getvalue().split("\n"):
        line = line.strip()
        if line.startswith('File "') and ", line " in line:
            name, rest = line[6:].split('"', 1)
            frames.append((name, int(rest.split("line ", 1)[1].split(",")[0])))
    return frames

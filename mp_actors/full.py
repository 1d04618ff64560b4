"""What the end of a wire does that is full: the wire's policy.

It holds at its source (`outbox`) and, where both actors are on one device, at its target (`inlet`).

    drop-oldest   the oldest makes room, counted as `overflow`
    drop-newest   the newest is dropped, counted as `overflow`; `emit` says so
    refuse        the newest is not taken, counted as `refused`; `emit` says so
    replace       a newer value of the same origin takes the place of one that waits, counted as
                  `replaced`, full or not: the newest is all that matters
    hold          the actor at the source rests until half is free: it samples nothing and takes
                  nothing, so its own sources are slowed down in turn

A handler runs to completion: one that emits more than fits, in one go, under `hold`, loses the
oldest, counted. It neither blocks nor grows.
"""

DROP_OLDEST, DROP_NEWEST, REFUSE = "drop-oldest", "drop-newest", "refuse"
REPLACE, HOLD = "replace", "hold"
GONE = "gone"  # the actor behind it was stopped: nothing is taken any more


def takes_newest(end):
    """Count what a full end loses. Returns whether the newest takes the place of the oldest."""
    if end.policy in (REFUSE, GONE):
        end.drop("refused" if end.policy == REFUSE else GONE, 1)
        return False
    end.drop("overflow", 1)
    return end.policy != DROP_NEWEST


def mend(end, elsewhere):
    """Memory ran out in the middle of something: what this end took and has no more, and that went
    nowhere else and has no count, is an `overflow`.
    """
    missing = end.accepted - elsewhere
    for reason in end.dropped:
        missing -= end.dropped[reason]
    if missing > 0:
        end.drop("overflow", missing)


def hold(end):
    """This end is full: let its source rest, if it is here."""
    if end.source_cell is not None:
        end.source_cell.hold(end)


def release(end, waiting):
    """So many wait here now: let a source that rests go on once half is free."""
    cell = end.source_cell
    if cell is not None and cell.is_held and 2 * waiting <= end.bound:
        cell.release(end)

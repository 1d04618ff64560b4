"""What a device answers when a person asks why; loaded for as long as somebody asks.

    "lines", path or "", after        what was said here, from row number `after` on
    "letters", after                  the dead letters
    "wire", number, to device, name   one wire's end here, and where its readings go from here

Rings come in pieces that fit a board's frame; whoever asks goes on after the last row.
"""

from mp_actors.errors import Refused
from mp_actors.ticks import diff

ROWS_MAX = 50  # in one answer
ROOM_BYTES = 250  # of a frame, for what is around the rows, and its way


def answer(node, what, words):
    """The answer to a question. *Raises* Refused if it is none."""
    try:
        if what == "lines":
            path, after = words
            kept = [] if node.journal is None else node.journal.lines
            return _ring(node, [row for row in kept if path in ("", row[2])], after)
        if what == "letters":
            (after,) = words
            for end in sorted(node.wires.outboxes) + sorted(node.wires.inlets):
                node.wires.see(node.wires.outboxes.get(end) or node.wires.inlets[end])
            return _ring(node, [] if node.journal is None else node.journal.letters, after)
        if what == "wire":
            return _wire(node, *words)
    except (TypeError, ValueError):
        pass
    raise Refused("explain: %r %r is no question" % (what, words))


def _ring(node, rows, after):
    """`{inc, now, rows, more}`: the rows behind number `after`, as many as one frame takes."""
    room_bytes = min(node.limits.out_bytes, 1 << 16) - ROOM_BYTES
    found, more = [], False
    for row in rows:
        if row[0] > after:
            room_bytes -= len(node.codec.encode(row))
            if room_bytes < 0 or len(found) == ROWS_MAX:
                more = True
                break
            found.append(row)
    return {"inc": node.incarnation, "now": _now_ms(node), "rows": found, "more": more}


def _wire(node, number, to_device, name):
    """How one wire is here: `source` and `target` are None where that end is elsewhere.

    `next`: [number of the neighbour that a reading for `to_device` is handed to, whether it takes
    no more just now, links that are avoided], None where there is no way. `name`: of the actor here
    whose failures are told.
    """
    box, inlet = node.wires.outboxes.get(number), node.wires.inlets.get(number)
    told = {"now": _now_ms(node), "source": None, "target": None, "next": None, "actor": None}
    if box is not None:
        told["source"] = {
            "waiting": box.waiting,
            "bound": box.bound,
            "credit": diff(box.granted, box.next),
            "stalled": box.is_stalled,
            "full": box.policy,
        }
    if inlet is not None:
        told["target"] = {
            "waiting": len(inlet.queue) if inlet.queue else 0,
            "bound": inlet.bound,
            "rests": inlet.cell.is_held,
            "full": inlet.policy,
        }
    cell = node.scheduler.cells.get(node.path + "/" + name)
    if cell is not None:
        told["actor"] = [cell.failures, cell.restarts, cell.down, cell.last_error[:160]]
    way = node.forwarder.way(to_device)
    if way is not None:
        told["next"] = [way[0].number, way[0].is_full, list(way[1])]
    return told


def _now_ms(node):
    return node.clock.site_us() // 1000

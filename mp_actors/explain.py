"""What a device answers when a person asks why; loaded for as long as somebody asks.

    "log", path or "", after             what was said here, from row number `after` on
    "lost", after                        the dead letters
    "wire", number, to device, actor     one wire here, and where its readings go from here
    "measure", …                         see `measure`

A ring is answered `[start of this device, site ms, rows, whether there are more]`, in pieces that
fit a board's frame; whoever asks goes on after the last row. Rows are those of `journal.Ring`.
"""

from mp_actors.errors import Refused
from mp_actors.ticks import diff


def answer(node, kind, args):
    """The answer to a question. *Raises* Refused if it is none."""
    try:
        if kind == "log":
            path, after = args
            return _piece(node, node.journal and node.journal.log, path.encode(), after)
        if kind == "lost":
            (after,) = args
            wires = node.wires
            for number in sorted(wires.outboxes) + sorted(wires.inlets):
                wires.count(wires.outboxes.get(number) or wires.inlets[number])
            return _piece(node, node.journal and node.journal.lost, b"", after)
        if kind == "wire":
            return _wire(node, *args)
        if kind == "measure":
            from mp_actors import measure

            return measure.answer(node, *args)
    except (AttributeError, TypeError, ValueError):
        pass
    raise Refused("explain: %r %r is no question" % (kind, args))


def _piece(node, ring, path, after):
    """The rows of a ring behind number `after` and, if one is given, of one path."""
    room_bytes = min(node.limits.out_bytes, 1 << 16) - 250  # for what is around them, and their way
    found, more = [], False
    places = [] if ring is None else range(ring.rows)
    for number, place in sorted([(ring.number(place), place) for place in places]):
        if number > after:
            row = ring.row(place)
            if path and row[3].split(b"\0")[0] != path:
                continue
            room_bytes -= len(node.codec.encode(row))
            if room_bytes < 0 or len(found) == 50:  # which any device decodes
                more = True
                break
            found.append(row)
    return [node.incarnation, node.clock.site_us() // 1000, found, more]


def _wire(node, number, to_device, actor):
    """How one wire is here just now: [source, target, next, actor], each None where it is not.

    source: [waiting, bound, credit, is stalled, policy]; target: [waiting, bound, rests, policy];
    next: [number of the neighbour that a reading for `to_device` is handed to, whether that takes
    no more, links that are avoided]; actor: [failures, restarts, is down, last error].
    """
    box, inlet = node.wires.outboxes.get(number), node.wires.inlets.get(number)
    source = target = following = failed = None
    if box is not None:
        credit = diff(box.granted, box.next)
        source = [box.waiting, box.bound, credit, box.is_stalled, box.policy]
    if inlet is not None:
        waiting = len(inlet.queue) if inlet.queue else 0
        target = [waiting, inlet.bound, inlet.cell.is_held, inlet.policy]
    way = node.forwarder.way(to_device)
    if way is not None:
        following = [way[0].number, way[0].is_full, list(way[1])]
    cell = node.scheduler.cells.get(node.path + "/" + actor)
    if cell is not None:
        failed = [cell.failures, cell.restarts, cell.down, cell.last_error[:160]]
    return [source, target, following, failed]

"""What is done about what goes no further: frames, bodies nobody understands, a wire that ends.

Loaded when that happens, and not for long.
"""

import os

from mp_actors import batch, frame, full
from mp_actors.errors import RemoteWireError
from mp_actors.peer import readings_of


def refuse(control, payload, head, reason):
    """Count control that goes no further, and tell a sender that waits for an answer."""
    node = control.node
    end = -frame.MAC_BYTES if head.flags & frame.PROVED else len(payload)
    try:
        body = node.codec.decode(payload[head.body : end])
    except RemoteWireError:
        body = None
    is_map = isinstance(body, dict)
    # An answer may hold dead letters: it is counted, and is none itself.
    control.lose(reason, body.get("do") if is_map else "control", head.from_device)
    if reason == "denied":
        return  # it names a sender that did not send it
    if is_map and "id" in body and "from" in body:
        text = "%s: unreachable from %s, %s" % (body.get("to"), node.path, reason)
        answer = {"to": body["from"], "from": body.get("to"), "re": body["id"]}
        answer["error"] = ["unreachable", text]
        if head.from_device == node.number:
            control.take_answer(answer, None)  # a leaf's own question, handed back by all
        else:
            control.send(head.from_device, answer)


def undecodable(wires, body, from_device):
    """Count a body of readings that was not understood, as exactly as its lengths allow."""
    try:
        wire, epoch, sequence, _ = batch.head(body)
        readings = batch.count(body)
    except RemoteWireError:
        wires.lose(0, "undecodable", 1, from_device)
        return
    inlet = None
    if wires.arrivals is not None:
        inlet = wires.arrivals.inlet_for(wire, epoch, from_device)
    if inlet is None:
        wires.lose(wire, "undecodable", readings, from_device)
    else:
        inlet.drop("undecodable", readings - inlet.arrived(sequence, readings))


def send_again(node, doubts):
    """Frames that may have arrived or not: once more, if the receiver can tell a repeat."""
    for payload in doubts:
        kind = frame.kind(payload)
        if kind == frame.ROUTED:
            head = frame.Head(payload)
            if head.flags & frame.ONCE:
                node.control.lose("link", "control")
            else:
                node.forwarder.onward(payload, head)
        elif kind == "array":
            wire, readings = readings_of(payload)
            node.wires.lose(wire, "link", readings)
        elif kind == "object":
            node.control.lose("link")


def disconnect(wires, number):
    """Remove the ends of a wire that are here; readings that wait are counted as `gone`."""
    inlet = wires.inlets.pop(number, None)
    outbox = wires.outboxes.pop(number, None)
    if inlet is not None:
        wires.arrivals.forget(inlet)
    scheduler = wires.node.scheduler
    for end in (inlet, outbox):
        if end is None:
            continue
        end.discard("gone")
        wires.count(end, True)
        full.release(end, 0)
        for cell in scheduler.cells.values():
            if end in cell.outlets:
                cell.outlets.remove(end)
            if end in cell.inlets:
                cell.inlets.remove(end)
    scheduler.relink()


def tidy(wires):
    """Remove what the flash of a board keeps of wires that it has no more; all it has are there."""
    from mp_actors.backlog import Folder

    disk, left, removed = wires.flash or Folder(wires.folder), 0, 0
    try:
        for name in disk.names():
            number = name[1:].split("-")[0]
            outbox = wires.outboxes.get(int(number)) if number.isdigit() else None
            if name[0] == "w" and number.isdigit() and not hasattr(outbox, "is_in_flash"):
                disk.remove(name)
                removed += 1
            else:
                left += 1
        if not wires.flash and not left:
            os.rmdir(wires.folder)  # so that the next start need not look
    except OSError:
        pass  # the next start tries again
    if removed:
        text = "flash: %d files with readings of wires that are no more were removed"
        wires.node.log(wires.node.path, text % removed)

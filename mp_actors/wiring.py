"""How the ends of a wire are made, and begun anew. Loaded when one is, and not for long."""

from mp_actors import frame
from mp_actors.outbox import Outbox
from mp_actors.path import split


def connect(wires, spec):
    """Make the ends of a wire that live here; see `Wires.connect`."""
    node, number = wires.node, spec["wire"]
    known = wires.inlets.get(number) or wires.outboxes.get(number)
    if known is not None and known.epoch >= spec["epoch"]:
        return known.epoch
    if known is not None and _same_ends(known, spec):
        _rebind(wires, spec)
        return spec["epoch"]
    if known is not None:
        wires.disconnect(number)
    # Before anything is made: a wire of which half is missing would pass for a known one.
    source = None
    if spec["source_device"] == node.number:
        source = node.scheduler.cell(spec["source"])
    if spec["target_device"] == node.number:
        outlet = _arrivals(wires).make(spec)
    else:
        outlet = _outbox(wires, spec)
        device, _ = split(spec["target"])
        node.forwarder.learn(device, spec["target_device"], spec["via"])
    if source is not None:
        source.outlets.append(outlet)
        outlet.source_cell = source
    node.scheduler.relink()
    return spec["epoch"]


def _rebind(wires, spec):
    """The other end has begun anew: what waits here stays, numbers begin again."""
    inlet, outbox = wires.inlets.get(spec["wire"]), wires.outboxes.get(spec["wire"])
    if outbox is not None:
        outbox.rebind(spec["epoch"], spec["first"], spec["credit"])
        outbox.wake()
    if inlet is not None:
        inlet.rebind(spec["epoch"], spec["first"])


def _arrivals(wires):
    """The wires that end here. Loaded with the first: a board pays for what it has."""
    if wires.arrivals is None:
        from mp_actors.arrivals import Arrivals

        wires.arrivals = Arrivals(wires.node, wires)
    return wires.arrivals


def _outbox(wires, spec):
    limits = wires.node.limits
    outbox_for = wires.reliable().outbox if spec["reliable"] else _stream
    if spec.get("flash"):
        from mp_actors.spill import outbox as outbox_for
    outbox = outbox_for(wires.node, spec)
    outbox.to_device = spec["target_device"]
    outbox.numbers = dict([(path, number) for number, path in spec["origins"]])
    outbox.items_max = spec["items"]
    outbox.limit_bytes = min(spec["limit"], limits.out_bytes) - frame.HEAD_BYTES
    bound = limits.credit_readings if spec["reliable"] else 0
    outbox.bound = max(outbox.bound, bound, 2 * limits.queue_readings)
    outbox.rebind(spec["epoch"], spec["first"], spec["credit"])
    if spec["full"] != outbox.policy:
        outbox.policy = spec["full"]
    outbox.target = spec["target"]
    wires.outboxes[spec["wire"]] = outbox
    return outbox


def _stream(node, spec):
    return Outbox(node, spec["wire"], spec["epoch"], spec["source"])


def _same_ends(end, spec):
    """Whether an end that is here only needs another epoch: the same actors, on two devices."""
    if isinstance(end, Outbox):
        return (end.source, end.target) == (spec["source"], spec["target"])
    return (end.source, end.cell.path) == (spec["source"], spec["target"])

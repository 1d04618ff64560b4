"""Control messages of one device: maps `{to, from, inc, do, args, id?}` and their answers.

An answer is `{to, from, re, ok}` or `{to, from, re, error: [kind, text]}`, the kind one of failed,
busy, unreachable, expired, anew (an order for an earlier start of this device; `Requests` sends it
again, for the start that the answer's `inc` tells). With an id there is exactly one answer, without
one there is none. A question that comes again, since its answer was lost, is answered from memory
and not carried out twice: it is known by device, incarnation and id.
"""

from mp_actors import frame
from mp_actors.codec import INTEGER_MAX
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.path import split


class Control:
    """Sends and takes control. `lost`: {reason: messages} that ended here undelivered."""

    def __init__(self, node):
        self.node = node
        self.lost = {}
        # on_answer(id, error, value, from device); Requests sets it where a device asks
        self.on_answer = None
        # Encoded, or a short value in a tuple; None while the question is worked on.
        self._answers = {}
        self._keys = []

    def tell(self, sender, path, kind, args):
        """Tell an actor on another device. Never answered, never sent again."""
        device, _ = split(path)
        if device == self.node.path:
            self.node.log(sender, "%s: no such actor on this device" % path)
            self.lose("gone", kind, sender)
            return
        body = {"to": path, "from": sender, "do": kind, "args": list(args)}
        body["inc"] = self.node.incarnation
        if not self.send(self.number_of(device), body):
            self.lose("no-route", kind, sender)

    def send(self, to_device, body):
        """Send a control map to a device (0: the first router reads its path).

        Returns False, with nothing sent, if there is no way, no room, or CBOR cannot carry it.
        """
        node = self.node
        try:
            proves = node.proof is not None and node.proof.can_prove(to_device)
            if proves:
                node.proof.number(body, to_device)
            encoded = node.codec.encode(body)
            if proves:
                encoded += node.proof.mac(node.number, to_device, encoded)
            if len(encoded) > node.limits.out_bytes - frame.HEAD_BYTES:
                raise LocalWireError("%d bytes of control are too many" % len(encoded))
        except LocalWireError as error:
            node.log(body["from"], "%s to %s not sent: %s" % (body.get("do"), body["to"], error))
            return False
        flags = frame.CONTROL if "id" in body or "re" in body else frame.CONTROL | frame.ONCE
        if proves:
            flags |= frame.PROVED
        return node.send(flags, to_device, encoded)

    def number_of(self, device):
        """A device's number, 0 where only a router with a map knows it."""
        # A map is signed and a wire proved, but a neighbour may say any path of itself.
        known = self.node.forwarder.number_of(device)
        neighbours = self.node.neighbours
        for number in () if known else sorted(neighbours):
            if neighbours[number].path == device:
                return number
        return known

    def take(self, payload, from_device, console, is_proved):
        """A control map for this device, CBOR or JSON. *Raises* RemoteWireError if it is none.

        `console`: the peer that is answered on its own link; None: answers are routed. `is_proved`:
        whether it comes from the controller, or from a console.
        """
        if payload[:1] == b"{":
            from mp_actors.jsontext import loads_json  # few ever say it so

            body = loads_json(payload)
        else:
            body = self.node.codec.decode(payload, items_max=self.node.limits.items)
        if isinstance(body, list):
            self.node.wires.take_credit(body, from_device)
            return
        if not isinstance(body, dict):
            raise RemoteWireError("control is no map")
        if "re" in body:
            self.take_answer(body, from_device)
            return
        words = [body.get(field) for field in ("to", "from", "do")]
        args = body.get("args", [])
        if [type(word) for word in words] != [str, str, str] or not isinstance(args, list):
            raise RemoteWireError("control lacks to, from, do or args, or they are no such")
        path, sender, kind = words
        answer, proof = None, self.node.proof
        needs_proof = proof is not None and proof.is_needed(path, kind)
        is_allowed = is_proved or not (needs_proof or self._is_anothers(sender, from_device))
        if "id" in body:
            # Told apart by proof: a forger must not spend the numbers of orders.
            key = (from_device, body.get("inc"), body["id"], is_proved)
            if type(key[1]) is not int or type(key[2]) is not int:
                raise RemoteWireError("control with an id or inc that is no number")
            if not -INTEGER_MAX <= key[2] <= INTEGER_MAX:
                raise RemoteWireError("control with an id that no answer can carry")
            answer = self._answerer(key, path, sender, console)
            if is_allowed and key in self._answers:
                kept = self._answers[key]
                if isinstance(kept, tuple):
                    answer(None, kept[0])
                elif kept is not None:
                    self._answer(kept, from_device, console)
                return
        error = None
        if not is_allowed:
            error = "failed", "%s: only the controller may say %r" % (path, kind)
        elif needs_proof and console is None:
            error = proof.staleness(body, kind, self.node)
        if error is not None:
            self.lose("denied", kind, from_device)
            if answer is not None:
                answer(error, None)
            return
        if answer is not None:
            self._remember(key)
        if not self.node.scheduler.post(path, kind, args, sender, answer):
            self.lose("busy", kind, from_device)
            if answer is not None:
                answer(("busy", "%s is busy" % self.node.path), None)

    def refuse(self, payload, head, reason):
        """Count control that goes no further; see `lost`."""
        from mp_actors import lost

        lost.refuse(self, payload, head, reason)

    def lose(self, reason, verb=None, origin=0):
        """Count a control message that was not delivered. `verb`: None for an answer."""
        self.lost[reason] = self.lost.get(reason, 0) + 1
        if verb is not None:
            self.node.keep("lose", verb, reason, origin, 1)

    def _is_anothers(self, sender, from_device):
        """Whether this actor is known to live on another device than the one that sends."""
        if self.node.proof is None:
            return False
        number = self.node.forwarder.number_of(sender[: max(0, sender.rfind("/"))])
        return number not in (0, from_device)

    def take_answer(self, body, from_device):
        """An answer to a question of this device. *Raises* RemoteWireError if it is none."""
        error = body.get("error")
        if type(body["re"]) is not int:
            raise RemoteWireError("an answer to no number")
        if error is not None:
            if not isinstance(error, list) or [type(word) for word in error] != [str, str]:
                raise RemoteWireError("an answer whose error is not [kind, text]")
            error = tuple(error)
        proof = self.node.proof
        if proof is not None and proof.can_prove(from_device) and type(body.get("inc")) is int:
            proof.starts[from_device] = body["inc"]
        if self.on_answer is not None:
            self.on_answer(body["re"], error, body.get("ok"), from_device)

    def _answerer(self, key, path, sender, console):
        from_device, _, number, _ = key

        def answer(error, value):
            body = {"to": sender, "from": path, "re": number}
            if self.node.proof is not None:
                body["inc"] = self.node.incarnation
            if error is None:
                body["ok"] = value
            else:
                body["error"] = list(error)
            encoded = self._encode(body, from_device, console)
            if key in self._answers:
                # Most orders answer nothing, or a number; frames for those would be 2 KB.
                is_short = error is None and (value is None or type(value) is int)
                self._answers[key] = (value,) if is_short else encoded
            self._answer(encoded, from_device, console)

        return answer

    def _encode(self, body, from_device, console):
        """The answer as bytes; one that cannot be sent says so instead."""
        node = self.node
        room = node.limits.out_bytes - frame.HEAD_BYTES
        found = node.forwarder.way(from_device) if console is None else (console, ())
        if found is not None:
            way, failed = found
            room = min(room, way.limit_bytes - frame.HEAD_BYTES - 2 * len(failed))
        try:
            encoded = node.codec.encode(body)
            if len(encoded) > room:
                raise LocalWireError("%d bytes; the way takes %d" % (len(encoded), room))
        except LocalWireError as error:
            text = "%s: the answer cannot be sent: %s" % (body["from"], error)
            body = {"to": body["to"], "from": body["from"], "re": body["re"]}
            body["error"] = ["failed", text]
            encoded = node.codec.encode(body)
        return encoded

    def _answer(self, encoded, from_device, console):
        if console is None:
            self.node.send(frame.CONTROL, from_device, encoded)
        elif console.connection is not None:
            console.send(encoded, True)

    def _remember(self, key):
        self._answers[key] = None
        self._keys.append(key)
        if len(self._keys) > self.node.limits.answers:
            del self._answers[self._keys.pop(0)]

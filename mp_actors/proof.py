"""Proof that an order comes from the controller, whatever routers it passed.

Sealed links prove the neighbour only. Control from the controller to a device therefore carries an
HMAC-SHA256, cut to 16 bytes, under a key the two of them share, over the sender's number and the
body; the body names the device, a term and a counter that are taken once, and the start of the
device it is for, since one that begins anew has forgotten which were taken. Maps carry the site's
RSA signature. What only the controller or a console may say, `NEEDS_PROOF` lists: to these actors
of the runtime every verb is refused without proof, but for the `REPORTS` of devices.
"""

import struct

from mp_actors.frame import MAC_BYTES

WINDOW = 64  # orders that may overtake each other
NEEDS_PROOF = ("node", "router", "controller")
ANY_START = ("watch", "version")  # questions that change nothing; their answers tell the start
FREE_KINDS = ("alive",)  # what anybody may ask any of them
REPORTS = ("device", "actors", "wires")  # what any device may tell the controller: how it is


class Proof:
    """One device's end. `keys`: a `keyring.Keys`; on the controller's device it can prove, too.

    `term`: rises with each start of a controller. `starts`: {device number: incarnation}, as heard.
    """

    def __init__(self, crypto, keys, term):
        self._crypto = crypto
        self._macs, self._modulus = keys.macs, keys.modulus
        self._control_from, self._control_mac = keys.control_from, keys.control_mac
        self._term = term
        self.starts = {}
        self._count = 0
        self._highest = (0, 0)  # term and counter
        self._seen = 0  # bit n: the counter n below the highest was taken

    def is_needed(self, path, kind):
        """Whether only the controller may say this to this actor."""
        name = path[path.rfind("/") + 1 :]
        if kind in FREE_KINDS or (name == "controller" and kind in REPORTS):
            return False
        return name in NEEDS_PROOF

    def staleness(self, body, kind, node):
        """(kind, text) of why a proved order is not to be carried out (again), None if it is."""
        if kind not in ANY_START and body.get("for") != node.incarnation:
            return "anew", "%s has begun anew; %r was meant for before" % (node.path, kind)
        if not self.is_fresh(body):
            return "failed", "%s: %r was said before" % (node.path, kind)
        return None

    def can_prove(self, to_device):
        """Whether this is the controller's device, and shares a key with that one."""
        return to_device in self._macs

    def number(self, body, to_device):
        """Add term, counter and the device's start to the body of an order."""
        self._count += 1
        body["term"], body["count"] = self._term, self._count
        body["for"] = self.starts.get(to_device, 0)

    def mac(self, from_device, to_device, encoded):
        """What goes behind the encoded body."""
        return self._mac(self._macs[to_device], from_device, encoded)

    def holds(self, from_device, encoded, mac):
        """Whether the controller has sent this body to this device."""
        if self._control_mac is None or from_device != self._control_from:
            return False
        return self._crypto.equal(mac, self._mac(self._control_mac, from_device, encoded))

    def is_fresh(self, body):
        """Whether term and counter of a proved body are new; they are taken then."""
        term, count = body.get("term"), body.get("count")
        if type(term) is not int or type(count) is not int:
            return False
        highest_term, highest = self._highest
        if term > highest_term:
            self._highest, self._seen = (term, count), 1
            return True
        if term < highest_term or count <= highest - WINDOW:
            return False
        if count > highest:
            self._seen = ((self._seen << (count - highest)) | 1) & ((1 << WINDOW) - 1)
            self._highest = (term, count)
            return True
        bit = 1 << (highest - count)
        if self._seen & bit:
            return False
        self._seen |= bit
        return True

    def is_signed(self, encoded, signature):
        """Whether the site has signed a map."""
        return self._crypto.run(self._crypto.verify(self._modulus, signature, encoded))

    def _mac(self, key, from_device, encoded):
        return self._crypto.hmac(key, struct.pack("!H", from_device) + encoded)[:MAC_BYTES]

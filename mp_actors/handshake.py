"""The handshake of one connection: who is there, with which keys, before anything else is said.

From a device's keys to HANDSHAKE frames and, after two of them, a seal. Each frame is 8 bytes
(`0x02, version u8, pattern u8, step u8, from u16, to u16`) and a Noise message; the site's id and
the first frame's 8 bytes are the Noise prologue, and of the second frame only one head fits. Their
payloads are the two HELLOs. No sockets, no clock.

Promises: nothing is kept of a peer whose first message does not open. To a stranger and to a wrong
key alike the answer is silence; to a RESUME that fails for whatever reason it is the same
refusal. A site is never named: another site's device is one with a wrong key.
Message 1 may be a recording: what its payload says is fresh only once the first record has opened
(`confirm`). A refusal and another version cannot be proved: who is on the way can thereby make a
device do a full handshake, and no more than that.
"""

import struct

from mp_actors import noise
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.frame import HANDSHAKE
from mp_actors.frame import PROTOCOL_VERSION as VERSION
from mp_actors.seal import Ccm

HEAD_BYTES = 8
REFUSED_RESUME = 254  # steps of an answer that is no Noise message
REFUSED_VERSION = 255

_HEAD = "!BBBBHH"  # kind, version, pattern, step, from, to
_RESUME = 3
_PATTERNS = {"KK": 1, "NNpsk0": 2}
_ROWS = {1: noise.KK, 2: noise.NNPSK0, _RESUME: noise.RESUME}


class HandshakeError(RemoteWireError):
    """A handshake that is over. `reason` is a word to count it by:

    clear (no handshake where one is due), short, version, step (not what comes next), unknown (no
    neighbour, or not this device), pattern (not the one of the pair), key (does not open), resume
    (the secret is not known).
    `answer` is a frame to send before closing, or None: silence.
    """

    def __init__(self, reason, text, answer=None):
        super().__init__(text)
        self.reason = reason
        self.answer = answer


class Handshake:
    """One side of one connection. After an error it is over: close the connection.

    `keys`: a `keyring.Keys`, or what looks like it. `to`: the number of the device that is dialled;
    *Raises* LocalWireError if there is no key for it. An acceptor learns who dials from message 1.
    Once `is_done`, `seal` is ready for use and `is_resumed` says whether an old secret was used.
    """

    def __init__(self, crypto, keys, is_dialler, to=None):
        self.peer_number = None
        self.is_done = False
        self.is_resumed = False
        self.seal = None
        self._crypto = crypto
        self._keys = keys
        self._is_dialler = is_dialler
        self._step = 1  # of the message that comes next; 0: over
        self._noise = None
        self._secret = None
        if is_dialler:
            self.peer_number = to
            self._open_dialling(to)

    def write(self, payload):
        """GENERATOR: the frame to send: the dialler's first, or the acceptor's answer."""
        step, self._step = self._step, 0  # unless this message succeeds there is no next one
        assert step == (1 if self._is_dialler else 2)
        head = self._head(step)
        message = yield from self._noise.write(payload)
        self._advance(step)
        return head + message

    def read(self, frame):
        """GENERATOR: the payload of the other end's frame. *Raises* HandshakeError."""
        step, self._step = self._step, 0
        if step != (2 if self._is_dialler else 1):
            raise HandshakeError("step", "a handshake message when none is due")
        head = self._read_head(frame)
        if self._is_dialler:
            self._check_answer(head)
        else:
            self._open_accepting(frame, head)
        try:
            payload = yield from self._noise.read(frame[HEAD_BYTES:])
        except RemoteWireError as error:
            raise self._unproved(head[4], error)
        self.peer_number = head[4]
        self._advance(step)
        return payload

    def confirm(self):
        """Say that the other end's first record opened, so that it is there and no recording.

        Only now the secret for resuming is kept: who replays an old message 1 must not
        replace it.
        """
        assert self.is_done
        secret, self._secret = self._secret, None
        if secret is not None:
            self._keys.remember(self.peer_number, secret)

    def _open_dialling(self, to):
        key = self._keys.key_for(to)
        if key is None or key[0] is None:
            raise LocalWireError(
                "device %d has no key for device %r; make its keys anew, or name the link plain"
                % (self._keys.number, to)
            )
        self.is_resumed = self._keys.resumption(to) is not None
        self._pattern = _RESUME if self.is_resumed else _PATTERNS[key[0]]
        self._begin(key, to, self._head(1))

    def _open_accepting(self, frame, head):
        _, _, pattern, step, sender, to = head
        if step != 1 or pattern not in _ROWS:
            text = "step %d of pattern %d opens no handshake" % (step, pattern)
            raise HandshakeError("step", text)
        self._pattern = pattern
        self.is_resumed = pattern == _RESUME
        key = self._keys.key_for(sender)
        if to != self._keys.number or key is None or key[0] is None:
            text = "device %d, which looks for device %d, is no neighbour with a key" % (sender, to)
            raise self._refusal("unknown", text, sender)
        if self.is_resumed:
            if self._keys.resumption(sender) is None:
                text = "no secret to resume with device %d" % sender
                raise self._refusal("resume", text, sender)
        elif pattern != _PATTERNS[key[0]]:
            text = "device %d comes with pattern %d; its key is for %s" % (sender, pattern, key[0])
            raise self._refusal("pattern", text, sender)
        self._begin(key, sender, frame[:HEAD_BYTES])

    def _begin(self, key, other, first_head):
        row = _ROWS[self._pattern]
        private = public = psk = None
        if self.is_resumed:
            psk = self._keys.resumption(other)
        elif row.has_static:
            private, public = self._keys.private, key[1]
        else:
            psk = key[1]
        prologue = self._keys.site + first_head
        self._seal_name = key[2]
        self._noise = noise.Noise(
            self._crypto, row, self._is_dialler, prologue, private, public, psk
        )

    def _read_head(self, frame):
        if len(frame) < HEAD_BYTES:
            text = "handshake frame of %d bytes; expected 8 or more" % len(frame)
            raise HandshakeError("short", text)
        head = struct.unpack_from(_HEAD, frame, 0)
        kind, version, pattern, _, sender, _ = head
        if kind != HANDSHAKE:
            raise HandshakeError("step", "frame of kind %d; expected a handshake" % kind)
        if version != VERSION:
            # Never to a dialler's: two nodes would answer each other's answers.
            answer = None if self._is_dialler else self._answer(pattern, REFUSED_VERSION, sender)
            raise HandshakeError(
                "version",
                "speaks protocol version %d, this node %d; bring both to one version"
                % (version, VERSION),
                answer,
            )
        return head

    def _check_answer(self, head):
        _, _, pattern, step, sender, to = head
        if sender != self.peer_number or to != self._keys.number:
            text = "device %d answers device %d; dialled was %d from %d"
            numbers = (sender, to, self.peer_number, self._keys.number)
            raise HandshakeError("unknown", text % numbers)
        if pattern == self._pattern == _RESUME and step == REFUSED_RESUME:
            self._keys.remember(sender, None)
            raise HandshakeError("resume", "device %d wants a full handshake" % sender)
        if pattern != self._pattern or step != 2:
            text = "answer is step %d of pattern %d; expected step 2 of pattern %d"
            raise HandshakeError("step", text % (step, pattern, self._pattern))

    def _unproved(self, sender, error):
        self._noise = None
        text = "device %d does not prove its key: %s" % (sender, error)
        if self.is_resumed and not self._is_dialler:
            return self._refusal("resume", text, sender)
        return HandshakeError("key", text)

    def _refusal(self, reason, text, sender):
        answer = self._answer(_RESUME, REFUSED_RESUME, sender) if self.is_resumed else None
        return HandshakeError(reason, text, answer)

    def _head(self, step):
        return self._answer(self._pattern, step, self.peer_number)

    def _answer(self, pattern, step, to):
        return struct.pack(_HEAD, HANDSHAKE, VERSION, pattern, step, self._keys.number, to)

    def _advance(self, step):
        if not self._noise.is_done:
            self._step = step + 1
            return
        send_key, receive_key, secret = self._noise.split()
        self._noise = None  # and with it the keys made for this handshake
        if not self.is_resumed:
            self._secret = secret
        self.seal = make_seal(self._seal_name, self._crypto, send_key, receive_key)
        self.is_done = True


def make_seal(name, crypto, send_key, receive_key):
    """The seal of a name, `"ccm"` or `"fernet"`, with the two keys (32 bytes each) of a link."""
    if name == "fernet":
        from mp_actors.fernet_seal import Fernet

        return Fernet(crypto, send_key, receive_key)
    return {"ccm": Ccm}[name](crypto, send_key, receive_key)

"""A console: asks the controller from outside, over the ordinary port of its device.

It greets as a device without a number, to which nothing is routed, and sends bare control maps; the
device answers on the same connection.
"""

import socket
from typing import Any

from actors.accel import codec
from actors.guards import host_guard
from actors.keys import DeviceKeys
from mp_actors import frame
from mp_actors.board import draw
from mp_actors.clock import SystemClock
from mp_actors.connection import Connection
from mp_actors.errors import ActorsError
from mp_actors.node import Limits
from mp_actors.peer import Peer

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
NAME = "console"


class UnreachableError(ActorsError):
    """The device does not answer; the text says what was tried."""


class Console:
    """One connection to a device. Use it as a context.

    The owner of its `Connection`, as a node is of its own, but it blocks.
    """

    codec = codec
    transport, address = "tcp", None  # it is its connection's link, too

    def __init__(
        self,
        host: str,
        port: int,
        number: int = 0,
        keys: DeviceKeys | None = None,
        patience_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """Greet the device of this number there. *Raises* UnreachableError, ActorsError.

        `patience_s`: for each step of the greeting, and for each answer.
        """
        self.address = f"{host}:{port}"
        self.name = f"console to {self.address}"
        self.clock = SystemClock()
        self._incarnation = draw() | 1
        self._next = 1
        self._answers: dict[int, dict[str, Any]] = {}
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
        except OSError as error:
            raise UnreachableError(f"{self.address}: {error.strerror or error}") from None
        self.patience(patience_s)
        self._guard = host_guard(keys)
        self._peer = Peer(number, draw() | 1, frame.HOST_LIMIT_BYTES)
        self._connection = Connection(
            self, self, self._peer, Limits(is_board=False), self.clock.ticks_ms()
        )
        self._connection.greet()
        while not self._connection.is_open:
            self._exchange()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def patience(self, seconds: float) -> None:
        """Wait so long for an answer from now on."""
        self._patience_s = seconds
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def ask(self, path: str, kind: str, *args: object) -> Any:
        """The answer of the actor at path, which lives on this device.

        *Raises* UnreachableError if none comes, ActorsError with the refusal if it refuses.
        """
        number = self._next
        self._next += 1
        body = {"to": path, "from": f"{NAME}/{NAME}/{NAME}", "inc": self._incarnation}
        self._peer.push(codec.encode({**body, "id": number, "do": kind, "args": list(args)}))
        while number not in self._answers:
            self._exchange()
        answer = self._answers.pop(number)
        if "error" in answer:
            raise ActorsError(answer["error"][1])
        return answer.get("ok")

    # -- what a connection asks of its owner

    def handshake(self, to: int) -> Any:
        """The Handshake with the device, None if it takes no keys."""
        return None if self._guard is None else self._guard.handshake(to)

    def hello_to(self, _peer: Peer) -> dict[str, Any]:
        """Who I am: nobody's neighbour."""
        return {
            "path": NAME,
            "number": 0,
            "inc": self._peer.incarnation,
            "peer": 0,
            "next": 1,
            "version": frame.PROTOCOL_VERSION,
            "limit": frame.HOST_LIMIT_BYTES,
            "buffer": frame.HOST_LIMIT_BYTES,
            "router": False,
            "map": 0,
        }

    def adopted(
        self, connection: Connection, _doubts: list[bytes] | None, _map_version: int
    ) -> None:
        """The device has greeted."""
        self._peer.connection = connection

    def take(self, _connection: Connection, kind: object, payload: bytes) -> None:
        """A frame of the device: an answer, or something of no use here."""
        if kind == "object":
            answer = codec.decode(payload, items_max=1 << 20)
            self._answers[answer.get("re")] = answer

    # -- the link

    def write(self, data: bytes) -> int:
        """Send it all."""
        self._socket.sendall(data)
        return len(data)

    def _exchange(self) -> None:
        """Write what waits, then wait for the next bytes."""
        self._work()
        try:
            self._connection.flush()
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            text = f"{self.address}: no answer in {self._patience_s:g} s"
            raise UnreachableError(text) from None
        except OSError as error:
            raise UnreachableError(f"{self.address}: {error.strerror or error}") from None
        if not data:
            raise UnreachableError(f"{self.address}: closed the connection")
        self._connection.received(data, self.clock.ticks_ms())
        self._work()

    def _work(self) -> None:
        while self._connection.work is not None:
            self._connection.advance(self.clock.ticks_ms())

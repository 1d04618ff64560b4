"""A console: asks the controller from outside, over the ordinary port of its device.

It greets as a device without a number, to which nothing is routed, and sends bare control maps; the
device answers on the same connection.
"""

import os
import socket
import struct
from typing import Any

from actors.accel import codec
from mp_actors import frame
from mp_actors.errors import ActorsError
from mp_actors.peer import PROTOCOL_VERSION

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
NAME = "console"


class UnreachableError(ActorsError):
    """The device does not answer; the text says what was tried."""


class Console:
    """One connection to a device. Use it as a context."""

    def __init__(self, host: str, port: int) -> None:
        self.address = f"{host}:{port}"
        self._incarnation = int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF | 1
        self._next = 1
        self._reader = frame.FrameReader(frame.HOST_LIMIT_BYTES)
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
        except OSError as error:
            raise UnreachableError(f"{self.address}: {error.strerror or error}") from None
        self._socket.settimeout(ANSWER_TIMEOUT_S)
        hello = {
            "path": NAME,
            "number": 0,
            "inc": self._incarnation,
            "version": PROTOCOL_VERSION,
            "limit": frame.HOST_LIMIT_BYTES,
            "router": False,
            "map": 0,
        }
        self._send(bytes([frame.HELLO]) + codec.encode(hello))

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        self._send(codec.encode({**body, "id": number, "do": kind, "args": list(args)}))
        while True:
            payload = self._receive()
            if frame.kind(payload) == frame.BEAT:
                operation, beat = frame.read_beat(payload)
                if operation == frame.PING:
                    self._send(frame.beat(frame.PONG, beat))
            elif frame.kind(payload) == "object":
                answer = codec.decode(payload, items_max=1 << 20)
                if answer.get("re") == number:
                    if "error" in answer:
                        raise ActorsError(answer["error"][1])
                    return answer.get("ok")

    def _send(self, payload: bytes) -> None:
        try:
            self._socket.sendall(struct.pack("!I", len(payload)) + payload)
        except OSError as error:
            raise UnreachableError(f"{self.address}: {error.strerror or error}") from None

    def _receive(self) -> bytes:
        while True:
            payload = self._reader.next()
            if payload is not None:
                return payload
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                text = f"{self.address}: no answer in {ANSWER_TIMEOUT_S:g} s"
                raise UnreachableError(text) from None
            except OSError as error:
                raise UnreachableError(f"{self.address}: {error.strerror or error}") from None
            if not data:
                raise UnreachableError(f"{self.address}: closed the connection")
            self._reader.feed(data)

"""A tap's client: prints the readings of one sensor, from any device that has a tap.

It speaks the seed's protocol, JSON behind a length, as anybody's program can.
"""

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

from mp_actors.errors import ActorsError, RemoteWireError
from mp_actors.frame import FrameReader
from mp_actors.jsontext import loads_json

CONNECT_TIMEOUT_S = 3.0
ANSWER_BYTES_MAX = 1 << 16


def readings(host: str, port: int, sensor: str, every_ms: int) -> Iterator[list[Any]]:
    """`[sensor, at_ms, value]` for each reading, until the device closes.

    *Raises* ActorsError if nobody answers there or the device refuses.
    """
    where = f"{host}:{port}"
    try:
        connection = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
    except OSError as error:
        reason = f"{error.strerror or error}; does the device have a tap?"
        raise ActorsError(f"{where}: {reason}") from None
    with connection:
        connection.settimeout(None)
        request = json.dumps({"sensor": sensor, "every_ms": every_ms}).encode()
        frames, is_tap = FrameReader(ANSWER_BYTES_MAX), False
        try:
            connection.sendall(struct.pack("!I", len(request)) + request)
            while data := connection.recv(ANSWER_BYTES_MAX):
                frames.feed(data)
                while (payload := frames.next()) is not None:
                    answer = loads_json(payload)
                    if isinstance(answer, dict):
                        raise ActorsError(f"{where}: {answer.get('error', answer)}")
                    is_tap = True
                    yield answer
            if not is_tap:
                raise RemoteWireError("closed the connection and said nothing")
        except (OSError, RemoteWireError) as error:
            raise ActorsError(f"{where}: {error}; is that the address of a tap?") from None

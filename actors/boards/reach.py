"""Whom a board reaches: its Wi-Fi, the routers it dials from there, and what stands in between.

From a board's configuration to what is wrong, as a sentence with what to do.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Any

from actors.boards import onboard
from actors.boards.interpreter import BoardError
from actors.boards.remote import Remote

WIFI_VARIABLE = "ACTORS_WIFI"  # NAME:PASSWORD
LOOPBACK = ("127.", "localhost", "::1")

Wifi = Mapping[str, str] | None
Say = Callable[[str], None]


def try_network(
    remote: Remote, config: Mapping[str, Any], wifi: Wifi, has_wifi: bool, say: Say
) -> str:
    """Join the Wi-Fi and knock at the routers, as the board will.

    Returned is what is wrong though flashing helps, mostly nothing: who is not there yet,
    nobody reaches. *Raises* BoardError for a Wi-Fi that was given and does not take the board.
    """
    path = config["path"]
    there = [(host, port) for host, port, _ in config["dial"] if is_listening(host, port)]
    if not there and not has_wifi:
        return ""
    told = None if wifi is None else (wifi["name"], wifi["password"])
    rows = remote.run(onboard.TRY_NETWORK.format(told, there))
    found = {row[0]: row[1:] for row in rows if row}
    if "refused" in found:
        name, why, status = found["refused"]
        text = f"Wi-Fi {name!r} refused the board: {wifi_reason(why)} (status {status})"
        remedy = f"set {WIFI_VARIABLE}=NAME:PASSWORD and give the command again"
        if wifi is not None:
            raise BoardError(f"{path}: {text}; nothing was changed on the board; {remedy}")
        return f"{path}: is flashed, but {text}; {remedy}"
    if "joined" in found:
        say("{}: joined Wi-Fi {!r}, there it is {}".format(path, *found["joined"]))
    tried = [(f"{row[1]}:{row[2]}", row[3]) for row in rows if row[:1] == ("reach",)]
    if not tried or any(not error for _, error in tried):
        return ""
    listed = ", ".join(f"{address} ({error})" for address, error in tried)
    return (
        f"{path}: is flashed, but from there it reaches none of its routers: tried {listed}; "
        "this machine does reach them: is the board in another network, or does a firewall "
        "let only this machine in?"
    )


def wifi_of(text: str | None) -> Wifi:
    """Name and password as in `NAME:PASSWORD`; None for nothing. *Raises* BoardError."""
    if not text:
        return None
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise BoardError(f"{WIFI_VARIABLE}: expected NAME:PASSWORD, without a colon there is none")
    return {"name": name, "password": password}


def wifi_reason(name: str) -> str:
    """What a status of MicroPython's network module means."""
    reasons = {
        "WRONG_PASSWORD": "wrong password",
        "NO_AP_FOUND": "there is no such network here, or it has only 5 GHz",
        "CONNECT_FAIL": "the access point did not take it",
        "ASSOC_FAIL": "the access point did not take it",
        "HANDSHAKE_TIMEOUT": "the access point did not finish; mostly a wrong password",
        "BEACON_TIMEOUT": "the signal is too weak",
    }
    return reasons.get(name, name.lower().replace("_", " ") or "no answer in 20 s")


def is_listening(host: str, port: int) -> bool:
    """Whether this machine gets through to there."""
    try:
        socket.create_connection((host, port), 2.0).close()
    except OSError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host means whoever asks."""
    return host.startswith(LOOPBACK)


def own_address() -> str:
    """The address of this machine in its network, as far as that is known without asking."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe_socket:
        try:
            probe_socket.connect(("192.0.2.1", 9))  # sends nothing; *Source*: RFC 5737
            return str(probe_socket.getsockname()[0])
        except OSError:
            return "192.168.1.10"

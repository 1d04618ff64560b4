"""Key file: secrets and keys as JSON on disk, written as a whole and checked as they are read.

Between `actors.keystore`, which knows which files there are, and the disk. It trusts no file: what
it hands on has every field, of the right kind and size, and nobody but its owner could read it.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from actors.device import SEALS
from actors.keys import (
    RSA_BITS,
    SECRET_BYTES,
    SITE_BYTES,
    Chart,
    DeviceKeys,
    Keyring,
    KeysError,
    Secret,
)
from actors.problems import shown_path

VERSION = 1
FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077  # what everybody else may do with a file; with a key, nothing
NUMBER_MAX = 65535
PATTERN_KEYS = {"KK": "public", "NNpsk0": "psk"}

T = TypeVar("T")


def write(file: Path, text: str) -> None:
    """Replace a file as a whole: after a crash, at any moment, it is the old or the new one.

    *Raises* KeysError if that cannot be done.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise KeysError(f"{shown_path(str(file))}: {what}") from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def read(file: Path, parse: Callable[[Any], T], remedy: str) -> T:
    """What parse makes of a file. *Raises* KeysError; a damaged file is told with the remedy.

    *Raises* FileNotFoundError too: what to do about that, the caller knows.
    """
    shown = shown_path(str(file))
    try:
        with file.open(encoding="utf-8") as stream:
            check_mode(file, os.fstat(stream.fileno()).st_mode, FILE_MODE)
            return parse(json.load(stream))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeysError(f"{shown}: cannot be read: {error.strerror or error}") from None
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else error
        raise KeysError(f"{shown}: is damaged: {what}; {remedy}") from None


def check_mode(file: Path, found: int, mode: int) -> None:
    """*Raises* KeysError if anybody but the owner can do anything with it; mode is the remedy."""
    if found & OTHERS:
        shown = shown_path(str(file))
        raise KeysError(
            f"{shown}: is open to others, who may have read it; close it: chmod {mode:o} {shown}"
        )


def keyring_text(ring: Keyring) -> str:
    """A site's secrets as JSON."""
    chart = ring.chart
    plain = {
        "version": VERSION,
        "site": ring.site_id.hex(),
        "signing": ring.signing,
        "secrets": {
            path: {"secret": one.value.hex(), "epoch": one.epoch, "revoked": one.is_revoked}
            for path, one in ring.secrets.items()
        },
        "chart": {
            "controller": chart.controller,
            "devices": chart.devices,
            "links": chart.links,
        },
    }
    return json.dumps(plain, indent=1) + "\n"


def keyring_of(plain: Any) -> Keyring:
    """The secrets in what `keyring_text` wrote. *Raises* LookupError, TypeError, ValueError …"""
    _expect(plain["version"] == VERSION, f"its version is {plain['version']}, not {VERSION}")
    found = {}
    for path, one in plain["secrets"].items():
        _expect(isinstance(one["revoked"], bool), f"{path}: revoked is neither true nor false")
        epoch = _number(one["epoch"], f"epoch of {path}", 1 << 53)
        found[path] = Secret(_bytes(one["secret"], SECRET_BYTES, path), epoch, one["revoked"])
    chart = plain["chart"]
    devices = {}
    for path, (number, is_board) in chart["devices"].items():
        _expect(path in found, f"{path} has no secret")
        _expect(isinstance(is_board, bool), f"{path} is neither board nor worker")
        devices[path] = (_number(number, f"number of {path}"), is_board)
    links = [(a, b, seal) for a, b, seal in chart["links"]]
    for a, b, seal in links:
        _expect(a in devices and b in devices and seal in SEALS, f"no such link: {a} {b} {seal}")
    _expect(len({number for number, _ in devices.values()}) == len(devices), "a number twice")
    _expect(chart["controller"] in devices, "the controller is on no device")
    site_id = _bytes(plain["site"], SITE_BYTES, "site")
    _check_signing(plain["signing"])
    return Keyring(site_id, plain["signing"], found, Chart(chart["controller"], devices, links))


def device_keys_of(plain: Any, path: str) -> DeviceKeys:
    """The keys of one device, as exported. *Raises* LookupError, TypeError, ValueError …"""
    _expect(plain["path"] == path, f"it is for {plain['path']}, not for {path}")
    _bytes(plain["site"], SITE_BYTES, "site")
    _number(plain["number"], "number")
    _number(plain["epoch"], "epoch", 1 << 53)
    if plain["private"] is not None:
        _bytes(plain["private"], SECRET_BYTES, "private")
    for number, one in plain["neighbours"].items():
        _expect(one["seal"] in SEALS, f"neighbour {number} has no seal of " + ", ".join(SEALS))
        kind = PATTERN_KEYS[one["pattern"]]
        if one["seal"] != "plain":
            _bytes(one[kind], SECRET_BYTES, f"{kind} of neighbour {number}")
    control = plain["control"]
    _number(control["from"], "number of the controller's device")
    _bytes(control["modulus"], RSA_BITS // 8, "modulus")
    for mac in [control["mac"]] if plain["number"] else []:  # nobody commands the console
        _bytes(mac, SECRET_BYTES, "mac")
    if control["from"] == plain["number"]:
        for number, mac in plain["macs"].items():
            _bytes(mac, SECRET_BYTES, f"mac of {number}")
        _check_signing(plain["signing"])
    found: DeviceKeys = plain
    return found


def _check_signing(pem: Any) -> None:
    key = load_pem_private_key(pem.encode(), None)
    fits = isinstance(key, RSAPrivateKey) and key.key_size == RSA_BITS
    _expect(fits, f"the signing key is not RSA with {RSA_BITS} bits")


def _expect(is_right: bool, what: str) -> None:
    if not is_right:
        raise ValueError(what)


def _bytes(text: Any, size: int, label: str) -> bytes:
    """Bytes from lower-case hex, exactly so many."""
    found = bytes.fromhex(text)
    # Compared, since fromhex takes capitals and spaces too.
    _expect(len(found) == size and found.hex() == text, f"{label}: expected {size} bytes in hex")
    return found


def _number(value: Any, label: str, largest: int = NUMBER_MAX) -> int:
    is_right = type(value) is int and 0 <= value <= largest
    _expect(is_right, f"{label}: expected a whole number")
    return int(value)

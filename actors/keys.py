"""Keys: every key of a site, worked out from one secret a device.

From a checked site, and the secrets `actors.keystore` keeps, to what each device is given: a plain
dict that JSON and CBOR can carry. Nothing here reads or writes a file.

A host's own key, the key of a pair of neighbours and the key by which the controller speaks to a
device follow from the secrets by HKDF (RFC 5869). So no key is kept in two places which could
disagree, a new link needs no new secret, and a new secret changes every key of its device at once.
A device learns the keys and never the secrets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from actors.problems import suggestion
from actors.site import Site
from mp_actors.errors import ActorsError

CONSOLE = "console"  # a client of the site: number 0, keys of its own, a neighbour of every host
CONSOLE_NUMBER = 0
SECRET_BYTES = 32
SITE_BYTES = 16
RSA_BITS, RSA_EXPONENT = 2048, 65537

DeviceKeys = dict[str, Any]


class KeysError(ActorsError):
    """Keys are missing, unreadable or do not fit the site; the text says what to do."""


@dataclass(frozen=True)
class Secret:
    """What all keys of one device follow from."""

    value: bytes = field(default_factory=lambda: token_bytes(SECRET_BYTES), repr=False)
    epoch: int = 1  # how many it has had
    is_revoked: bool = False


@dataclass(frozen=True)
class Chart:
    """What of a site file decides who gets which keys."""

    controller: str
    devices: dict[str, tuple[int, bool]]  # by path: its number, whether it is a board
    links: list[tuple[str, str, str]]  # two paths and the seal

    @staticmethod
    def of(site: Site) -> "Chart":
        """That of a site in which nothing is wrong, with the console, sealed as the site is."""
        topology, controller = site.topology, site.topology.controller_device
        assert controller is not None, "the site was checked"
        devices = {one.path: (one.number, one.is_board) for one in topology.devices}
        links = [(link.a.path, link.b.path, link.seal) for link in topology.links]
        links += [(CONSOLE, one.path, topology.seal) for one in topology.devices if one.is_worker]
        devices[CONSOLE] = (CONSOLE_NUMBER, False)
        return Chart(controller.path, devices, links)

    @cached_property
    def neighbours(self) -> dict[str, list[tuple[str, str]]]:
        """By path, each neighbour's path and the seal between the two."""
        found: dict[str, list[tuple[str, str]]] = {path: [] for path in self.devices}
        for a, b, seal in self.links:
            found[a].append((b, seal))
            found[b].append((a, seal))
        return found

    def fits(self, keys: DeviceKeys) -> bool:
        """Whether what was exported for a device is still right; a neighbour may be revoked."""
        path = keys["path"]
        declared = {
            str(self.devices[other][0]): (self.pattern(path, other), seal)
            for other, seal in self.neighbours[path]
        }
        told = {number: (one["pattern"], one["seal"]) for number, one in keys["neighbours"].items()}
        return (
            keys["number"] == self.devices[path][0]
            and keys["control"]["from"] == self.devices[self.controller][0]
            and told.items() <= declared.items()
        )

    def pattern(self, a: str, b: str) -> str:
        """The handshake between two: a board has no time for key pairs of its own."""
        return "NNpsk0" if self.devices[a][1] or self.devices[b][1] else "KK"


def _new_signing_key() -> str:
    """An RSA key as text in PEM, with no password: a controller has to start by itself."""
    key = generate_private_key(RSA_EXPONENT, RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True)
class Keyring:
    """The secrets of a site, and from them the keys of each of its devices."""

    site_id: bytes = field(default_factory=lambda: token_bytes(SITE_BYTES))
    signing: str = field(default_factory=_new_signing_key, repr=False)  # RSA, PEM
    secrets: dict[str, Secret] = field(default_factory=dict)  # by path; of former devices too
    chart: Chart = field(default_factory=lambda: Chart("", {}, []))

    def fitted(self, site: Site) -> "Keyring":
        """For a site as it is now: who is new gets a secret, everybody else keeps theirs.

        *Raises* KeysError if the controller is to be on a device that was revoked.
        """
        chart, known = Chart.of(site), dict(self.secrets)
        for path in chart.devices:
            known.setdefault(path, Secret())
        if known[chart.controller].is_revoked:
            raise KeysError(
                f"{chart.controller}: was revoked and cannot hold the controller; put it on "
                "another device, with site.controller(at=…), or --rotate this one"
            )
        return replace(self, secrets=known, chart=chart)

    def rotated(self, path: str | None = None) -> "Keyring":
        """A new secret for a device, which ends its being revoked; None: for all not revoked.

        With the controller's device the site gets another signing key. *Raises* KeysError.
        """
        chosen = [one for one, secret in self.secrets.items() if not secret.is_revoked]
        if path is not None:
            chosen = [self._known(path)]
        fresh = {one: Secret(epoch=self.secrets[one].epoch + 1) for one in chosen}
        signing = _new_signing_key() if self.chart.controller in fresh else self.signing
        return replace(self, secrets={**self.secrets, **fresh}, signing=signing)

    def revoked(self, path: str) -> "Keyring":
        """No device lists it as a neighbour any more. *Raises* KeysError."""
        if self._known(path) == self.chart.controller:
            raise KeysError(
                f"{path}: holds the controller; put it on another device first, with "
                "site.controller(at=…), or give it new keys with --rotate"
            )
        gone = replace(self.secrets[path], is_revoked=True)
        return replace(self, secrets={**self.secrets, path: gone})

    def everyone(self) -> Iterator[tuple[str, DeviceKeys]]:
        """Path and keys of every device that has any, the console last."""
        for path in self.chart.devices:
            if not self.secrets[path].is_revoked:
                yield path, self.device_keys(path)

    def device_keys(self, path: str) -> DeviceKeys:
        """What one device or the console is given; bytes are lower-case hex.

        Its number, epoch, own private key (None: a board), a key for each neighbour, and what
        proves that a word is the controller's, who never speaks to the console. Only the
        controller's device can prove it: it gets "macs", a key a device, and "signing".
        """
        chart = self.chart
        number, is_board = chart.devices[path]
        private = None if is_board else self._private(path).private_bytes_raw().hex()
        keys: DeviceKeys = {
            "site": self.site_id.hex(),
            "number": number,
            "path": path,
            "epoch": self.secrets[path].epoch,
            "private": private,
            "neighbours": {
                str(chart.devices[other][0]): self._neighbour(path, other, seal)
                for other, seal in chart.neighbours[path]
                if not self.secrets[other].is_revoked
            },
            "control": {
                "from": chart.devices[chart.controller][0],
                "mac": None if path == CONSOLE else self._mac(path),
                "modulus": self._modulus,
            },
        }
        if path == chart.controller:
            keys["signing"] = self.signing
            keys["macs"] = {
                str(chart.devices[other][0]): self._mac(other)
                for other in chart.devices
                if other != CONSOLE and not self.secrets[other].is_revoked
            }
        return keys

    def seals(self, path: str) -> list[str]:
        """Those of a device's links, as long as neither end is revoked."""
        near = self.chart.neighbours.get(path, []) if not self.secrets[path].is_revoked else []
        return [seal for other, seal in near if not self.secrets[other].is_revoked]

    def _known(self, path: str) -> str:
        if path not in self.secrets:
            raise KeysError(f"{path}: has no keys; {suggestion(path, self.secrets)}")
        return path

    def _neighbour(self, path: str, other: str, seal: str) -> dict[str, str]:
        pattern = self.chart.pattern(path, other)
        if seal == "plain":
            return {"pattern": pattern, "seal": seal}
        if pattern == "KK":
            return {"pattern": pattern, "public": self._public(other), "seal": seal}
        return {"pattern": pattern, "psk": self._derived("link", path, other).hex(), "seal": seal}

    def _mac(self, path: str) -> str:
        return self._derived("control", path, self.chart.controller).hex()

    def _private(self, path: str) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self._derived("x25519", path))

    def _public(self, path: str) -> str:
        if path not in self._publics:
            self._publics[path] = self._private(path).public_key().public_bytes_raw().hex()
        return self._publics[path]

    def _derived(self, use: str, *paths: str) -> bytes:
        """A key of one device, or of two whichever is named first."""
        material = b"".join(sorted(self.secrets[path].value for path in paths))
        info = b"mp-actors " + use.encode()
        return HKDF(SHA256(), SECRET_BYTES, salt=self.site_id, info=info).derive(material)

    @cached_property
    def _publics(self) -> dict[str, str]:
        """Those worked out so far: each is asked for by all its neighbours."""
        return {}

    @cached_property
    def _modulus(self) -> str:
        # Whether its numbers are right, which takes 60 ms, was asked when it was read.
        key = load_pem_private_key(self.signing.encode(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, RSAPrivateKey), "so was this"
        return key.public_key().public_numbers().n.to_bytes(RSA_BITS // 8, "big").hex()


def in_memory(site: Site) -> dict[str, DeviceKeys]:
    """Keys for one run of a checked site, by path, kept nowhere; the console's are among them."""
    return dict(Keyring().fitted(site).everyone())

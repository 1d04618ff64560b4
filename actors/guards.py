"""Guards of hosts: a device's keys from the store, and the secrets to resume with, kept on disk.

A router that restarts lets its boards back in without the arithmetic of a full handshake: the
secret it shares with each of them is in `<device>.resume` beside the keys.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from actors import keyfile
from actors.accel import crypto
from actors.keys import DeviceKeys
from actors.keystore import Store
from actors.site import Site
from mp_actors.guard import Guard
from mp_actors.keyring import Keys

SUFFIX = ".resume"


def is_sealed(site: Site) -> bool:
    """Whether any link of a site has a seal, so that there must be keys."""
    return any(link.seal != "plain" for link in site.topology.links)


def keys_for(site: Site, store: Store, path: str) -> DeviceKeys | None:
    """The keys of a device, or of the console; None for a site without seals.

    *Raises* KeysError if there are none, or none that fit the site file.
    """
    if not is_sealed(site):
        return None
    store.check(site)
    return store.device_keys(path)


def host_guard(
    keys: DeviceKeys | None, folder: Path | None = None, term: int = 0
) -> Guard | None:
    """What guards a host's node.

    `folder`: where secrets to resume with are kept, None: nowhere. `term`: of the controller there.
    """
    if keys is None:
        return None
    if folder is None:
        return Guard(crypto, Keys(keys), term)
    file = folder / (str(keys["path"]).replace("/", ".") + SUFFIX)
    kept = _read(file)

    def store(number: int, secret: bytes | None) -> None:
        if secret is None:
            kept.pop(number, None)
        else:
            kept[number] = secret
        plain = {str(one): secret.hex() for one, secret in sorted(kept.items())}
        keyfile.write(file, json.dumps(plain) + "\n")

    return Guard(crypto, Keys(keys, store, kept), term)


def signer(keys: DeviceKeys | None) -> Callable[[bytes], bytes] | None:
    """What signs with the site's key; None on a device that does not have it."""
    if keys is None or "signing" not in keys:
        return None
    return partial(crypto.sign, keys["signing"])


def _read(file: Path) -> dict[int, bytes]:
    """What was kept; nothing if it is damaged, for all it saves is time."""
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        return {int(number): bytes.fromhex(secret) for number, secret in plain.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}

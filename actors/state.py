"""What the controller must not forget: its term, the newest map's version, the epochs of wires, and
which start of each device it has configured.

From plain values to one file that is the old one or the new one, whatever happens in between, and
back. A file that was torn or flipped is named and never half read; a disk that is full changes
nothing and is said once.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mp_actors.errors import ActorsError


class StateError(ActorsError):
    """The file is damaged, or not to be read; the text says which and what to do."""


@dataclass
class State:
    """`term`: how often a controller has begun. `epochs`: {wire: epoch}. `starts`: {device: number
    of its start}.
    """

    term: int = 0
    map_version: int = 0
    epochs: dict[int, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)


class StateFile:
    """Keeps a `State` in a file; `file` None keeps it in memory alone."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.failed = ""  # why the last save did not succeed

    def load(self) -> State:
        """What was saved, a new one if nothing was. *Raises* StateError."""
        if self.file is None or not self.file.exists():
            return State()
        for left in self.file.parent.glob(f".{self.file.name}.*"):  # of a start that was killed
            left.unlink(missing_ok=True)
        try:
            whole = json.loads(self.file.read_text(encoding="utf-8"))
            plain, told = whole["state"], whole["sha256"]
            if _digest(plain) != told:
                raise ValueError("its checksum does not fit")
            epochs = {int(wire): int(epoch) for wire, epoch in plain["epochs"].items()}
            starts = {str(path): int(start) for path, start in plain["starts"].items()}
            return State(int(plain["term"]), int(plain["map_version"]), epochs, starts)
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
        ) as error:
            raise StateError(
                f"{self.file}: the controller's state is damaged ({error}); put a copy back, or "
                "remove it and start every device anew"
            ) from None

    def save(self, state: State) -> bool:
        """Replace the file as a whole. Returns False, with the old one in place, if it fails."""
        if self.file is None:
            return True
        plain = asdict(state)
        plain["epochs"] = {str(wire): epoch for wire, epoch in sorted(state.epochs.items())}
        text = json.dumps({"state": plain, "sha256": _digest(plain)})
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self.file.name}.", dir=self.file.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(text + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(name, self.file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            folder = os.open(self.file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the new name, too, outlasts a loss of power
            finally:
                os.close(folder)
        except OSError as error:
            self.failed = f"{self.file}: the state is not saved: {error.strerror or error}"
            return False
        self.failed = ""
        return True


def _digest(plain: object) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

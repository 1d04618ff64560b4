"""The store of one device: readings and states in one sqlite3 file that outlasts a `kill -9`.

Rows of bytes in, rows of bytes out; what is in them, `keeper` knows. One transaction a call, in the
write-ahead log, forced to the disk before it returns. A file that is damaged is named and set aside
as a whole: every row has a checksum, and all are looked at before the first is used. A disk that is
full changes nothing in the file.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mp_actors.errors import ActorsError

VERSION = 1
CHECKSUM_BYTES = 4
WAIT_S = 1.0  # for the process before, which may not have ended yet
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLES = """
CREATE TABLE IF NOT EXISTS notes(key TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS readings(wire TEXT, position INTEGER, body BLOB,
    PRIMARY KEY(wire, position)) WITHOUT ROWID;
"""

Reading = tuple[str, int, bytes]  # wire, position, body


class StoreError(ActorsError):
    """The file cannot be used, or not now; the text names it and says why."""


class Store:
    """`file` None keeps it in memory: the disk of a simulated device."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.set_aside: Path | None = None  # where a damaged file is now
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open or make the file; one that is damaged gives way. *Raises* StoreError."""
        if self._db is not None:
            return
        try:
            try:
                self._db = self._connected()
            except _DamagedError:
                self._set_aside()
                self._db = self._connected()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self}: cannot be used: {error}") from None

    def close(self) -> None:
        """Let the file go."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def note(self, key: str) -> bytes | None:
        """What was noted under a key."""
        for (body,) in self._rows("SELECT body FROM notes WHERE key = ?", key):
            return body[:-CHECKSUM_BYTES]
        return None

    def readings(self, wire: str) -> list[tuple[int, bytes]]:
        """(position, body) of a wire's readings, in order."""
        found = self._rows(
            "SELECT position, body FROM readings WHERE wire = ? ORDER BY position", wire
        )
        return [(position, body[:-CHECKSUM_BYTES]) for position, body in found]

    def write(
        self,
        notes: Iterable[tuple[str, bytes]],
        added: Iterable[Reading] = (),
        removed: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Write it all, or nothing. `removed`: (wire, the position below which all are).

        *Raises* StoreError; everything is as it was then.
        """
        db = self._db
        assert db is not None, "open() comes first"
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("DELETE FROM readings WHERE wire = ? AND position < ?", removed)
            db.executemany(
                "INSERT INTO readings VALUES (?, ?, ?)",
                ((wire, place, _closed(wire, place, body)) for wire, place, body in added),
            )
            db.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)",
                ((key, _closed(key, 0, body)) for key, body in notes),
            )
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise StoreError(f"{self}: {error}") from None

    def __str__(self) -> str:
        return str(self.file or "memory")

    def _rows(self, query: str, key: str) -> list[tuple]:
        assert self._db is not None, "open() comes first"
        try:
            return self._db.execute(query, (key,)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self}: {error}") from None

    def _connected(self) -> sqlite3.Connection:
        if self.file is not None:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(self.file or ":memory:", timeout=WAIT_S, isolation_level=None)
        try:
            # Nobody else has a use for it, and a second process of a device is a mistake.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise sqlite3.NotSupportedError(f"its version is {version}; expected {VERSION}")
            _look_through(db)
            db.executescript(_TABLES)
            if version == 0:
                db.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException as error:
            db.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                raise _DamagedError from None
            raise
        return db

    def _set_aside(self) -> None:
        assert self.file is not None, "memory is never damaged"
        number = 1
        while (aside := self.file.with_name(f"{self.file.name}.damaged-{number}")).exists():
            number += 1
        # The file first: sqlite removes a log that stands beside no file, and reads one beside any.
        for ending in ("", "-wal", "-shm"):
            one = Path(f"{self.file}{ending}")
            if one.exists():
                os.replace(one, f"{aside}{ending}")
        self.set_aside = aside


class _DamagedError(Exception):
    pass


def _look_through(db: sqlite3.Connection) -> None:
    """*Raises* _DamagedError if the file is not what was written."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return  # it has just been made
    if not {"notes", "readings"} <= tables:
        raise _DamagedError
    if db.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
        raise _DamagedError
    for key, body in db.execute("SELECT key, body FROM notes"):
        _check(key, 0, body)
    before: dict[str, int] = {}
    for wire, position, body in db.execute("SELECT * FROM readings ORDER BY wire, position"):
        _check(wire, position, body)
        if before.get(wire, position - 1) != position - 1:
            raise _DamagedError
        before[wire] = position


def _check(key: str, position: int, body: Any) -> None:
    is_whole = type(body) is bytes and len(body) >= CHECKSUM_BYTES
    if not is_whole or _closed(key, position, body[:-CHECKSUM_BYTES]) != body:
        raise _DamagedError


def _closed(key: str, position: int, body: bytes) -> bytes:
    """A body and its checksum, which is of its place, too."""
    checksum = zlib.crc32(body, zlib.crc32(f"{key} {position}".encode()))
    return body + checksum.to_bytes(CHECKSUM_BYTES, "big")

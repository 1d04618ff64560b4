"""Virtual boards on serial ports, for tests: each a process, as by hand, and mpremote beside it."""

import subprocess
import sys

from processes import LIMIT_S, Process, environment_of


class Board(Process):
    """A board whose flash is a folder; `port` is where it is to be found."""

    def __init__(self, folder, flash):
        super().__init__(folder, "board", "one", "--folder", flash)
        self.flash = flash
        self.port = self.wait_for("/dev/").strip()

    def mpremote(self, *words):
        """What an mpremote command prints; it has to end well."""
        done = self.tried(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(self, *words):
        """An mpremote command, however it ended."""
        return subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", self.port, *map(str, words)],
            cwd=self.folder,
            env=environment_of(self.folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def write(self, name, text):
        """Put a file into its flash, which is for the next start."""
        self.mpremote("exec", "print('is up')")
        (self.flash / name).write_text(text)

"""When to dial a neighbour again: exponential, with full jitter, so that many do not come at once.

Pure: chance is handed in. *Source*: AWS Architecture Blog, Exponential Backoff And Jitter, 2015.
"""

FIRST_MS = 100
MAX_MS = 3000
TIMEOUT_MS = 5000  # for a connection; a vanished host gives no error


class Redial:
    """The tries to reach one neighbour since it was last there."""

    def __init__(self):
        self.tries = 0

    def connected(self):
        """It is there."""
        self.tries = 0

    def wait_ms(self, chance):
        """How long to wait before the next try; chance: 12 random bits."""
        longest_ms = min(MAX_MS, FIRST_MS << min(self.tries, 10))
        self.tries += 1
        return chance * longest_ms // 4096

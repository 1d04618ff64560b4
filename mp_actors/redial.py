"""When to dial a neighbour again: exponential, with full jitter, so that many do not come at once.

Pure: chance is handed in. *Source*: AWS Architecture Blog, Exponential Backoff And Jitter, 2015.
"""

FIRST_MS = 100
MAX_MS = 1000
SENT_OFF_MS = 3000  # many are sent off at once, and their turns are to be far apart
TIMEOUT_MS = 5000  # for a connection; a vanished host gives no error


class Redial:
    """The tries to reach one neighbour since it was last there."""

    def __init__(self):
        self.tries = 0

    def connected(self):
        """It is there."""
        self.tries = 0

    def wait_ms(self, chance, retry_ms=0):
        """How long to wait before the next try; chance: 12 random bits. `retry_ms`: how long the
        other end wants all to stay away whom it sent off at once; they do not come back at once.
        """
        longest_ms = min(MAX_MS, FIRST_MS << min(self.tries, 10))
        if retry_ms:
            longest_ms = max(retry_ms, SENT_OFF_MS)
        self.tries += 1
        return retry_ms + chance * longest_ms // 4096

"""What a coverage-guided fuzzer calls: bytes it chose, to a place that the first of them names."""

from mp_actors import frame
from tests.fuzz.cases import Cases, check_codec

LIVES = 5000
FRAMES_MAX = 20

_state = {"targets": None, "age": 0}


def one_input(data):
    """One case. *Raises* BrokenError."""
    if not data:
        return
    if _state["targets"] is None or _state["age"] >= LIVES:
        _state.update(targets=Cases(), age=0)
    _state["age"] += 1
    cases, place, rest = _state["targets"], data[0] % 8, data[1:]
    if place < 2:
        check_codec(rest)
    elif place < 4:
        (cases.plain + cases.sealed[:2])[place % 4].say_raw(rest)
    else:
        frames = b"".join(frame.enclose(one, 1 << 20) for one in _pieces(rest))
        cases.plain[place % 2].say_raw(frames, confirms=True)


def _pieces(data):
    """The same bytes as frames, each behind its length in one byte: no guessing of lengths."""
    pieces = []
    while len(data) > 1 and len(pieces) < FRAMES_MAX:
        size = max(1, data[0])
        pieces.append(data[1 : 1 + size])
        data = data[1 + size :]
    return pieces

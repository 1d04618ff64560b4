"""JSON text: from the bytes of a bare frame to the object or array they are, for boards and `tap`.

It stands beside the CBOR codec, where a frame begins with `{` or `[`. It uses the interpreter's
parser, which recurses, so depth is bounded before. It never lets a parser's error out.

MicroPython's parser treats commas and colons as blanks; what it takes is not promised to be JSON.
"""

import json

from mp_actors.codec import DEPTH_MAX, text_of
from mp_actors.errors import RemoteWireError


def loads_json(data, depth_max=DEPTH_MAX):
    """The object or array of a frame of JSON text (bytes, bytearray or memoryview).

    *Raises* RemoteWireError for anything else and for more than `depth_max` levels.
    """
    text = text_of(data)
    # Most frames have fewer brackets in all than levels are allowed and need no count.
    if text.count("[") + text.count("{") > depth_max and _depth(text) > depth_max:
        raise RemoteWireError("json: deeper than %d levels" % depth_max)
    try:
        value = json.loads(text)
        if "\\u" in text:
            _check_escapes(value)
    except ValueError as error:
        problem = str(error)
    else:
        if isinstance(value, (dict, list)):
            return value
        problem = "expected an object or an array, got %s" % type(value).__name__
    raise RemoteWireError("json: %s" % problem)


def _check_escapes(value):
    """Refuse half a character (a lone surrogate), which only an escape can hold: nobody can
    print or send it."""
    if isinstance(value, str):
        text_of(value.encode())
    elif isinstance(value, list):
        for item in value:
            _check_escapes(item)
    elif isinstance(value, dict):
        for key in value:
            _check_escapes(key)
            _check_escapes(value[key])


def _depth(text):
    """The most brackets open at a time, not counting those inside of strings."""
    depth = deepest = 0
    quoted = escaped = False
    for sign in text:
        if quoted:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == '"':
                quoted = False
        elif sign == '"':
            quoted = True
        elif sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest

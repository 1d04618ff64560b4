"""Short names on a board: what is renamed, what must stay, and that both do the same."""

import pytest

from actors.boards.shorten import shorten


def shortened(**modules):
    """The same modules, shortened, as text."""
    sources = {name: source.encode() for name, source in modules.items()}
    return {name: source.decode() for name, source in shorten(sources).items()}


def run(source):
    """What a module has defined."""
    names = {}
    exec(source, names)
    return names


COUNTER = """
class Counter:
    def __init__(self, first):
        self._count = first
        self.step = 2

    def next(self, times):
        self._add(times * self.step)
        return self._count

    def _add(self, amount):
        self._count += amount
"""


def test_private_names_and_parameters_become_short_and_the_rest_stays():
    (text,) = shortened(counter=COUNTER).values()
    for gone in ("_count", "_add", "first", "times", "amount"):
        assert gone not in text
    for kept in ("Counter", "next", "step", "self"):
        assert kept in text
    assert run(text)["Counter"](3).next(2) == run(COUNTER)["Counter"](3).next(2) == 7


def test_classes_share_their_short_names():
    (text,) = shortened(two=COUNTER + COUNTER.replace("_count", "_total").replace("Counter", "B"))
    other = shortened(two=COUNTER + COUNTER.replace("Counter", "B"))
    assert [text] == list(other)


@pytest.mark.parametrize(
    "reader",
    [
        "def peek(counter):\n    return counter._count\n",
        "def peek(counter):\n    return getattr(counter, '_count')\n",
    ],
)
def test_a_private_name_that_another_module_reads_stays(reader):
    texts = shortened(counter=COUNTER, reader=reader)
    assert "_count" in texts["counter"]
    assert run(texts["reader"])["peek"](run(texts["counter"])["Counter"](5)) == 5


def test_a_parameter_that_a_call_names_stays():
    source = "def scale(value, factor):\n    return value * factor\nten = scale(5, factor=2)\n"
    (text,) = shortened(scale=source).values()
    assert "factor" in text
    assert "value" not in text
    assert run(text)["ten"] == 10


def test_a_class_that_others_extend_stays_as_it_is():
    base = COUNTER + "class More(Counter):\n    def both(self, one):\n        return self._count\n"
    (text,) = shortened(base=base).values()
    for kept in ("_count", "_add", "amount", "one"):
        assert kept in text


def test_a_function_of_another_module_stays_and_a_private_one_becomes_short():
    texts = shortened(
        one="def _far(x):\n    return 2\ndef _near(x):\n    return 1\nboth = _near(0) + _far(0)\n",
        two="from one import _far\n",
    )
    assert "_far" in texts["one"]
    assert "_near" not in texts["one"]
    assert run(texts["one"])["both"] == 3


@pytest.mark.parametrize(
    "source",
    [
        # a parameter that something else in the function binds, too
        "def f(error):\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        return str(error)\nseen = f(None)\n",
        "def f(json):\n    import json\n    return json.dumps([1])\nseen = f(None)\n",
        "def f(g):\n    def g():\n        return 4\n    return g()\nseen = f(None)\n",
        # closures, and a letter that is taken
        "def f(value):\n    a = 3\n    return (lambda one: one + value + a)(1)\nseen = f(2)\n",
        "def f(value):\n    return [value for value in (value, 8)]\nseen = f(2)\n",
        "def f(value, *, key):\n    return (lambda key: key)(value) + key\nseen = f(2, key=3)\n",
        "class A:\n    _at = 3\n    def f(self, one):\n        return self._at\nseen = A().f(1)\n",
        "_LIMIT = 3\ndef _f(value):\n    return _LIMIT + value\nseen = _f(1)\n",
        "total = 1\ndef f(value):\n    global total\n    total = value\nf(5)\nseen = total\n",
        "def f(rows):\n    class A:\n        size = len(rows)\n    return A.size\nseen = f([1])\n",
    ],
)
def test_what_a_module_does_stays_the_same(source):
    (text,) = shortened(module=source).values()
    assert run(text)["seen"] == run(source)["seen"]

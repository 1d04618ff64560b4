"""Constants on a board: what is written out where it is read, what must stay."""

import pytest

from actors.boards.inline import inline, names_in

WORDS = "HELLO, BEAT = 0x01, 0x03\nSIZE = 4 * 1024\n_HEAD = '!BB'\nLIMITS = {HELLO: SIZE}\n"


def inlined(kept=(), **modules):
    """The same modules of the kernel, with their constants written out, as text."""
    sources = {f"lib/mp_actors/{name}": source.encode() for name, source in modules.items()}
    found = inline(sources, frozenset(kept))
    return {target.split("/")[-1]: text.decode() for target, text in found.items()}


def run(source):
    names = {}
    exec(source, names)
    return names


def test_a_number_and_a_short_text_stand_where_they_are_read_and_their_line_goes():
    (text,) = inlined(frame=WORDS + "def f():\n    return (HELLO, SIZE, _HEAD)\n").values()
    assert "return (1, 4096, '!BB')" in text
    assert "LIMITS = {1: 4096}" in text
    for gone in ("HELLO", "BEAT", "SIZE", "_HEAD"):
        assert gone not in text


@pytest.mark.parametrize(
    "reader",
    [
        "from mp_actors import frame\ndef f():\n    return frame.SIZE\n",
        "from mp_actors.frame import SIZE\ndef f():\n    return SIZE\n",
        "from mp_actors.frame import SIZE as most\ndef f():\n    return most\n",
        "def f():\n    from mp_actors.frame import SIZE\n    return SIZE\n",
    ],
)
def test_another_module_reads_it_however_it_has_imported_it(reader):
    texts = inlined(frame=WORDS, reader=reader)
    assert "return 4096" in texts["reader"]
    assert "SIZE" not in texts["frame"] + texts["reader"]


def test_one_made_of_others_is_worth_what_it_was():
    texts = inlined(
        frame=WORDS,
        link="from mp_actors import frame\nROOM = frame.SIZE - 2 * frame.BEAT\n",
        use="from mp_actors.link import ROOM\nfound = ROOM // 2\n",
    )
    assert run(texts["use"])["found"] == (4096 - 6) // 2 == 2045


@pytest.mark.parametrize(
    "source",
    [
        "SIZE = 1\nSIZE = 2\n",
        "SIZE = 1\ndef f():\n    global SIZE\n    SIZE = 2\n",
        "import sys\nSIZE = sys.maxsize\n",
        "SIZE = 1 << 40\n",
        "SIZE = 'longer than a name'\n",
        "SIZE = b'bytes'\n",
        "SIZE = 0.5\n",
        "class Part:\n    SIZE = 1\n",
        "size = 1\n",
    ],
    ids=lambda source: source.replace("\n", "; "),
)
def test_what_is_no_constant_or_would_be_an_object_for_each_reader_stays(source):
    use = "def f(part):\n    return part.SIZE, SIZE\n"
    (text,) = inlined(part=source + use).values()
    assert "return (part.SIZE, SIZE)" in text


def test_what_somebody_else_names_or_asks_for_by_name_stays():
    assert "SIZE = " in inlined(["SIZE"], frame=WORDS)["frame"]
    for use in ("found = getattr(object, 'SIZE', 0)\n", "def f(codec):\n    return codec.SIZE\n"):
        assert "SIZE = " in inlined(frame=WORDS, use=use)["frame"]


def test_the_names_in_sources_are_those_in_capitals():
    assert names_in([b"from mp_actors.frame import SIZE\nx = _HEAD + Frame.part"]) == {
        "SIZE",
        "_HEAD",
    }

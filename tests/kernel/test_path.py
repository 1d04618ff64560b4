"""Paths: what a name may be made of, and the words for one that is wrong."""

from helpers import refusal

from mp_actors.errors import PathError
from mp_actors.path import check_device, check_name, join, split


def test_a_name_is_a_letter_and_then_letters_digits_dashes_and_underscores():
    for name in ("a", "Z", "probe-1", "mean_2", "a" * 32, "A-_9"):
        assert check_name(name) == name


def test_what_is_no_name_is_refused_and_the_sign_is_named():
    for name, sign in (("1a", "'1'"), ("-a", "'-'"), ("_a", "'_'"), ("a b", "' '"), ("a.b", "'.'")):
        assert sign in refusal(PathError, check_name, name)
    for name in ("a/b", "\u00e4", "a\u00e4", "a\n", "a\x00", "a+"):
        refusal(PathError, check_name, name)


def test_a_name_has_1_to_32_characters_and_is_text():
    for name in ("", "a" * 33, None, 7, b"a", ["a"]):
        assert "1 to 32" in refusal(PathError, check_name, name)


def test_a_path_splits_into_device_and_actor_and_joins_again():
    assert split("field/probe-7/mean") == ("field/probe-7", "mean")
    assert join(*split("field/probe-7/mean")) == "field/probe-7/mean"


def test_a_path_has_three_parts_and_a_device_two():
    for path in ("", "a", "a/b", "a/b/c/d", None, 7, ["a", "b", "c"]):
        assert "domain/device/actor" in refusal(PathError, split, path)
    for path in ("", "a", "a/b/c", None, 7):
        assert "domain/device" in refusal(PathError, check_device, path)
    assert check_device("a/b") == "a/b"


def test_every_part_of_a_path_is_a_name():
    for path in ("/b/c", "a//c", "a/b/", "a/b/1", " a/b/c"):
        refusal(PathError, split, path)
    for path in ("/b", "a/", "a/9"):
        refusal(PathError, check_device, path)

"""From names to things: what a name may be, and a refusal that says what is missing and where."""

import sys

from helpers import refusal

from mp_actors import loader
from mp_actors.errors import Refused


class Thing:
    def __init__(self, size=1, name=""):
        self.size, self.name = size, name


def half(value):
    return value / 2


def test_a_name_leads_to_a_class_or_a_function_also_in_a_package():
    assert loader.resolve("test_loader:Thing").__name__ == "Thing"
    assert loader.resolve("test_loader:half")(4) == 2
    assert loader.resolve("mp_actors.operators:Mean").__name__ == "Mean"
    assert loader.resolve("mp_actors.links.memory:MemoryLink").__name__ == "MemoryLink"


def test_what_is_no_name_is_refused():
    for name in ("", "Thing", "a:b:c", None, 7, ["test_loader:Thing"], b"test_loader:Thing"):
        assert "'module:name'" in refusal(Refused, loader.resolve, name)


def test_a_missing_module_or_name_is_refused_with_a_remedy():
    for name in ("no_such_module:Thing", "test_loader:Nothing", "mp_actors.nothing:Mean"):
        text = refusal(Refused, loader.resolve, name)
        assert name in text and "on this device" in text
    for name in (":Thing", "test_loader:", ".:x", "mp_actors.:x"):
        refusal(Refused, loader.resolve, name)


class BrokenFinder:
    """Stands for a module whose own code raises while it is imported."""

    def __getattr__(self, name):
        raise ValueError("broken by its author")


def test_a_module_that_raises_is_refused_and_named():
    sys.modules["broken_module"] = BrokenFinder()
    try:
        text = refusal(Refused, loader.resolve, "broken_module:Thing")
    finally:
        del sys.modules["broken_module"]
    assert "broken_module:Thing" in text and "broken by its author" in text


def test_a_maker_makes_a_new_thing_each_time():
    make = loader.maker("test_loader:Thing", {"size": 3, "name": "x"})
    one, other = make(), make()
    assert one is not other
    assert (one.size, one.name, other.size) == (3, "x", 3)
    assert loader.maker("test_loader:Thing", {})().size == 1


def test_a_maker_of_an_unknown_class_is_refused_before_anything_is_made():
    refusal(Refused, loader.maker, "test_loader:Nothing", {})


def test_arguments_that_do_not_fit_are_the_failure_of_the_instance():
    make = loader.maker("test_loader:Thing", {"colour": "red"})
    refusal(TypeError, make)


def test_a_function_is_taken_as_it_is_or_by_its_name():
    assert loader.function(half) is half
    assert loader.function("test_loader:half")(3) == 1.5
    for wrong in (None, 5, "half", "test_loader:no"):
        refusal(Refused, loader.function, wrong)

"""Pipeline: stages, wires, names, and which arguments travel."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Pipeline
from actors.arguments import DEPTH_MAX, ArgumentError, misfits, travelling
from actors.pipeline import kebab
from actors.topology import Topology
from mp_actors import Actor, Aggregator, Filter, Sensor, Sink


class Tick(Sensor):
    """A sensor whose constructor must not run while a pipeline is drawn."""

    def __init__(self, pin=0):  # noqa: ARG002
        raise AssertionError("the constructor ran on the host")


class Smooth(Filter):
    def __init__(self, width, *, step=1):
        self.width, self.step = width, step


class Mean(Aggregator):
    def __init__(self, **settings):
        self.settings = settings


class Store(Sink):
    pass


class Listener(Actor):
    def on_value(self, value):
        self.value = value


def celsius(value):
    return value / 10


def what(flow: Pipeline) -> list[str]:
    return [problem.what for problem in flow.problems]


def test_a_line_of_stages_is_one_wire_for_each_pair():
    flow = Pipeline("flow")
    tick, smooth, store = flow.add(Tick), flow.add(Smooth, width=3), flow.add(Store)
    end = tick >> smooth >> store
    assert end is store
    assert [(wire.source, wire.target) for wire in flow.wires] == [(tick, smooth), (smooth, store)]
    assert flow.stages == (tick, smooth, store)
    assert what(flow) == []


def test_the_constructor_of_an_actor_does_not_run_on_the_host():
    assert Pipeline("flow").add(Tick, pin=4).arguments == {"pin": 4}


@pytest.mark.parametrize(
    ("cls", "role"),
    [
        (Tick, "sensor"),
        (Smooth, "filter"),
        (Mean, "aggregator"),
        (Store, "sink"),
        (Listener, "actor"),
    ],
)
def test_the_role_comes_from_the_class(cls, role):
    flow = Pipeline("flow")
    assert flow.add(cls, **({"width": 1} if cls is Smooth else {})).role == role


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("SoilMoisture", "soil-moisture"),
        ("Store", "store"),
        ("MPU6050", "mpu6050"),
        ("HTTPSink", "http-sink"),
        ("CO2Sensor", "co2-sensor"),
        ("_Private", "private"),
        ("snake_case", "snake_case"),
    ],
)
def test_a_stage_is_called_after_its_class(class_name, name):
    assert kebab(class_name) == name


def test_a_stage_knows_its_path_and_how_it_is_imported():
    desk = Topology("s").domain("office").device("desk")
    stage = Pipeline("flow").add(Store, at=desk, name="csv")
    assert stage.path_on(desk) == "office/desk/csv"
    assert stage.code == f"{__name__}:Store"
    assert stage.at is desk


def test_functions_and_classes_travel_as_names():
    stage = Pipeline("flow").add(Mean, call=celsius, table={"kinds": [Store, abs]})
    assert stage.arguments == {
        "call": f"{__name__}:celsius",
        "table": {"kinds": [f"{__name__}:Store", "builtins:abs"]},
    }
    assert [str(one) for one in stage.references] == [
        f"{__name__}:celsius",
        f"{__name__}:Store",
        "builtins:abs",
        f"{__name__}:Mean",
    ]


def test_declarations_remember_the_line_of_the_person():
    flow = Pipeline("flow")
    line = inspect.currentframe().f_lineno + 1
    stage = flow.add(Store)
    assert stage.declared_at == (__file__, line)
    stage >> stage
    assert flow.wires[0].declared_at == (__file__, line + 2)


def test_a_mistake_in_one_argument_leaves_the_others():
    flow = Pipeline("flow")
    stage = flow.add(Mean, good=1, bad={1, 2}, worse=lambda value: value)
    assert stage.arguments == {"good": 1}
    assert what(flow) == [
        "bad cannot be sent to a device",
        "worse cannot be imported by a device",
    ]


def test_what_is_no_actor_is_recorded_and_drawing_goes_on():
    flow = Pipeline("flow")
    flow.add(Tick) >> flow.add("Smooth") >> flow.add(Store)
    assert what(flow) == ["add() needs the class of an actor"]
    assert [stage.name for stage in flow.stages] == ["tick", "store"]
    assert len(flow.wires) == 2


def test_keywords_are_held_against_the_constructor():
    told = [one.what for one in misfits(Smooth, ["widht", "step"])]
    assert told == ["Smooth takes no argument 'widht'"]
    assert misfits(Smooth, ["widht"])[0].remedy == "did you mean 'width'?"
    assert [one.what for one in misfits(Smooth, [])] == ["Smooth needs an argument 'width'"]
    assert misfits(Smooth, ["width", "step"]) == []
    assert misfits(Mean, ["anything"]) == []
    assert misfits(Store, []) == []
    assert misfits(Store, ["x"])[0].remedy == "leave x= out"


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=8)
    | st.text(max_size=8).filter(lambda text: text.isprintable()),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text("abc", max_size=3) | st.integers(-5, 5), inner, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_travel_unchanged(value):
    references = []
    assert travelling(value, "x", references) == value
    assert references == []


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_integer_of_65_bits_is_refused(value):
    assert travelling(value - (1 if value > 0 else -1), "x", []) is not None
    with pytest.raises(ArgumentError, match="too large"):
        travelling(value, "x", [])


def test_the_deepest_value_travels_and_one_deeper_is_refused():
    value = 1
    for _ in range(DEPTH_MAX):
        value = [value]
    assert travelling(value, "x", []) == value
    with pytest.raises(ArgumentError, match="nested too deeply"):
        travelling([value], "x", [])


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(ArgumentError, match="nested too deeply"):
        travelling(endless, "x", [])


def test_a_tuple_travels_as_a_list():
    assert travelling((1, (2,)), "x", []) == [1, [2]]


@pytest.mark.parametrize("key", [True, None, 1.5, b"x", (1,), 2**63, "\ud800"])
def test_a_key_that_is_neither_text_nor_a_64_bit_integer_is_refused(key):
    with pytest.raises(ArgumentError):
        travelling({key: 1}, "x", [])


class Number(int):
    """Not what CBOR carries, although it looks so."""


def test_a_subclass_of_a_plain_type_is_refused_with_the_plain_one_as_remedy():
    with pytest.raises(ArgumentError) as caught:
        travelling([Number(3)], "x", [])
    assert caught.value.what == "x[0] cannot be sent to a device"
    assert caught.value.remedy == "give int(…)"

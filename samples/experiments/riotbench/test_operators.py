"""RIoTBench's operators on a bench, one by one."""

import json

import pytest
from cleaning import (
    Annotate,
    Bloom,
    InRange,
    Interpolate,
    Parse,
    Publish,
    Rejoin,
    Source,
    ToSenml,
)
from learning import (
    Average,
    Classify,
    Error,
    Label,
    LearnLinear,
    LearnTree,
    Predict,
    Row,
    Store,
    classified,
    fitted,
)
from measures import Distinct, Kalman, Moment, Regression
from shapes import FIT, SENSORS, SHAPES, SYS, sensor

from mp_actors.testing import Bench

ALL_SHAPES = pytest.mark.parametrize("shape", SHAPES)


def observations(*values, who="sensor-00", field="light"):
    return [[number, who, [], field, value] for number, value in enumerate(values)]


def test_shapes_have_the_fields_of_the_data_sets():
    assert [len(shape.fields) for shape in SHAPES.values()] == [5, 11, 8]
    assert [len(shape.meta) for shape in SHAPES.values()] == [2, 12, 7]
    assert FIT.fields[:4] == ["acc_chest_x", "acc_chest_y", "acc_chest_z", "ecg_lead_1"]


@ALL_SHAPES
def test_as_many_values_are_out_of_range_as_in_the_data_set(shape):
    shape, wrong = SHAPES[shape], 0
    for number in range(1000):
        for (_, _, least, most), value in zip(shape.observed, shape.values(number)):
            wrong += not least <= value <= most
    assert wrong == shape.wrong * len(shape.fields)


@ALL_SHAPES
def test_a_message_is_senml_and_becomes_an_observation_for_each_field(shape):
    (message,) = Bench(Source(shape, period_ms=100)).advance_ms(100)
    assert json.loads(message[1])["bt"] == SHAPES[shape].begin_ms
    found = Bench(Parse(shape)).feed(message)
    assert [one[3] for one in found] == SHAPES[shape].fields
    assert [one[4] for one in found] == SHAPES[shape].values(0)
    assert {one[1] for one in found} == {sensor(0)}


def test_a_value_out_of_range_is_taken_out_and_its_observation_stays():
    found = Bench(InRange("sys")).feed(*observations(-1, 0, 5153, 5154))
    assert [one[4] for one in found] == [None, 0, 5153, None]


def test_strangers_do_not_pass_the_bloom_filter_and_known_sensors_do():
    found = Bench(Bloom()).feed(*[[n, sensor(n), [], "light", 1.0] for n in range(SENSORS)])
    assert [one[1] for one in found] == [sensor(n) for n in range(9)]


def test_a_missing_value_is_the_mean_of_the_last_of_its_sensor_and_field():
    bench = Bench(Interpolate(window=2))
    bench.feed(*observations(100.0, who="sensor-01"))
    found = bench.feed(*observations(1.0, 2.0, 4.0, None, None))
    assert [one[4] for one in found] == [1.0, 2.0, 4.0, 3.0, 3.0]
    assert Bench(Interpolate(window=0)).feed(*observations(1.0, None))[1][4] is None


def test_a_message_is_whole_again_when_all_its_fields_are_there_in_any_order():
    fields = [[7, "sensor-07", ["lon"], field, place] for place, field in enumerate(SYS.fields)]
    bench = Bench(Rejoin("sys"))
    assert bench.feed(*fields[:0:-1]) == []
    assert bench.feed(fields[0]) == [[7, "sensor-07", ["lon"], [0, 1, 2, 3, 4]]]


def test_messages_that_lack_a_field_do_not_pile_up():
    join = Rejoin("sys")
    Bench(join).feed(*[[number, "sensor-07", [], "light", 1.0] for number in range(100)])
    assert len(join.open) == len(join.numbers) == 32


def test_what_leaves_is_senml_with_what_is_known_of_the_sensor():
    rows = Bench(Annotate()).feed([3, "sensor-03", ["a", "b"], [1, 2, 3, 4, 5]])
    (text,) = Bench(ToSenml("sys")).feed(*rows)
    said = {one["n"]: one.get("v", one.get("sv")) for one in json.loads(text)["e"]}
    assert said["source"] == "sensor-03"
    assert said["dust"] == 4
    assert said["owner"].startswith("owner-")
    assert Bench(Publish("city")).feed(text) == [["city", text]]


def test_kalman_comes_near_a_noisy_level():
    noisy = [20 + (-1) ** n for n in range(200)]
    found = Bench(Kalman()).feed(*observations(*noisy))
    assert abs(found[-1][4] - 20) < 0.6 < abs(noisy[-1] - 20)


def test_a_line_is_predicted_once_ten_values_are_there():
    found = Bench(Regression()).feed(*observations(*[2.0 * n for n in range(12)]))
    assert len(found) == 2
    assert found[0][4] == pytest.approx([2.0 * n for n in range(11, 21)])


def test_the_second_moment_is_greater_where_values_repeat():
    even = Bench(Moment()).feed(*observations(*range(10)))
    uneven = Bench(Moment()).feed(*observations(*[1] * 10))
    assert uneven[-1][4] > even[-1][4]


def test_sensors_are_counted_about_and_by_one_field_of_each_message():
    bench = Bench(Distinct("light"))
    few = bench.feed(*[[n, "s%d" % (n % 4), [], "light", 1.0] for n in range(400)])
    many = bench.feed(*[[n, "s%d" % n, [], "light", 1.0] for n in range(400)])
    assert len(few) == 400
    assert few[-1][4] == few[50][4]
    assert 200 < many[-1][4] < 800
    assert bench.feed(*observations(1.0, field="dust")) == []


def test_least_squares_finds_the_weights_that_made_the_rows():
    rows = [[x, x * x, 3 * x - 2 * x * x + 1.5] for x in range(10)]
    assert fitted(rows) == pytest.approx([3, -2, 1.5], abs=1e-3)


@ALL_SHAPES
def test_a_learned_tree_tells_most_classes_and_a_model_replaces_another(shape):
    rows = Store(shape).on_rows(0, 60)
    (labelled,) = Bench(Label()).feed(rows)
    (model,) = Bench(LearnTree()).feed(labelled)
    right = sum(classified(model["tree"], values) == name for values, name in labelled)
    assert right > 0.8 * len(rows)
    bench = Bench(Classify())
    assert bench.feed(rows[0], model) == [[0, sensor(0), "middle"]]
    assert bench.feed(rows[0])[0][2] == classified(model["tree"], rows[0][2])


def test_predictions_are_as_good_as_the_model_and_errors_count_against_the_mean():
    rows = [[n, "sensor-00", [float(n), 2.0 * n + 1]] for n in range(20)]
    (model,) = Bench(LearnLinear()).feed(rows)
    found = Bench(Predict()).feed(model, *rows)
    assert [one[3] for one in found] == pytest.approx([one[2] for one in found], abs=1e-3)
    bench = Bench(Error())
    assert bench.feed([0, "sensor-00", 12.0, 10.0]) == []
    means = Bench(Average(window=10)).feed(*rows)
    assert means == [{"mean": 10.0}, {"mean": 30.0}]
    assert bench.feed(means[0], [0, "sensor-00", 12.0, 10.0]) == [[0, "sensor-00", 0.2]]


def test_the_store_has_rows_and_the_newest_models():
    store = Store("taxi")
    assert store.on_get("tree") is None
    assert store.on_put({"kind": "tree", "tree": "low"}) == ["tree", 1]
    assert store.on_put({"kind": "tree", "tree": "high"}) == ["tree", 2]
    assert store.on_get("tree")["tree"] == "high"
    assert [row[0] for row in store.on_rows(5, 3)] == [5, 6, 7]


def test_a_row_is_what_a_message_observes():
    message = [4, SHAPES["taxi"].message(4)]
    assert Bench(Row("taxi")).feed(message) == [[4, sensor(4), SHAPES["taxi"].values(4)]]

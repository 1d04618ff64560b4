"""The four dataflows, as RIoTBench wires them: from sources that are pinned to sinks that are.

What is between has no place. A site file calls these with a shape of `shapes` and two devices.

    etl      source parse range bloom interpolate join annotate senml publish sink
    stats    source parse bloom {kalman regression | moment | distinct} publish sink
    pred     source row {classify | predict, average: error} publish sink; kinds fetch, new models
    train    ranges query {learn-linear | label learn-tree} upload publish sink
"""

from cleaning import (
    Annotate,
    Arrived,
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
    Fetch,
    Kinds,
    Label,
    LearnLinear,
    LearnTree,
    Predict,
    Query,
    Ranges,
    Row,
    Upload,
)
from measures import Distinct, Kalman, Moment, Regression
from shapes import SHAPES

from actors import Pipeline

WINDOWS = {"sys": 5, "fit": 5, "taxi": 0}  # of the interpolation


class Flow:
    """A pipeline whose actors are called after it: `etl-parse`."""

    def __init__(self, name):
        self.name, self.pipeline = name, Pipeline(name)

    def add(self, name, cls, **arguments):
        """A stage of this name in the flow."""
        return self.pipeline.add(cls, name=f"{self.name}-{name}", **arguments)


def etl(shape, at, to, period_ms=100):
    """Takes messages apart, cleans them and puts them together again."""
    flow = Flow("etl")
    source = flow.add("source", Source, at=at, shape=shape, period_ms=period_ms)
    parse = flow.add("parse", Parse, shape=shape)
    in_range = flow.add("range", InRange, shape=shape)
    bloom = flow.add("bloom", Bloom)
    interpolate = flow.add("interpolate", Interpolate, window=WINDOWS[shape])
    join = flow.add("join", Rejoin, shape=shape)
    annotate = flow.add("annotate", Annotate)
    senml = flow.add("senml", ToSenml, shape=shape)
    publish = flow.add("publish", Publish, topic=f"{shape}data")
    sink = flow.add("sink", Arrived, at=to)
    source >> parse >> in_range >> bloom >> interpolate >> join
    join >> annotate >> senml >> publish >> sink
    return flow.pipeline


def stats(shape, at, to, period_ms=100):
    """Three statistics of the same observations."""
    flow = Flow("stats")
    source = flow.add("source", Source, at=at, shape=shape, period_ms=period_ms)
    parse, bloom = flow.add("parse", Parse, shape=shape), flow.add("bloom", Bloom)
    kalman, regression = flow.add("kalman", Kalman), flow.add("regression", Regression)
    moment = flow.add("moment", Moment)
    distinct = flow.add("distinct", Distinct, field=SHAPES[shape].fields[0])
    publish = flow.add("publish", Publish, topic=f"{shape}stats")
    sink = flow.add("sink", Arrived, at=to)
    source >> parse >> bloom >> kalman >> regression >> publish >> sink
    bloom >> moment >> publish
    bloom >> distinct >> publish
    return flow.pipeline


def pred(shape, at, to, store, period_ms=100, models_ms=2000):
    """Judges messages by models, which may become others at any time."""
    flow = Flow("pred")
    source = flow.add("source", Source, at=at, shape=shape, period_ms=period_ms)
    kinds = flow.add("kinds", Kinds, at=to, period_ms=models_ms)
    fetch, row = flow.add("fetch", Fetch, store=store), flow.add("row", Row, shape=shape)
    classify, predict = flow.add("classify", Classify), flow.add("predict", Predict)
    average, error = flow.add("average", Average), flow.add("error", Error)
    publish = flow.add("publish", Publish, topic=f"{shape}judged")
    sink = flow.add("sink", Arrived, at=to)
    source >> row >> classify >> publish >> sink
    row >> predict >> error >> publish
    row >> average >> error
    kinds >> fetch >> classify
    fetch >> predict
    return flow.pipeline


def train(at, to, store, period_ms=2000):
    """Learns models from the rows of a table."""
    flow = Flow("train")
    ranges = flow.add("ranges", Ranges, at=at, period_ms=period_ms)
    query = flow.add("query", Query, store=store)
    learn_linear, label = flow.add("learn-linear", LearnLinear), flow.add("label", Label)
    learn_tree, upload = flow.add("learn-tree", LearnTree), flow.add("upload", Upload, store=store)
    publish = flow.add("publish", Publish, topic="models")
    sink = flow.add("sink", Arrived, at=to)
    ranges >> query >> learn_linear >> upload >> publish >> sink
    query >> label >> learn_tree >> upload
    return flow.pipeline

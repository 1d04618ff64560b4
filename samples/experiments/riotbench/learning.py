"""PRED and TRAIN: models that judge messages, and how models come into being.

A row is [number, sensor, values]. A model is a dict with its `kind`: `tree`, [place, limit, below,
above] or the name of a class; or `linear`, weights of all values but the last one, which it
predicts, and a constant. Models and the table that they are learned from are in a store; the
original has them in Azure. Runs on workers.
"""

import json

from shapes import SHAPES, sensor

from mp_actors import Actor, Filter, Sensor

CLASSES = ("low", "middle", "high")
DEEPEST = 3  # of a tree
CONSTANT = [1.0]
RIDGE = 1e-6  # so that values that never change can be learned from, too


class Row(Filter):
    """One message becomes one row of its observed values: 1:1."""

    def __init__(self, shape):
        self.shape = SHAPES[shape]

    def apply(self, value):
        number, text = value
        found = {entry["n"]: entry for entry in json.loads(text)["e"]}
        values = [float(found[field]["v"]) for field in self.shape.fields]
        return [number, found[self.shape.who]["sv"], values]


class Classify(Filter):
    """Says by a tree which class a row is of: 1:1 of rows, nothing for a model."""

    def __init__(self):
        self.tree = CLASSES[1]

    def apply(self, value):
        if isinstance(value, dict):
            self.tree = value["tree"] if value["kind"] == "tree" else self.tree
            return None
        number, who, values = value
        return [number, who, classified(self.tree, values)]


class Predict(Filter):
    """Predicts a row's last value from the others: 1:1 of rows, nothing for a model."""

    def __init__(self):
        self.weights = [0.0]

    def apply(self, value):
        if isinstance(value, dict):
            self.weights = value["weights"] if value["kind"] == "linear" else self.weights
            return None
        number, who, values = value
        predicted = self.weights[-1]
        predicted += sum(w * x for w, x in zip(self.weights[:-1], values))
        return [number, who, values[-1], predicted]


class Average(Filter):
    """The mean of the last value of `window` rows, once for all of them: N:1."""

    def __init__(self, window=10):
        self.window = window
        self.values = []

    def apply(self, value):
        self.values.append(value[2][-1])
        if len(self.values) < self.window:
            return None
        mean = sum(self.values) / self.window
        self.values = []
        return {"mean": mean}


class Error(Filter):
    """How far a prediction was off, as a share of the last mean: 1:1 of predictions once there is
    one, nothing for a mean.
    """

    mean = None

    def apply(self, value):
        if isinstance(value, dict):
            self.mean = value["mean"]
            return None
        number, who, measured, predicted = value
        if not self.mean:
            return None
        return [number, who, (measured - predicted) / self.mean]


class Kinds(Sensor):
    """Says that there may be a new model, of one kind after the other."""

    simulated = True
    kinds = ("tree", "linear")

    def __init__(self, period_ms=2000):
        self.period_ms = period_ms
        self.count = 0

    def sample(self):
        self.count += 1
        return self.kinds[self.count % 2]


class Ranges(Sensor):
    """Says which rows to learn from next, [first, how many]; each time half of them are new."""

    simulated = True

    def __init__(self, rows=40, period_ms=2000):
        self.rows, self.period_ms = rows, period_ms
        self.first = 0

    def sample(self):
        self.first += self.rows // 2
        return [self.first - self.rows // 2, self.rows]


class Asking(Filter):
    """A filter that has the store do something: 1:1 while the store answers."""

    def __init__(self, store):
        self.store = store

    def on_answered(self, error, value):
        """What the store has said goes on."""
        if error is not None:
            self.log("%s: %s" % error)
        elif value is not None:
            self.emit(value)


class Fetch(Asking):
    """The newest model of a kind, as soon as there is one."""

    def apply(self, value):
        self.ask(self.store, "get", value, then="answered")


class Query(Asking):
    """The rows of a range."""

    def apply(self, value):
        self.ask(self.store, "rows", *value, then="answered")


class Upload(Asking):
    """Keeps a model; says where it is."""

    def apply(self, value):
        self.ask(self.store, "put", value, then="answered")


class Store(Actor):
    """A table of rows of this shape, which has always been there, and the newest models."""

    def __init__(self, shape):
        self.shape = SHAPES[shape]
        self.models = {}
        self.versions = {}

    def on_rows(self, first, count):
        """[number, sensor, values] of a range."""
        return [
            [number, sensor(number), self.shape.values(number)]
            for number in range(first, first + count)
        ]

    def on_put(self, model):
        """Keep a model; its name and version."""
        kind = model["kind"]
        self.models[kind] = model
        self.versions[kind] = self.versions.get(kind, 0) + 1
        return [kind, self.versions[kind]]

    def on_get(self, kind):
        """The newest model of a kind, or None."""
        return self.models.get(kind)


class Label(Filter):
    """Gives each row of a table its class, by where its last value is between the others': 1:1."""

    def apply(self, value):
        order = sorted(row[2][-1] for row in value)
        limits = [order[len(order) // 3], order[2 * len(order) // 3]]
        return [
            [row[2], CLASSES[sum(row[2][-1] >= limit for limit in limits)]] for row in value
        ]


class LearnTree(Filter):
    """A table with classes becomes a tree: 1:1."""

    def apply(self, value):
        return {"kind": "tree", "tree": grown(value, DEEPEST)}


class LearnLinear(Filter):
    """A table becomes weights, by least squares: 1:1."""

    def apply(self, value):
        return {"kind": "linear", "weights": fitted([row[2] for row in value])}


def classified(tree, values):
    """The class at the end of a tree."""
    while not isinstance(tree, str):
        place, limit, below, above = tree
        tree = above if values[place] >= limit else below
    return tree


def grown(rows, depth):
    """A tree that tells classes apart: each branch by the value and the middle that do it best."""
    names = [name for _, name in rows]
    most = max(sorted(set(names)), key=names.count)
    if depth == 0 or names.count(most) == len(names):
        return most
    splits = []
    for place in range(len(rows[0][0])):
        limit = sorted(values[place] for values, _ in rows)[len(rows) // 2]
        parts = [[], []]
        for row in rows:
            parts[row[0][place] >= limit].append(row)
        if all(parts):
            splits.append((sum(mixed(part) for part in parts), place, limit, parts[0], parts[1]))
    if not splits:
        return most
    _, place, limit, below, above = min(splits, key=lambda split: split[:2])
    return [place, limit, grown(below, depth - 1), grown(above, depth - 1)]


def mixed(rows):
    """How mixed the classes of rows are, Gini's way, times how many they are."""
    names = [name for _, name in rows]
    return len(names) - sum(names.count(name) ** 2 for name in set(names)) / len(names)


def fitted(table):
    """Weights, and a constant behind them, that give each row's last value with least squares."""
    rows = [values[:-1] + CONSTANT for values in table]
    size = len(rows[0])
    system = [
        [sum(row[i] * row[j] for row in rows) + (RIDGE if i == j else 0.0) for j in range(size)]
        + [sum(row[i] * values[-1] for row, values in zip(rows, table))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(system[k][i]))
        system[i], system[pivot] = system[pivot], system[i]
        for k in range(size):
            if k != i:
                factor = system[k][i] / system[i][i]
                system[k] = [a - factor * b for a, b in zip(system[k], system[i])]
    return [line[-1] / line[i] for i, line in enumerate(system)]

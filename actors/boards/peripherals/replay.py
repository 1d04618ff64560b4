"""Replays columns of a CSV file as the world of a virtual board: `"day.csv:temperature"`.

The first column is the time in seconds, the first line names the columns; between two rows values
go in a straight line, and after the last it begins again. Two rows are in memory, no more.
"""

_tables = {}


def replayed(folder, told, time_s):
    """The value of "FILE:COLUMN" at that time, a list for "FILE:COLUMN,COLUMN,…"."""
    file, _, names = told.rpartition(":")
    if not file:
        raise ValueError(f"world.py: {told!r}: expected 'FILE.csv:COLUMN'")
    if file not in _tables:
        _tables[file] = Table(folder + "/" + file)
    values = [_tables[file].at(name.strip(), time_s) for name in names.split(",")]
    return values if len(values) > 1 else values[0]


class Table:
    """A CSV file, and the two rows around the present: `before[0] <= time < after[0]`."""

    def __init__(self, path):
        self._path = path
        self._lines = open(path)  # noqa: SIM115 - read on and on
        self._names = [name.strip() for name in self._lines.readline().split(",")]
        self._begin = self._end = None
        self.before = self._begin = self._row()
        self.after = self._row()
        if self.after is None:
            raise ValueError(f"{path}: expected two rows or more")

    def at(self, name, time_s):
        """A column's value. *Raises* ValueError."""
        if name not in self._names:
            has = ", ".join(self._names)
            raise ValueError(f"{self._path}: no column {name!r}; it has {has}")
        column = self._names.index(name)
        time_s += self._begin[0]
        if self._end is not None:
            time_s = self._begin[0] + (time_s - self._begin[0]) % (self._end - self._begin[0])
        if time_s < self.before[0]:
            self._rewind()
        while self.after[0] <= time_s:
            row = self._row()
            if row is None:
                self._end = self.after[0]
                self._rewind()
                return self.at(name, time_s - self._begin[0])
            self.before, self.after = self.after, row
        share = (time_s - self.before[0]) / (self.after[0] - self.before[0])
        return self.before[column] + share * (self.after[column] - self.before[column])

    def _rewind(self):
        self._lines.seek(0)
        self._lines.readline()
        self.before, self.after = self._row(), self._row()

    def _row(self):
        line = self._lines.readline().strip()
        if not line:
            return None
        try:
            row = [float(part) for part in line.split(",")]
        except ValueError:
            row = []
        if len(row) != len(self._names):
            raise ValueError(f"{self._path}: {line!r}: expected numbers, one a column")
        return row

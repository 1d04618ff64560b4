"""Where a controller can be killed: at each operation on its state's file, at each order it sends,
each answer it takes, each beginning of a term.

`Points` counts them, and ends the process at the one that is asked for. `SimDisk` is a disk that
can lose its power: what was not forced onto it is lost then, or is there in part.
"""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from actors.accel import crypto
from actors.sim import world
from mp_actors.proof import Proof
from mp_actors.requests import Requests

FILE = Path("state.json")
right_ask, right_node, right_controller = Requests.ask, world.make_node, world.add_controller


class Killed(BaseException):
    """The process with the controller is no more."""


class Points:
    """The points met so far, each by its name; `kills`: at which of them it dies, each counted from
    1 at the beginning or at the death before.

    Nothing counts until `is_armed`.
    """

    def __init__(self, kills=()):
        self.names = []
        self.is_armed = False
        self._kills = list(kills)
        self._met = 0

    def meet(self, name):
        """The process is about to do this."""
        if not self.is_armed:
            return
        self.names.append(name)
        self._met += 1
        if self._kills and self._met == self._kills[0]:
            self._kills.pop(0)
            self._met = 0
            raise Killed(name)


class Inode:
    """What a file holds, and what of it outlasts a loss of power."""

    def __init__(self, name):
        self.name = name
        self.text = self.synced = ""


class SimDisk:
    """The folder of one controller's state; see `actors.state.Disk`. `files`: {name: Inode} as a
    process sees them, `kept`: as they are once the power was lost. `began`: how many terms have.
    """

    def __init__(self, points):
        self.points = points
        self.files, self.kept = {}, {}
        self.began = 0
        self._made = 0

    @property
    def is_dirty(self):
        """Whether a loss of power would change anything."""
        return self.files != self.kept or any(
            one.text != one.synced for one in self.files.values())

    def lose_power(self, is_torn):
        """What was not forced is lost; or, torn: the names are there, and of the texts one half."""
        for one in {*self.files.values(), *self.kept.values()}:
            if one.text != one.synced:
                one.text = one.text[: len(one.text) // 2] if is_torn else one.synced
            one.synced = one.text
        if is_torn:
            self.kept = dict(self.files)
        else:
            self.files = dict(self.kept)

    def outlasting(self):
        """The texts of which a loss of power now would leave one, by its kind; None: no file."""
        found = self.kept.get(str(FILE)), self.files.get(str(FILE))
        return [None if one is None else one.synced for one in found]

    # -- as a controller uses it

    def read(self, file):
        self.points.meet("a term begins")
        self.began += 1
        for name in [name for name in self.files if name != str(file)]:
            del self.files[name]
        return self.files[str(file)].text if str(file) in self.files else None

    def new(self, file):
        self.points.meet("open")
        self._made += 1
        made = Inode(f"{file}.{self._made}")
        self.files[made.name] = made
        return made

    def write(self, stream, text):
        self.points.meet("write")
        stream.text += text

    def sync(self, stream):
        self.points.meet("fsync")
        stream.synced = stream.text

    def rename(self, name, file):
        self.points.meet("rename")
        self.files[str(file)] = self.files.pop(name)

    def sync_folder(self, _folder):
        self.points.meet("fsync of the folder")
        self.kept = dict(self.files)

    def remove(self, stream):
        del self.files[stream.name]


@contextmanager
def met_by(points, ordered):
    """Count what the controller asks others, and what it is answered. `ordered(kind, arguments)` is
    told of each order just before it leaves.
    """

    def ask(requests, sender, path, kind, args, then, timeout_ms=10000):
        if not sender.endswith("/controller"):
            right_ask(requests, sender, path, kind, args, then, timeout_ms)
            return
        points.meet(f"order {kind}")
        ordered(kind, args)

        def answered(error, value):
            points.meet(f"answer to {kind}")
            then(error, value)

        right_ask(requests, sender, path, kind, args, answered, timeout_ms)

    with mock.patch.object(Requests, "ask", ask):
        yield


@contextmanager
def fenced(numbers, controller):
    """Let orders carry the controller's proof, with its term, as in a site with keys; all but what
    handshakes prove. `numbers`: of all devices, `controller`: of the one that gives orders.
    """

    def make_node(device, *args, **options):
        node = right_node(device, *args, **options)
        is_first = device.number == controller
        keys = SimpleNamespace(
            macs={number: _mac(number) for number in numbers} if is_first else {},
            modulus=b"", control_from=controller, control_mac=_mac(device.number),
        )
        node.proof = _Fence(crypto, keys, 0)
        return node

    def add_controller(node, *args, **options):
        node.proof._term = options["state"].term
        return right_controller(node, *args, **options)

    with mock.patch.object(world, "make_node", make_node), (
            mock.patch.object(world, "add_controller", add_controller)):
        yield


class _Fence(Proof):
    def is_signed(self, _encoded, _signature):
        return True  # who signs maps has no term


def _mac(number):
    return bytes([number]) * 32

"""The house: which module lives on which floor, and that both packages keep the house rules.

A file imports only from floors below its own, in its own package; `actors` may import `mp_actors`,
never the reverse. The tables come first and are made to be edited. `house.py` holds the rules, and
each rule is shown a wrong tree here, so that it is known to see what it is there for.
"""

import itertools

import pytest

from tests.house import (
    House,
    circles,
    foreign_imports,
    loose_loops,
    number_floors,
    read_tree,
    steps_up,
    strays,
    too_big,
    unbuilt,
    uncompilable,
    undocumented,
    unused_lazy_steps,
    wide_doors,
)

FLOORS = {
    "mp_actors": {
        0: "errors crypto sensors actuators backlog",
        1: "wired path ticks redial linkstate keyring credit full bounded journal "
        "crypto.aes crypto.hmac crypto.rsa crypto.x25519",
        2: "wired_i2c timers latency gaps noise seal crypto.hkdf crypto.ccm crypto.fernet",
        3: "inlet fernet_seal crypto.portable",
        4: "actor supervise flow",
        5: "roles cell loader",
        6: "operators scheduler sensors.chip sensors.touch sensors.potentiometer sensors.hall "
        "sensors.mpu6050 sensors.dht sensors.mhz19b sensors.mhz19b_pulse sensors.hcsr04 "
        "sensors.encoder sensors.button actuators.switch actuators.pwm actuators.ssd1306 "
        "actuators.pixels",
        7: "codec frame",
        8: "batch jsontext routes news session handshake greeting proof gate",
        9: "outbox peer connection guard readings",
        10: "lost leaf router neighbours reliable spill arrivals measure",
        11: "control wiring requests watch explain",
        12: "wires system",
        13: "node clock links",
        14: "links.memory links.tcp links.unix links.uart",
        15: "dial listen tap testing local wifi",
        16: "line",
        17: "serve",
        18: "board",
        19: "boot",
        20: "safety __init__",
    },
    "actors": {
        0: "problems mesh burst children boards boards.onboard accel serial reports state store "
        "placement placement.model",
        1: "arguments awaiting device delivery boards.interpreter boards.shorten boards.inline "
        "accel.codec accel.crypto placement.tree placement.profile",
        2: "topology several boards.build boards.world_file boards.port kept placement.state "
        "placement.programme",
        3: "each replicas",
        4: "pipeline device_check boards.virtual boards.remote keeper placement.search "
        "placement.milp",
        5: "site boards.terminal boards.image placement.strategies",
        6: "durability routing resilience keys placement.explain boards.probe boards.reach",
        7: "check placement.sited costs keyfile",
        8: "plan keystore loopwatch",
        9: "plan_view profiling ledger guards questions causes difference maps",
        10: "observer client repair orders rollout renewal",
        11: "controller summary trace",
        12: "assemble view view_trace sim sim.words sim.probe experiments experiments.grid "
        "experiments.delayed",
        13: "launch tap commanding sim.ledger sim.pipe sim.standins experiments.reader",
        14: "running sim.network",
        15: "runner asking asked sim.device",
        16: "sim.world ask_commands flash measuring",
        17: "sim.faults doctor flash_all experiments.trial experiments.calibration",
        18: "sim.command board_commands profile_command experiments.table experiments.reality",
        19: "experiments.curves",
        20: "experiments.plots experiments.page",
        21: "experiment_command run_commands look_commands keys_command",
        22: "cli",
        23: "__main__ __init__",
    },
}

# Steps up that are taken only when a function runs: (importer, imported).
LAZY_STEPS: frozenset[tuple[str, str]] = frozenset()

# Whoever imports a package loads its __init__ and all that this one re-exports: keep it small.
DOORS = {
    "mp_actors": frozenset({"mp_actors.actor", "mp_actors.roles"}),
}

# What the kernel may import besides itself: built into MicroPython on boards and on unix.
BUILT_IN = """
    array binascii collections errno gc hashlib heapq io json math micropython os random re
    select socket struct sys time machine esp32 cryptolib dht neopixel framebuf network
"""

# In the host package, but run on boards: on no floor, and MicroPython must compile them.
BOARD_CODE = "actors.boards.peripherals"

# True once every module of the table is written: from then on a room without a file is a fault.
EVERY_ROOM_IS_BUILT = True

HOUSE = House(number_floors(FLOORS), LAZY_STEPS, DOORS, frozenset(BUILT_IN.split()), BOARD_CODE)

RULES = {
    "files import only from floors below": lambda tree: steps_up(tree, HOUSE),
    "there is no import circle": lambda tree: circles(tree, HOUSE),
    "every allowed lazy step is taken": lambda tree: unused_lazy_steps(tree, HOUSE),
    "a door re-exports no more than it may": lambda tree: wide_doors(tree, HOUSE),
    "every file is on a floor": lambda tree: strays(tree, HOUSE),
    "every room has a file": lambda tree: unbuilt(tree, HOUSE) if EVERY_ROOM_IS_BUILT else [],
    "the kernel imports only built-in modules": lambda tree: foreign_imports(tree, HOUSE),
    "MicroPython compiles the kernel": lambda tree: uncompilable(tree, HOUSE),
    "no loop sends in the order of a dict or a set": loose_loops,
    "files, functions and lines are small": too_big,
    "every module says what it is": undocumented,
}

# A house of four floors to build wrong trees in.
SMALL = House(
    number_floors(
        {
            "mp_actors": {0: "low", 1: "left right", 2: "links", 3: "links.tcp", 4: "__init__"},
            "actors": {0: "plan", 1: "cli"},
        }
    ),
    lazy_steps=frozenset({("mp_actors.low", "mp_actors.left")}),
    doors={"mp_actors": frozenset({"mp_actors.left"})},
    built_in=frozenset({"sys", "machine"}),
    board_code="actors.boards.peripherals",
)


@pytest.fixture(scope="module")
def tree():
    return read_tree()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_house_keeps_the_rule_that(rule, tree):
    wrong = rule(tree)
    if wrong:
        # A failed assertion would show the first lines only.
        pytest.fail("\n".join(wrong), pytrace=False)


def test_the_tree_holds_packages_and_modules_under_their_import_names(tmp_path):
    (tmp_path / "mp_actors" / "links").mkdir(parents=True)
    for name in ("__init__", "low", "links/__init__", "links/tcp"):
        (tmp_path / "mp_actors" / f"{name}.py").write_text(f"# {name}\n")
    assert read_tree(tmp_path) == {
        "mp_actors": "# __init__\n",
        "mp_actors.low": "# low\n",
        "mp_actors.links": "# links/__init__\n",
        "mp_actors.links.tcp": "# links/tcp\n",
    }


def test_a_module_on_two_floors_is_refused():
    with pytest.raises(ValueError, match=r"p\.a: on floors 0 and 1"):
        number_floors({"p": {0: "a", 1: "b a"}})


# --- floors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import mp_actors.low",
        "from mp_actors.low import Low",
        "from mp_actors import low",
        "from . import low",
        "from .low import Low",
        "import sys",
    ],
)
def test_a_step_down_is_allowed_however_it_is_written(text):
    assert steps_up({"mp_actors.left": text}, SMALL) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import mp_actors.links", "imports mp_actors.links; floor 1 may import only from below"),
        ("from mp_actors.right import Right", "imports mp_actors.right; floor 1"),
        ("from mp_actors import right", "imports mp_actors.right; floor 1"),
        ("from mp_actors import Actor", "imports mp_actors; floor 1"),
        ("from .links import tcp", "imports mp_actors.links.tcp; floor 1"),
        ("from .links import Link", "imports mp_actors.links; floor 1"),
        ("def later():\n    import mp_actors.links", "left:2: imports mp_actors.links; floor 1"),
        ("__import__('mp_actors.links')", "imports mp_actors.links; floor 1"),
        ("import mp_actors.left", "imports mp_actors.left; floor 1"),
        ("import mp_actors.attic", "imports mp_actors.attic, which is on no floor"),
        ("import actors.plan", "what runs on a board never imports the host"),
        ("from tests import house", "a package never imports tests/"),
    ],
)
def test_a_step_up_or_sideways_is_caught_however_it_is_written(text, told):
    (said,) = steps_up({"mp_actors.left": text}, SMALL)
    assert told in said


def test_the_inside_of_a_package_is_resolved_from_its_init():
    tree = {"mp_actors.links": "from .tcp import Tcp", "mp_actors.links.tcp": "from .. import low"}
    (said,) = steps_up(tree, SMALL)
    assert "mp_actors.links:1: imports mp_actors.links.tcp; floor 2" in said


def test_the_host_may_import_any_floor_of_the_kernel():
    assert steps_up({"actors.plan": "from mp_actors import Actor"}, SMALL) == []


def test_board_code_has_no_floor_and_may_not_import_the_host():
    tree = {
        "actors.boards.peripherals.machine": "import world\nimport mp_actors.low",
        "actors.boards.peripherals.world": "from actors import plan",
    }
    assert strays(tree, SMALL) == []
    (said,) = steps_up(tree, SMALL)
    assert "world:1: imports actors.plan; what runs on a board never imports the host" in said


def test_an_allowed_lazy_step_is_allowed_inside_a_function_only():
    lazy = "def later():\n    from mp_actors import left\n"
    assert steps_up({"mp_actors.low": lazy}, SMALL) == []
    (said,) = steps_up({"mp_actors.low": "from mp_actors import left"}, SMALL)
    assert "mp_actors.low:1: imports mp_actors.left; floor 0" in said


def test_an_import_for_the_type_checker_counts_as_lazy():
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mp_actors.left"
    assert steps_up({"mp_actors.low": text}, SMALL) == []
    assert steps_up({"mp_actors.left": text}, SMALL) != []


def test_a_lazy_step_nobody_takes_is_caught():
    (said,) = unused_lazy_steps({"mp_actors.low": "import mp_actors.left"}, SMALL)
    assert said.startswith("mp_actors.low → mp_actors.left: allowed as a lazy step and not taken")
    assert unused_lazy_steps({"mp_actors.low": "def f():\n  import mp_actors.left"}, SMALL) == []


def test_an_import_circle_is_caught_and_told_in_the_order_of_the_imports():
    tree = {"mp_actors.a": "from mp_actors import b", "mp_actors.b": "", "mp_actors.c": ""}
    assert circles(tree, SMALL) == []
    tree["mp_actors.b"] = "def later():\n    from .c import C"
    tree["mp_actors.c"] = "import mp_actors.a"
    (said,) = circles(tree, SMALL)
    walk = said.removeprefix("import circle: ").split(" → ")
    assert walk[0] == walk[-1]
    assert set(itertools.pairwise(walk)) == {
        ("mp_actors.a", "mp_actors.b"),
        ("mp_actors.b", "mp_actors.c"),
        ("mp_actors.c", "mp_actors.a"),
    }


def test_an_allowed_lazy_step_closes_no_circle():
    tree = {
        "mp_actors.low": "def f():\n    import mp_actors.left",
        "mp_actors.left": "import mp_actors.low",
    }
    assert circles(tree, SMALL) == []
    assert circles(tree, SMALL._replace(lazy_steps=frozenset())) != []


def test_a_door_that_re_exports_too_much_is_caught():
    assert wide_doors({"mp_actors": "from mp_actors.left import Left"}, SMALL) == []
    (said,) = wide_doors({"mp_actors": "from .left import Left\nfrom . import right"}, SMALL)
    assert "mp_actors:2: imports mp_actors.right; this door re-exports mp_actors.left" in said


def test_a_file_on_no_floor_is_caught():
    (said,) = strays({"mp_actors.low": "", "mp_actors.attic": "", "mp_actors": ""}, SMALL)
    assert said.startswith("mp_actors.attic: on no floor")


def test_a_room_without_a_file_is_caught():
    tree = dict.fromkeys(SMALL.floors, "")
    assert unbuilt(tree, SMALL) == []
    del tree["mp_actors.links.tcp"]
    assert unbuilt(tree, SMALL) == ["mp_actors.links.tcp: on floor 3 of the table and has no file"]


# --- MicroPython ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import typing",
        "from typing import Any",
        "def later():\n    import typing",
        "try:\n    import typing\nexcept ImportError:\n    typing = None",
        "later = lambda: __import__('typing')",
    ],
)
def test_an_import_micropython_does_not_have_is_caught_wherever_it_stands(text):
    (said,) = foreign_imports({"mp_actors.low": text}, SMALL)
    assert "imports typing, which MicroPython has not built in" in said
    assert foreign_imports({"actors.plan": text}, SMALL) == []


def test_built_in_modules_and_the_kernel_itself_may_be_imported():
    tree = {"mp_actors.low": "import sys, machine\nfrom . import left"}
    assert foreign_imports(tree, SMALL) == []


def test_a_kernel_or_board_file_micropython_cannot_compile_is_caught():
    only_cpython = "def f(a, /):\n    return a\n"
    tree = {
        "actors.boards.peripherals.machine": only_cpython,
        "actors.plan": only_cpython,
        "mp_actors.left": only_cpython,
        "mp_actors.low": "def f(a):\n    return a\n",
    }
    first, second = uncompilable(tree, SMALL)
    assert first.startswith("actors.boards.peripherals.machine: MicroPython cannot compile it:")
    assert second.startswith("mp_actors.left: MicroPython cannot compile it:")
    assert "line 1" in second
    assert "SyntaxError" in second


@pytest.mark.parametrize(
    "text",
    [
        "for a in wires.values():\n    a.send(1)",
        "for k, a in wires.items():\n    if k:\n        a.tell(1)",
        "for k in list(wires.keys()):\n    emit(k)",
        "for k in {1, 2}:\n    inlet.put(k)",
        "for k in set(names):\n    _send_hello(k)",
        "[a.push(1) for a in wires.values()]",
        "class A:\n  def a(self):\n    self.w = {}\n  def b(self):\n    for k in self.w: put(k)",
        "for a in wires.values():  # order-free:\n    a.send(1)",
    ],
)
def test_a_loop_that_sends_in_no_order_is_caught(text):
    (said,) = loose_loops({"mp_actors.low": text})
    assert "sends in the order of" in said
    assert loose_loops({"actors.plan": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "for k, a in sorted(wires.items()):\n    a.send(1)",
        "for a in wires.values():  # order-free: each link has its own peer\n    a.send(1)",
        "for a in wires.values():\n    total += a.size",
        "for a in wires:\n    a.send(1)",
        "for a in table.values(1):\n    a.send(1)",
        "todo = {}\ntodo = [1]\nfor a in todo:\n    send(a)",
    ],
)
def test_a_loop_in_order_or_declared_free_of_it_is_allowed(text):
    assert loose_loops({"mp_actors.low": text}) == []


# --- size and docstrings --------------------------------------------------------------------------


def test_a_file_of_more_than_400_lines_is_caught():
    assert too_big({"actors.plan": "\n" * 400}) == []
    assert too_big({"actors.plan": "\n" * 401}) == [
        "actors.plan: 401 lines; at most 400, split it"
    ]


def test_a_function_of_more_than_70_lines_is_caught():
    text = "class A:\n    async def long(self):\n" + "        pass\n" * 69
    assert too_big({"actors.plan": text}) == []
    (said,) = too_big({"actors.plan": text + "        pass\n"})
    assert said == "actors.plan:2: long has 71 lines; at most 70, split it"


def test_a_line_of_more_than_100_columns_is_caught():
    assert too_big({"actors.plan": "#" * 100}) == []
    (said,) = too_big({"actors.plan": "\n" + "#" * 101})
    assert said == "actors.plan:2: 101 columns; at most 100"


def test_a_module_without_a_docstring_is_caught():
    tree = {"actors.plan": "import sys\n'late'\n", "actors.cli": "", "mp_actors.low": '"""Low."""'}
    assert [said.split(":")[0] for said in undocumented(tree)] == ["actors.cli", "actors.plan"]

"""Virtual boards with the real interpreter: building, layout, hardware, world and heap."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

import mp_actors
from actors.boards import build as building
from actors.boards import virtual
from actors.boards.build import build, cache_folder
from actors.boards.interpreter import BoardError, find
from actors.boards.peripherals import world

ROOT = Path(virtual.__file__).parents[2]
PERIPHERALS = Path(world.__file__).parent
PROBED_TIMES_S = (0, 0.5, 17.25, 3599.9, 3600, 5000.125, 86399, 1000000.5)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("MICROPYTHON", raising=False)


@pytest.fixture(autouse=True)
def _small_kernel(tmp_path, monkeypatch):
    """A kernel of three files in place of the real one: its boot runs a module of the site."""
    folder = tmp_path / "kernel"
    (folder / "links").mkdir(parents=True)
    (folder / "boot.py").write_text(
        "import json\n\n\ndef begun():\n    with open('config.json') as file:\n"
        "        config = json.load(file)\n    __import__(config['run'])\n"
    )
    (folder / "board.py").write_text("def serve(server):\n    pass\n")
    (folder / "links" / "__init__.py").write_text("NAME = 'links'\n")
    monkeypatch.setattr(virtual, "mp_actors", SimpleNamespace(__path__=[str(folder)]))


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def flash(tmp_path):
    return tmp_path / "flash"


def lay_out(flash, site, source, **options):
    """A board that runs this source as a module of its site."""
    (site / "parts.py").write_text(source)
    return virtual.prepare(flash, site, {"run": "parts"}, **options)


def run(flash, **options):
    argv, environment = virtual.command(flash, **options)
    return subprocess.run(
        argv, env=environment, cwd=flash, capture_output=True, text=True, timeout=60, check=False
    )


def said(flash, site, source, **options):
    """The lines a board prints while running source, which must end well."""
    lay_out(flash, site, source, **options)
    done = run(flash)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


def layout(flash):
    return {path.relative_to(flash).as_posix() for path in flash.rglob("*") if path.is_file()}


# Building


def test_a_source_is_compiled_to_an_mpy_of_the_interpreters_version(flash, site):
    (site / "parts.py").write_text("ANSWER = 42\n")
    found = find()
    built = build({"deep/parts": site / "parts.py"}, flash, found)
    module = (flash / "deep" / "parts.mpy").read_bytes()
    assert (module[0], module[1]) == (ord("M"), found.mpy_version[0])
    assert built.compiled
    assert built.files == ["deep/parts.mpy"]
    assert built.bytes == len(module)
    assert built.note == ""


def test_an_interpreter_of_another_mpy_version_gets_the_source_and_a_note(flash, site):
    (site / "parts.py").write_text("ANSWER = 42\n")
    other = replace(find(), mpy_version=(5, 0))
    built = build({"parts": site / "parts.py"}, flash, other)
    assert not built.compiled
    assert built.files == ["parts.py"]
    assert (flash / "parts.py").read_text() == "ANSWER = 42\n"
    assert "version 5" in built.note


def test_another_sub_version_is_no_reason_to_copy(flash, site):
    (site / "parts.py").write_text("ANSWER = 42\n")
    found = find()
    other = replace(found, mpy_version=(found.mpy_version[0], found.mpy_version[1] ^ 1))
    assert build({"parts": site / "parts.py"}, flash, other).compiled


def test_without_a_compiler_a_board_still_runs_and_says_why_it_is_bigger(flash, site, monkeypatch):
    monkeypatch.setattr(building, "_compiler", lambda: None)
    notes = lay_out(flash, site, "import machine\nprint(machine.freq())\n")
    assert len(notes) == 1
    assert "mpy-cross" in notes[0]
    assert "peripherals/machine.py" in layout(flash)
    assert run(flash).stdout == "160000000\n"


@pytest.mark.parametrize("mpy_major", [5, 6])
def test_a_syntax_error_names_the_file_and_the_line(flash, site, mpy_major):
    path = site / "parts.py"
    path.write_text("def fine():\n    return 1\n\ndef wrong(:\n    pass\n")
    with pytest.raises(BoardError) as caught:
        build({"parts": path}, flash, replace(find(), mpy_version=(mpy_major, 3)))
    assert f"{path}:4: " in str(caught.value)
    assert "SyntaxError" in str(caught.value)


def test_what_only_cpython_can_compile_is_refused_with_file_and_line(flash, site):
    path = site / "parts.py"
    path.write_text("x = 1\nmatch x:\n    case 1:\n        pass\n")
    with pytest.raises(BoardError, match=r"parts\.py:2: MicroPython cannot compile"):
        build({"parts": path}, flash, find())


def test_one_wrong_file_leaves_the_folder_as_it_was(flash, site):
    (site / "a.py").write_text("A = 1\n")
    (site / "b.py").write_text("B = (\n")
    with pytest.raises(BoardError):
        build({"a": site / "a.py", "b": site / "b.py"}, flash, find())
    assert not flash.exists()


def test_a_source_that_is_missing_is_named(flash, site):
    with pytest.raises(BoardError, match=r"gone\.py: cannot be read"):
        build({"gone": site / "gone.py"}, flash, find())


def test_the_second_build_comes_from_the_cache(flash, site, monkeypatch):
    (site / "parts.py").write_text("ANSWER = 42\n")
    first = build({"parts": site / "parts.py"}, flash, find())
    content = (flash / "parts.mpy").read_bytes()
    monkeypatch.setattr(building, "_run_compiler", lambda *_: pytest.fail("compiled again"))
    assert build({"parts": site / "parts.py"}, flash, find()) == first
    assert (flash / "parts.mpy").read_bytes() == content


def test_a_changed_source_is_compiled_again(flash, site):
    path = site / "parts.py"
    path.write_text("ANSWER = 42\n")
    build({"parts": path}, flash, find())
    before = (flash / "parts.mpy").read_bytes()
    path.write_text("ANSWER = 43\n")
    build({"parts": path}, flash, find())
    assert (flash / "parts.mpy").read_bytes() != before


def test_a_damaged_cache_entry_is_not_used(flash, site):
    (site / "parts.py").write_text("ANSWER = 42\n")
    build({"parts": site / "parts.py"}, flash, find())
    (entry,) = cache_folder().iterdir()
    good = entry.read_bytes()
    entry.write_bytes(b"")
    build({"parts": site / "parts.py"}, flash, find())
    assert (flash / "parts.mpy").read_bytes() == good
    assert entry.read_bytes() == good


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(flash, site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (site / "parts.py").write_text("ANSWER = 42\n")
    assert build({"parts": site / "parts.py"}, flash, find()).compiled


def test_the_other_form_of_a_module_does_not_stay_beside_it(flash, site):
    path = site / "parts.py"
    path.write_text("ANSWER = 42\n")
    found = find()
    build({"parts": path}, flash, replace(found, mpy_version=(5, 0)))
    build({"parts": path}, flash, found)
    assert layout(flash) == {"parts.mpy"}
    build({"parts": path}, flash, replace(found, mpy_version=(5, 0)))
    assert layout(flash) == {"parts.py"}


# Layout


def test_prepare_lays_out_kernel_site_hardware_and_configuration(flash, site):
    (site / "site.py").write_text("raise SystemExit\n")
    (site / "conftest.py").write_text("")
    (site / "test_parts.py").write_text("")
    (site / "notes.txt").write_text("")
    for package in ("filters", "filters/deep", "tests", ".hidden"):
        (site / package).mkdir()
        (site / package / "__init__.py").write_text("")
        (site / package / "one.py").write_text("ONE = 1\n")
    (site / "data").mkdir()
    (site / "data" / "loose.py").write_text("")
    assert lay_out(flash, site, "PARTS = 1\n") == []
    assert layout(flash) == {
        "config.json",
        "filters/__init__.mpy",
        "filters/deep/__init__.mpy",
        "filters/deep/one.mpy",
        "filters/one.mpy",
        "lib/mp_actors/board.mpy",
        "lib/mp_actors/boot.mpy",
        "lib/mp_actors/links/__init__.mpy",
        "main.py",
        "parts.mpy",
        "peripherals/modules.json",
        "peripherals/world.json",
        *(f"peripherals/{path.stem}.mpy" for path in PERIPHERALS.glob("*.py")),
    }
    assert json.loads((flash / "config.json").read_bytes()) == {"run": "parts"}


def test_the_configuration_is_readable_by_its_owner_only(flash, site):
    lay_out(flash, site, "")
    assert (flash / "config.json").stat().st_mode & 0o077 == 0


def test_modules_gone_from_the_site_go_and_other_files_stay(flash, site):
    (site / "old.py").write_text("")
    lay_out(flash, site, "")
    (flash / "state.bin").write_bytes(b"kept")
    (flash / "sent.mpy").write_bytes(b"kept")
    (site / "old.py").unlink()
    lay_out(flash, site, "")
    assert "old.mpy" not in layout(flash)
    assert {"state.bin", "sent.mpy", "parts.mpy"} <= layout(flash)


@pytest.mark.parametrize("name", ["machine.py", "main.py", "mp_actors.py", "dht.py"])
def test_a_site_module_with_a_name_of_the_board_is_refused(flash, site, name):
    (site / name).write_text("")
    with pytest.raises(BoardError, match="a board has its own"):
        lay_out(flash, site, "")


def test_a_site_that_is_no_folder_is_refused(flash, site):
    with pytest.raises(BoardError, match="expected the folder of a site"):
        virtual.prepare(flash, site / "gone", {})


def test_a_folder_that_is_not_laid_out_cannot_be_started(tmp_path):
    with pytest.raises(BoardError, match="prepare it first"):
        virtual.command(tmp_path)


def test_the_whole_kernel_is_built_for_the_board(flash, site, monkeypatch):
    monkeypatch.setattr(virtual, "mp_actors", mp_actors)
    virtual.prepare(flash, site, {})
    sources = {path.stem for path in (ROOT / "mp_actors").rglob("*.py")}
    assert {path.stem for path in (flash / "lib" / "mp_actors").rglob("*.mpy")} == sources


# Running


def test_a_board_runs_its_sites_modules_from_its_flash(flash, site):
    (site / "filters").mkdir()
    (site / "filters" / "__init__.py").write_text("from filters.one import ONE\n")
    (site / "filters" / "one.py").write_text("ONE = 1\n")
    assert said(flash, site, "import filters, os\nprint(filters.ONE, os.getcwd())\n") == [
        f"1 {flash}"
    ]


def test_a_flash_whose_name_holds_colons_and_spaces_works(tmp_path, site):
    assert said(tmp_path / "a: b", site, "import machine\nprint(machine.freq())\n") == ["160000000"]


def test_a_traceback_shows_the_persons_file_and_line(flash, site):
    lay_out(flash, site, "def fail():\n    return 1 // 0\n\n\nfail()\n")
    done = run(flash)
    assert done.returncode == 1
    assert f'File "{site / "parts.py"}", line 2, in fail' in done.stderr + done.stdout


def test_the_heap_of_a_board_is_limited(flash, site):
    lay_out(flash, site, "kept = bytearray(150000)\nprint(len(kept))\nkept = bytearray(300000)\n")
    done = run(flash)
    assert done.stdout.startswith("150000\n")
    assert "MemoryError" in done.stderr + done.stdout
    assert run(flash, heap_kb=1000).returncode == 0
    assert not run(flash, heap_kb=100).stdout.startswith("150000")


def test_the_model_of_the_hardware_takes_nothing_of_a_boards_heap(flash, site):
    source = (
        "import gc\ngc.collect()\nbefore = gc.mem_free()\n"
        "import machine, dht, neopixel, network\n"
        "machine.TouchPad(33).read(), machine.UART(2, 9600), machine.RTC(), machine.PWM(2)\n"
        "gc.collect()\nprint(before, before - gc.mem_free())\n"
    )
    lay_out(flash, site, source)
    with_model = run(flash)
    before, taken = map(int, with_model.stdout.split())
    assert virtual.HEAP_KB * 1000 * 0.9 < before < virtual.HEAP_KB * 1024
    assert taken < 1500
    argv, environment = virtual.command(flash, heap_kb=virtual.HEAP_KB - virtual.MODEL_KB)
    del environment["MODEL_KB"]
    plain = subprocess.run(
        argv, env=environment, cwd=flash, capture_output=True, text=True, timeout=60, check=False
    )
    assert int(plain.stdout.split()[1]) > 20000


def test_a_started_board_does_not_wait_at_a_prompt(flash, site, monkeypatch):
    monkeypatch.setenv("MICROPYINSPECT", "1")
    assert said(flash, site, "print('done')\n") == ["done"]


def test_a_board_that_is_interrupted_before_it_serves_ends_in_order(flash, site):
    assert said(flash, site, "print('up')\nraise KeyboardInterrupt\n") == ["up"]


def test_becoming_a_board_keeps_the_process(flash, site):
    lay_out(flash, site, "import time\nprint('up')\nwhile True:\n    time.sleep_ms(50)\n")
    start = (
        "import sys; from pathlib import Path; from actors.boards import virtual; "
        "virtual.exec_board(Path(sys.argv[1]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", start, str(flash)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "up\n"
        arguments = Path(f"/proc/{process.pid}/cmdline")
        if arguments.exists():
            heap_kb = virtual.HEAP_KB + virtual.MODEL_KB
            assert f"heapsize={heap_kb}k".encode() in arguments.read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == -signal.SIGTERM
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


# Hardware


def test_machine_is_the_boards_and_the_rest_of_the_built_in_stays_reachable(flash, site):
    source = (
        "import machine, umachine\n"
        "print(machine is umachine, machine.idle is umachine.idle)\n"
        "print(hasattr(umachine, 'ADC'), hasattr(machine, 'ADC'), hasattr(machine, 'nothing'))\n"
    )
    assert said(flash, site, source) == ["False True", "False True False"]


def test_an_installed_library_does_not_hide_the_hardware(flash, site):
    lay_out(flash, site, "import machine\nprint(machine.freq())\n")
    (flash / "lib" / "machine.py").write_text("raise SystemExit(99)\n")
    assert run(flash).stdout == "160000000\n"


def test_the_adc_takes_the_pins_of_an_esp32_and_refuses_all_others(flash, site):
    source = (
        "from machine import ADC, Pin\n"
        "good = []\n"
        "for pin in range(-1, 41):\n"
        "    for make in (lambda: ADC(pin), lambda: ADC(Pin(pin))):\n"
        "        try:\n"
        "            make()\n"
        "            good.append(pin)\n"
        "        except ValueError:\n"
        "            pass\n"
        "print(good)\n"
    )
    expected = [0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40)]
    assert said(flash, site, source) == [str([pin for pin in expected for _ in range(2)])]


def test_readings_stay_in_their_ranges_and_agree_with_each_other(flash, site):
    source = (
        "from machine import ADC, Pin\n"
        "adc = ADC(Pin(33), atten=ADC.ATTN_11DB)\n"
        "print(adc.read_u16(), adc.read_uv(), adc.read())\n"
        "adc.width(ADC.WIDTH_9BIT)\n"
        "print(adc.read_u16(), adc.read_uv(), adc.read())\n"
    )
    for line, raw_max in zip(said(flash, site, source), (4095, 511), strict=True):
        u16, uv, raw = (int(part) for part in line.split())
        assert 0 < raw < raw_max
        assert u16 == pytest.approx(raw / raw_max * 65535, rel=0.02)
        assert uv == pytest.approx(raw / raw_max * 3600000, rel=0.02)
        assert uv % 1000 == 0


def test_without_attenuation_a_probe_overruns_the_adc(flash, site):
    source = (
        "from machine import ADC\n"
        "adc = ADC(32)\n"
        "print(adc.read(), adc.read_u16(), adc.read_uv())\n"
        "adc.atten(ADC.ATTN_11DB)\n"
        "print(adc.read() < 4095, ADC(32).read() < 4095)\n"
        "try:\n    adc.atten(4)\nexcept ValueError as error:\n    print(error)\n"
    )
    expected = ["4095 65535 1000000", "True True", "invalid atten"]
    # The wettest soil gives 0.95 V, so this seed is one whose probe starts above 1 V.
    assert world.analog_uv(1, 32, 0) > 1010000
    assert world.analog_uv(1, 32, 30) > 1010000
    assert said(flash, site, source, seed=1) == expected


def test_pins_keep_their_level_and_some_are_input_only(flash, site):
    source = (
        "from machine import Pin, Signal\n"
        "led = Pin(2, Pin.OUT, value=0)\n"
        "led.on()\n"
        "print(led.value(), Pin(2)(), Pin(4, Pin.IN, Pin.PULL_UP).value(), Pin(5).value())\n"
        "Signal(led, invert=True).on()\n"
        "print(led.value(), led)\n"
        "for make in (lambda: Pin(34, Pin.OUT), lambda: Pin(24), lambda: Pin('a')):\n"
        "    try:\n        make()\n    except ValueError as error:\n        print(error)\n"
    )
    assert said(flash, site, source) == [
        "1 1 1 0",
        "0 Pin(2)",
        "pin can only be input",
        "invalid pin",
        "invalid pin",
    ]


def test_the_chip_temperature_is_a_whole_number_of_fahrenheit(flash, site):
    source = (
        "import esp32\nprint(esp32.raw_temperature(), type(esp32.raw_temperature()).__name__)\n"
        "print(hasattr(esp32, 'mcu_temperature'))\n"
    )
    first, has_other = said(flash, site, source)
    value, kind = first.split()
    assert kind == "int"
    assert 50 <= int(value) <= 120
    assert has_other == "False"


def test_a_chip_keeps_its_number_and_another_board_has_another(flash, tmp_path, site):
    source = "import machine\nprint(machine.unique_id().hex())\n"
    (number,) = said(flash, site, source)
    assert len(bytes.fromhex(number)) == 6
    assert said(flash, site, source) == [number]
    assert said(tmp_path / "other", site, source) != [number]


@pytest.mark.parametrize("call", ["reset", "soft_reset"])
def test_a_reset_ends_the_process_with_its_own_status(flash, site, call):
    lay_out(flash, site, f"import machine\nmachine.{call}()\nprint('still here')\n")
    done = run(flash)
    assert (done.returncode, done.stdout) == (virtual.RESET_STATUS, "")


@pytest.mark.parametrize(
    "hang",
    ["while True:\n    pass", "import sys\nsys.stdin.read()", "import time\ntime.sleep(60)"],
    ids=["busy", "waiting", "asleep"],
)
def test_a_board_that_does_not_feed_its_watchdog_is_ended_whatever_it_does(flash, site, hang):
    fed = "from machine import WDT\nimport time\ndog = WDT(timeout=2000)\nfor _ in range(8):\n"
    fed += "    time.sleep_ms(300)\n    dog.feed()\nprint('fed')\n"
    lay_out(flash, site, fed + hang)
    argv, environment = virtual.command(flash)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, env=environment, cwd=flash, **pipes) as board:
        assert board.wait(30) == -signal.SIGALRM
        assert "fed\nwatchdog: not fed for 2000 ms" in board.stdout.read()


def test_a_watchdog_that_is_none_is_refused(flash, site):
    source = "from machine import WDT\n"
    for arguments in ("id=1", "timeout=0"):
        source += f"try:\n    WDT({arguments})\nexcept ValueError as error:\n    print(error)\n"
    assert said(flash, site, source) == ["WDT(1) does not exist", "WDT timeout too short"]


def test_the_frequency_is_remembered_and_a_wrong_one_refused(flash, site):
    source = (
        "import machine\nmachine.freq(240000000)\nprint(machine.freq())\n"
        "try:\n    machine.freq(1)\nexcept ValueError:\n    print('refused')\n"
    )
    assert said(flash, site, source) == ["240000000", "refused"]


# World


def test_the_world_goes_on_over_a_restart_and_begins_anew_with_another_seed(flash, site):
    def told():
        return json.loads((flash / "peripherals" / "world.json").read_bytes())

    lay_out(flash, site, "", seed=3)
    first = told()
    aged = {**first, "started_s": first["started_s"] - 5000}
    (flash / "peripherals" / "world.json").write_text(json.dumps(aged))
    lay_out(flash, site, "", seed=3)
    assert told() == aged
    lay_out(flash, site, "", seed=4)
    assert told()["seed"] == 4
    assert told()["started_s"] >= first["started_s"]


def test_a_board_measures_its_own_seed_at_the_age_of_its_world(flash, site):
    lay_out(flash, site, "import machine\nprint(machine.ADC(32, atten=3).read_uv())\n", seed=9)
    told = json.loads((flash / "peripherals" / "world.json").read_bytes())
    for age_s in (600, 20000):
        told["started_s"] = time.time() - age_s
        (flash / "peripherals" / "world.json").write_text(json.dumps(told))
        # Noise is 2 mV, a step of the ADC 1 mV, drying less than a millivolt in a second.
        assert int(run(flash).stdout) == pytest.approx(world.analog_uv(9, 32, age_s), abs=20000)
    assert abs(world.analog_uv(9, 32, 600) - world.analog_uv(9, 32, 20000)) > 100000


def test_a_clock_set_back_behind_the_worlds_beginning_reads_as_its_beginning(tmp_path):
    told = {"seed": 1, "unique_id": "020000000000", "started_s": time.time() + 1000000}
    (tmp_path / "world.json").write_text(json.dumps(told))
    assert world.World(str(tmp_path / "world.json")).now_s() == 0


def test_the_same_seed_gives_the_same_signals_on_both_interpreters(flash, site):
    source = (
        "from peripherals import world\n"
        f"for time_s in {PROBED_TIMES_S}:\n"
        "    for seed in (0, 7, -3, 123456789012345):\n"
        "        row = [world.analog_uv(seed, pin, time_s) for pin in (4, 32, 33, 34, 39)]\n"
        "        print(row, world.chip_centi(seed, time_s, time_s / 2))\n"
    )
    expected = []
    for time_s in PROBED_TIMES_S:
        for seed in (0, 7, -3, 123456789012345):
            row = [world.analog_uv(seed, pin, time_s) for pin in (4, 32, 33, 34, 39)]
            expected.append(f"{row} {world.chip_centi(seed, time_s, time_s / 2)}")
    assert said(flash, site, source) == expected


def test_seeds_and_pins_differ():
    levels = {world.analog_uv(seed, pin, 100) for seed in range(20) for pin in (32, 33, 36, 39)}
    assert len(levels) > 75


@pytest.mark.parametrize("pin", world.SOIL_PINS)
def test_soil_dries_slowly_and_jumps_only_when_watered(pin):
    levels = [world.analog_uv(5, pin, time_s) for time_s in range(4 * 3600)]
    steps = [after - before for before, after in pairwise(levels)]
    assert all(900000 < level < world.DRY_UV for level in levels)
    assert max(steps) < 6000
    wet_steps = [place for place, step in enumerate(steps) if step < -20000]
    soak_s = world.SOAK_MS // 1000
    waterings = {place - place % (2 * soak_s) for place in wet_steps}
    assert 3 <= len(wet_steps) <= 6 * soak_s
    assert len(waterings) <= 10
    dry = levels[wet_steps[0] - 1]
    wet = levels[wet_steps[0] + 2 * soak_s]
    assert dry - wet > 150000


def test_consecutive_readings_of_a_probe_are_close():
    for count in range(3000):
        time_s = 100 + count * 0.1
        step = world.analog_uv(5, 32, time_s + 0.1) - world.analog_uv(5, 32, time_s)
        assert abs(step) < 25000


def test_a_knob_rests_most_of_the_time_and_turns_without_a_jump():
    levels = [world.analog_uv(5, 34, count * 0.05) for count in range(20 * 120)]
    steps = [abs(after - before) for before, after in pairwise(levels)]
    assert max(steps) < world.SUPPLY_UV // 15
    assert sum(step < 5000 for step in steps) > 0.9 * len(steps)
    assert max(levels) - min(levels) > 500000


def test_the_chip_warms_up_and_then_drifts_slowly_within_bounds():
    for seed in range(10):
        values = [world.chip_centi(seed, time_s, time_s) for time_s in range(0, 86400, 10)]
        assert 1000 < values[60] - values[0] < 1500
        assert all(1200 <= value <= 4600 for value in values)
        later = values[360:]
        assert all(abs(b - a) <= 10 for a, b in pairwise(later))
        assert max(later) - min(later) > 400


def test_an_unconnected_pin_gives_little():
    assert all(0 <= world.analog_uv(5, 4, count / 7) < 110000 for count in range(2000))

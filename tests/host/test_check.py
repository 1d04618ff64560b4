"""The corpus of broken sites, and the sites in which nothing is wrong.

Each file in `broken_sites/` says at the end of a line what must be told about that line:
`# expect: text | text`, where every text is found in what is said there. A problem at any other
line, or a line about which nothing is said, fails the test.
"""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from actors.check import COUNT_MAX, check, load_checked
from actors.problems import Problem, SiteError, shown_value
from actors.site import load

CORPUS = Path(__file__).parent / "broken_sites"
HELPERS = ("parts.py", "hardware_parts.py", "waiting_parts.py")
BROKEN = sorted(path for path in CORPUS.glob("*.py") if path.name not in HELPERS)
MARK = "# expect: "

GOOD_PARTS = """
from mp_actors import Filter, Sensor, Sink

class Soil(Sensor):
    def __init__(self, pin): ...

class Smooth(Filter):
    def __init__(self, width=3): ...

class Store(Sink):
    def __init__(self, file): ...

def half(value):
    return value / 2
"""

GOOD_SITE = """
from actors import Topology, Pipeline
from mp_actors.operators import Map, Where
from parts import Smooth, Soil, Store, half
site = Topology("greenhouse")
field, office, backbone = map(site.domain, ("field", "office", "backbone"))
probe = field.device("probe-1", board="virtual")
gate = field.device("gate", also_in=[backbone])
door = office.device("gate", also_in=[backbone])
desk = office.device("desk", address="127.0.0.1:7410", tap=True)
site.link(probe, gate, latency_ms=2, bandwidth_kbps=115)
site.controller(at=desk)
flow = Pipeline("greenhouse")
soil = flow.add(Soil, at=probe, pin=34)
smooth = flow.add(Smooth, width=3)
halve = flow.add(Map, call=half)
true = flow.add(Where, test=bool)
store = flow.add(Store, at="office/desk", name="csv", file="soil.csv")
soil >> smooth >> halve >> true >> store
"""


def problems_of(file: Path) -> list[Problem]:
    """All that is told about a site file."""
    try:
        return check(load(file))
    except SiteError as error:
        return error.problems


def told(problems: list[Problem]) -> dict[tuple[str, int], str]:
    """By file and line, what is said there."""
    by_line: dict[tuple[str, int], str] = defaultdict(str)
    for problem in problems:
        by_line[Path(problem.file).name, problem.line] += str(problem) + "\n"
    return dict(by_line)


def expected_of(file: Path) -> dict[tuple[str, int], list[str]]:
    """By file and line, the texts that must be said there; files it imports included."""
    lines = {}
    for one in (file, CORPUS / "hardware_parts.py"):
        if one is file or one.stem in file.read_text():
            for number, line in enumerate(one.read_text().splitlines(), 1):
                if MARK in line:
                    lines[one.name, number] = line.partition(MARK)[2].split(" | ")
    return lines


def write_site(folder: Path, site: str, parts: str = GOOD_PARTS, name: str = "site.py") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "parts.py").write_text(parts)
    (folder / name).write_text(site)
    return folder / name


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_every_mistake_of_a_broken_site_is_told_at_its_line(file):
    found, expected = told(problems_of(file)), expected_of(file)
    assert expected, f"{file.name} says nothing about what is expected"
    assert sorted(found) == sorted(expected)
    for line, texts in expected.items():
        for text in texts:
            assert text in found[line], line


def test_a_problem_reads_file_line_what_and_then_what_is_known():
    full = Problem("/x/site.py", 12, "it is wrong", "a", "b", "c")
    assert str(full).splitlines()[1:] == ["    expected: a", "    got: b", "    remedy: c"]
    assert str(full).splitlines()[0].endswith("site.py:12: error: it is wrong")
    assert len(str(Problem("/x/site.py", 12, "it is wrong")).splitlines()) == 1


def test_a_value_is_shown_the_same_in_every_run_even_if_it_cannot_show_itself():
    class Silent:
        def __repr__(self):
            raise RuntimeError("not me")

    assert shown_value(Silent()) == "Silent"
    assert shown_value(object()) == "object"
    assert shown_value("desk") == "str: 'desk'"
    assert len(shown_value("x" * 1000)) < 80


def test_a_site_without_mistakes_in_it_is_the_same_in_every_load(tmp_path):
    file = write_site(tmp_path, GOOD_SITE)
    one, two = load(file), load(file)
    assert [link.number for link in one.topology.links] == [1, 2, 3]
    assert [repr(link) for link in one.topology.links] == [repr(x) for x in two.topology.links]
    assert [stage.code for stage in one.stages] == [stage.code for stage in two.stages]
    assert one.stages[0].cls is not two.stages[0].cls


def test_the_corpus_is_not_empty():
    assert len(BROKEN) >= 30


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_nothing_of_ours_shows_in_what_a_person_reads(file):
    for problem in problems_of(file):
        assert str(CORPUS) in problem.file
        assert "Traceback" not in str(problem)
        assert "ArgumentError" not in str(problem)
        assert problem.what.strip() == problem.what


def test_a_right_site_has_no_problems(tmp_path):
    site = load_checked(write_site(tmp_path, GOOD_SITE))
    assert [stage.name for stage in site.stages] == ["soil", "smooth", "map", "where", "csv"]
    assert str(site.wires[0]) == "soil >> smooth"
    assert site.device_of(site.stages[0]).path == "field/probe-1"
    assert site.device_of(site.stages[1]) is None
    assert site.stages[2].arguments == {"call": "parts:half"}
    assert site.stages[3].arguments == {"test": "builtins:bool"}


def test_a_checked_load_raises_every_problem_at_once(tmp_path):
    broken = GOOD_SITE.replace("pin=34", "pim=34").replace('at="office/desk"', 'at="office/dask"')
    with pytest.raises(SiteError) as caught:
        load_checked(write_site(tmp_path, broken))
    assert [problem.line for problem in caught.value.problems] == [14, 18]
    assert "did you mean 'pin'?" in str(caught.value)
    assert "did you mean 'office/desk'?" in str(caught.value)


def test_a_syntax_error_is_told_with_line_and_text(tmp_path):
    file = write_site(tmp_path, GOOD_SITE + "soil >> >> store\n")
    [problem] = problems_of(file)
    assert (Path(problem.file).name, problem.line) == ("site.py", 20)
    assert "syntax error" in problem.what
    assert "soil >> >> store" in problem.got
    assert "column 9" in problem.got


def test_a_syntax_error_in_an_imported_module_is_told_there(tmp_path):
    [problem] = problems_of(write_site(tmp_path, GOOD_SITE, GOOD_PARTS + "class Broken(\n"))
    assert Path(problem.file).name == "parts.py"
    assert "syntax error" in problem.what


def test_an_error_that_an_imported_module_raises_is_told_there(tmp_path):
    [problem] = problems_of(write_site(tmp_path, GOOD_SITE, GOOD_PARTS + "int('three')\n"))
    assert (Path(problem.file).name, problem.line) == ("parts.py", 15)
    assert "ValueError" in problem.what


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "site.py").write_bytes(b"site = '\xff\xfe'\n")
    [problem] = problems_of(tmp_path / "site.py")
    assert "syntax error" in problem.what
    (tmp_path / "site.py").write_bytes(b"site = 1\0\n")
    [problem] = problems_of(tmp_path / "site.py")
    assert "null bytes" in problem.what


def test_a_missing_file_is_told_with_the_one_that_may_be_meant(tmp_path):
    write_site(tmp_path, GOOD_SITE)
    [problem] = problems_of(tmp_path / "sight.py")
    assert "there is no such site file" in problem.what
    assert "did you mean 'site.py'?" in problem.remedy
    [problem] = problems_of(tmp_path)
    assert "site.py" in problem.remedy
    [problem] = problems_of(tmp_path / "nowhere" / "site.py")
    assert problem.remedy == ""


def test_two_sites_with_modules_of_one_name_do_not_mix(tmp_path):
    other_parts = GOOD_PARTS.replace("width=3", "breadth=3")
    first = write_site(tmp_path / "a", GOOD_SITE)
    second = write_site(tmp_path / "b", GOOD_SITE.replace("width=3", "breadth=3"), other_parts)
    path_before = list(sys.path)
    for _ in range(2):
        assert problems_of(first) == []
        assert problems_of(second) == []
    assert sys.path == path_before


def test_a_module_of_the_former_site_is_not_found_by_the_next(tmp_path):
    assert problems_of(write_site(tmp_path / "a", GOOD_SITE)) == []
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "site.py").write_text("import parts\n")
    [problem] = problems_of(tmp_path / "b" / "site.py")
    assert "no module named 'parts' beside site.py or installed" in problem.what


SINGLE_FILE = """
from actors import Topology, Pipeline
from mp_actors import Sensor
from mp_actors.operators import Print

class Clock(Sensor):
    pass

site = Topology("hello")
desk = site.domain("home").device("desk")
flow = Pipeline("hello")
flow.add(Clock, at=desk) >> flow.add(Print, at=desk)
"""


def test_a_single_file_may_hold_its_actors_where_every_device_is_a_worker(tmp_path):
    site = load_checked(write_site(tmp_path, SINGLE_FILE, name="hello.py"))
    assert site.stages[0].code == "hello:Clock"
    assert getattr(sys.modules["hello"], "Clock") is site.stages[0].cls  # noqa: B009


def test_a_file_called_site_cannot_hold_actors_since_python_has_a_module_of_that_name(tmp_path):
    [problem] = problems_of(write_site(tmp_path, SINGLE_FILE))
    assert problem.line == 12
    assert "Clock is defined in site.py itself" in problem.what
    assert "parts.py" in problem.remedy
    assert sys.modules["site"].__name__ == "site"
    assert not hasattr(sys.modules["site"], "Clock")


def test_a_module_named_like_one_of_python_cannot_hold_actors(tmp_path):
    text = GOOD_SITE.replace("from parts", "from nntplib")
    file = write_site(tmp_path, text)
    (tmp_path / "nntplib.py").write_text(GOOD_PARTS)
    problems = problems_of(file)
    sys.modules.pop("nntplib", None)
    assert [problem.line for problem in problems] == [14, 15, 16, 18]
    assert all("rename the module" in problem.remedy for problem in problems)


def test_more_devices_than_numbers_are_refused(tmp_path):
    text = f"""
from actors import Topology, Pipeline
site = Topology("crowd")
field = site.domain("field", mesh=False)
for number in range({COUNT_MAX + 1}):
    field.device("d%d" % number, address="10.0.0.1:7400" if number else None, board="virtual")
flow = Pipeline("flow")
"""
    problems = problems_of(write_site(tmp_path, text))
    crowded = [problem for problem in problems if "too many devices" in problem.what]
    assert [problem.got for problem in crowded] == [str(COUNT_MAX + 1)]


def test_more_links_than_numbers_are_refused(tmp_path):
    text = """
from actors import Topology, Pipeline
site = Topology("crowd")
field, backbone = site.domain("field"), site.domain("backbone")
for number in range(363):
    field.device("d%d" % number, also_in=[backbone])
flow = Pipeline("flow")
"""
    [problem] = problems_of(write_site(tmp_path, text))
    assert "too many links" in problem.what
    assert problem.got == str(363 * 362 // 2)

"""Runs portable test files on CPython and on MicroPython: the half of pytest that both can have.

    MICROPYPATH=. micropython tests/run_portable.py tests/kernel/test_path.py

A test is a function whose name starts with `test_`; it takes nothing, returns nothing and asserts.
From file names to one line per test and a last line `N passed, N failed`. Must never end well
without having run something: a file that cannot be imported or holds no test counts as a failure.
"""

import sys


def run_files(paths):
    """Run every test of every file; return (passed, failed)."""
    verdicts = list(verdicts_of(paths))
    return sum(verdicts), len(verdicts) - sum(verdicts)


def verdicts_of(paths, without=()):
    """Run one test each time the next verdict is asked for: 1 if it passed, else 0.

    `without`: names of tests that are not run.
    """
    for path in paths:
        yield from _verdicts_of_file(path, without)


def _verdicts_of_file(path, without):
    """Run the tests of one file in the order of their names."""
    folder, _, file_name = ("./" + path if "/" not in path else path).rpartition("/")
    module_name = file_name[:-3] if file_name.endswith(".py") else file_name
    # The file's own folder comes first, as under pytest, so that tests can share a helper there.
    sys.path.insert(0, folder)
    try:
        tests = load_tests(module_name)
        if not tests:
            raise AssertionError("holds no test; expected a function named test_*")
        for name, test in tests:
            if name not in without:
                yield run_test(name, test)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        _fail(path, error)
        yield 0
    finally:
        sys.path.remove(folder)
        # A file of the same name in another folder must not get this one's module; the tests
        # before may name their own.
        sys.modules.pop(module_name, None)


def load_tests(module_name):
    """Import the module; return its tests as sorted (name, function) pairs."""
    module = __import__(module_name)
    # MicroPython keeps no order in a module's names, so the order of names is the one both have.
    names = sorted(name for name in dir(module) if name.startswith("test_"))
    return [(name, getattr(module, name)) for name in names]


def run_test(name, test):
    """Run one test and say how it went; return 1 if it passed, else 0."""
    try:
        result = test()
        # A test with a `yield` or an `await` in it would otherwise pass without having run.
        assert result is None, f"a test returns nothing, got {result!r}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit, which would end the run without a verdict
        _fail(name, error)
        return 0
    print("ok", name)
    return 1


def _fail(name, error):
    print("FAIL", name)
    if hasattr(sys, "print_exception"):
        sys.print_exception(error, sys.stdout)
    else:
        import traceback  # CPython only; MicroPython has sys.print_exception instead

        traceback.print_exception(error, file=sys.stdout)


def main(paths):
    """Run the files, print the sum; return the exit code."""
    if not paths:
        print("run_portable: no file given; name files of tests/kernel/")
    passed, failed = run_files(paths)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

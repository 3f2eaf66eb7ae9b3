"""Where the suite's time goes: `python -m tests.costs [what pytest takes]`.

Runs the tests and then shows what they cost in seconds of processor time, by area, by file and by
test. Time on the clock would say more of the machine than of the test. A test's cost is what its
process, every process below it (PHP, Chromium, workers, the queue) and the PostgreSQL server have
used between the beginning of its first fixture and the end of its last; what the tests of one
process share is counted with the first that asks.

Only Linux tells of other processes; elsewhere the process and its ended children are counted.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SHOWN_FILES = 40
SHOWN_TESTS = 60

_TICKS = os.sysconf("SC_CLK_TCK")
_servers: list[int] = []  # processes that belong to the tests and are not below their process


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef) -> Iterator[None]:
    made = yield
    if fixturedef.argname == "postgres_server":
        # It puts itself beside whoever started it: its connections' parent is how to find it.
        backend = made.execute("SELECT pg_backend_pid()").fetchone()[0]
        _servers.append(_read(backend)[0])
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEGAN] = _used()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    # Each phase reports what was used since the one before, and the reports reach the process that
    # sums up even where the tests are spread over several.
    used = _used()
    report.user_properties = [("processor_seconds", used - item.stash[_BEGAN])]
    item.stash[_BEGAN] = used
    return report


_BEGAN = pytest.StashKey[float]()
_costs: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties:
        if name == "processor_seconds":
            _costs[report.nodeid] += value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    files: Counter[str] = Counter()
    areas: Counter[str] = Counter()
    for test, cost in _costs.items():
        file = test.partition("::")[0]
        files[file] += cost
        areas[str(Path(file).parent)] += cost
    counts = Counter(test.partition("::")[0] for test in _costs)
    terminalreporter.section("processor time, in seconds")
    terminalreporter.write_line(f"{sum(areas.values()):9.1f}  all {len(_costs)} tests")
    for title, of in (("by area", areas), ("by file", files), ("by test", _costs)):
        terminalreporter.write_line(f"\n{title}")
        for name, cost in of.most_common(SHOWN_TESTS if of is _costs else SHOWN_FILES):
            tests = f"  ({counts[name]} tests)" if of is files else ""
            terminalreporter.write_line(f"{cost:9.1f}  {name}{tests}")


def _used() -> float:
    """Seconds of processor time used so far by this process, those below it, and its servers."""
    if not Path("/proc/self/stat").exists():
        return sum(os.times()[:4])
    return sum(_used_below(process) for process in [os.getpid(), *_servers])


def _used_below(process: int) -> float:
    try:
        _, used = _read(process)
        below = Path(f"/proc/{process}/task").glob("*/children")
        children = [int(child) for listed in below for child in listed.read_text().split()]
    except OSError:  # it ended meanwhile: its parent has its time from now on
        return 0
    return used + sum(_used_below(child) for child in children)


def _read(process: int) -> tuple[int, float]:
    """Its parent, and the seconds used by it and by those of its children that have ended."""
    stat = Path(f"/proc/{process}/stat").read_text()
    fields = stat.rpartition(")")[2].split()  # the name before may contain anything
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICKS


if __name__ == "__main__":
    sys.exit(pytest.main(["-p", "tests.costs", *sys.argv[1:]]))

"""`python -m tests.bench.booting`: how long a small plugin takes to be booted, into docs/compat.md.

On the small core, and on the two real releases that REFUNDDESK_TEST_WORDPRESS names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from refunddesk.compat.smoke.both import Workshop
from refunddesk.compat.smoke.dropin import find_drop_in
from refunddesk.compat.smoke.php import find_php
from refunddesk.compat.smoke.template import prepare
from tests.compat.booting import (
    RELEASE_66,
    RELEASE_67,
    Booth,
    open_folder,
    real_releases,
    small_drop_in,
    small_release,
    version_of,
)
from tests.conftest import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "compat.md"
BEGIN, END = "<!-- booting: computed -->\n", "<!-- end -->\n"
PLUGIN = "add_shortcode( 'mine', function () { return 'mine'; } );"


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds on the wall for each step, medians over the rounds; CPU seconds of one boot."""

    name: str
    prepare: float
    alone: float
    both: float
    cpu: float
    processes: int


def measure(booth: Booth, name: str, rounds: int) -> Row:
    """Prepares both releases once, then boots the same small plugin again and again."""
    php = find_php()
    drop_in = find_drop_in(booth.workshop.drop_in)
    prepared = []
    for release in (booth.before, booth.target):
        began = time.monotonic()
        prepare(release, drop_in, php, booth.workshop.cache)
        prepared.append(time.monotonic() - began)
    plugin = booth.plugin(PLUGIN)
    alone, both, cpu, processes = [], [], [], 0
    for _ in range(rounds):
        for taken, is_alone in ((alone, True), (both, False)):
            began = time.monotonic()
            seen = booth.boot(plugin, alone=is_alone)
            taken.append(time.monotonic() - began)
            assert seen.ran, seen.reason
            assert not seen.incomplete, seen.incomplete
        target = json.loads(seen.record)["releases"][0]
        cpu.append(target["cpu_milliseconds"] / 1000)
        # Activation, and the two runs over the entry points, are no pages.
        processes = len(target["pages_visited"]) + 3
    return Row(name, median(prepared), median(alone), median(both), median(cpu), processes)


def booths(folder: Path, cache: Path) -> Iterator[tuple[str, Booth]]:
    """The small core, and real releases where they are given."""
    yield (
        "small core of the tests",
        Booth(
            small_release(folder / "6.6", "6.6", RELEASE_66),
            small_release(folder / "6.7", "6.7", RELEASE_67),
            Workshop(cache, small_drop_in(folder / "drop-in")),
            folder,
        ),
    )
    given = real_releases()
    if given is not None:
        before, target, drop_in = given
        name = f"WordPress {version_of(target)} and {version_of(before)}"
        yield name, Booth(before, target, Workshop(cache, drop_in), folder)


def as_markdown(rows: Sequence[Row], rounds: int, at: datetime, load: float) -> str:
    """The section of the document."""
    table = [
        f"| {row.name} | {row.prepare:.2f} | {row.alone:.2f} | {row.both:.2f} "
        f"| {row.cpu:.2f} | {row.processes} |"
        for row in rows
    ]
    return "\n".join(
        (
            f"Measured {at:%Y-%m-%d %H:%M} UTC by `make bench`, seconds, medians of {rounds}:"
            f" {os.cpu_count()} cores, load average {load:.1f}, PHP {find_php().version}."
            " Beside other work, believe the CPU time.",
            "",
            "| a plugin with one shortcode on | prepare a release | boot on one"
            " | boot on both | CPU of one | processes of one |",
            "|---|---|---|---|---|---|",
            *table,
            "",
        )
    )


def put_into(document: Path, section: str, begin: str = BEGIN) -> None:
    """Replaces what stands between the two marks."""
    text = document.read_text("utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{begin}\n{section}{END}{after}", "utf-8")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.booting", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, open_folder() as cache:
        rows = [measure(booth, name, asked.rounds) for name, booth in booths(Path(folder), cache)]
    section = as_markdown(rows, asked.rounds, datetime.now(UTC), os.getloadavg()[0])
    put_into(asked.document, section)
    print(section)


if __name__ == "__main__":
    main(sys.argv[1:])

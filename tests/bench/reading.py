"""`python -m tests.bench.reading`: what reading releases and plugins costs, into docs/compat.md.

The plugin is made here, as large as WooCommerce, or is the one that WOOCOMMERCE_ZIP names; the
release is the newer of the two that REFUNDDESK_TEST_WORDPRESS names, or is left out.
PHP_CodeSniffer stands beside it where `phpcs` is on the PATH.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

from refunddesk.compat.archive import open_tree
from refunddesk.compat.check import Site, StaticPass, check_static
from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.facts_document import pack_facts, unpack_facts
from refunddesk.compat.index import index_release
from refunddesk.compat.lifecycle import read_shipped, surface_at
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.surface import WORDPRESS
from tests.bench.booting import DOCUMENT, put_into
from tests.compat.booting import real_releases
from tests.compat.synthetic import HEADER, write_tree

BEGIN = "<!-- reading: computed -->\n"
FILES = 3_000
#: Plugins whose stored facts are checked one after another.
STORED = 100
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Row:
    """A step: CPU seconds, median over the rounds, and what it was done to."""

    step: str
    seconds: float
    what: str


def cpu(action: Callable[[], Result], rounds: int) -> tuple[float, Result]:
    """CPU seconds of this process, median over the rounds, and the last result."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        result = action()
        taken.append(time.process_time() - began)
    return median(taken), result


def large_plugin(folder: Path) -> Path:
    """Some 20 MB of PHP that uses WordPress by call, by text, by type and by inheritance."""
    surface = surface_at(read_shipped(WORDPRESS), "7.1")
    functions = [f.name for f in surface.functions.values() if f.deprecated is None]
    hooks = [name for name in surface.hooks if "*" not in name and "'" not in name]
    files: dict[str, str | bytes] = {"large.php": HEADER.format(name="Large")}
    for number in range(FILES):
        methods = []
        for at in range(22):
            called, hook = functions[(number * 7 + at) % 2900], hooks[(number * 3 + at) % 1500]
            methods.append(
                f"    /**\n     * Does step {at}.\n     *\n     * @param array $rows The rows.\n"
                f"     */\n    public function step_{at}( array $rows, \\WP_Post $post ) {{\n"
                f"        if ( ! $rows ) {{\n            return array();\n        }}\n"
                f"        add_action( '{hook}', array( $this, 'step_{at}' ) );\n"
                f"        $this->rows = {called}( $rows, $post->ID, 'large', true );\n"
                f"        return $this->rows;\n    }}\n"
            )
        files[f"includes/class-{number}.php"] = (
            f"<?php\nnamespace Large\\Part{number % 40};\n\nclass Thing_{number} extends"
            f" \\WP_Widget {{\n    private $rows = array();\n\n{''.join(methods)}}}\n"
        )
    return write_tree(folder / "large", files)


def measure(folder: Path, rounds: int) -> list[Row]:
    given = os.environ.get("WOOCOMMERCE_ZIP")
    place = Path(given) if given else large_plugin(folder)
    rows = []
    releases = real_releases()
    if releases is not None:
        seconds, surface = cpu(lambda: _index(releases[1]), rounds)
        rows.append(Row("index a release", seconds, surface.title))
    seconds, facts = cpu(lambda: _facts(place), rounds)
    size = _php_bytes(place) / 1e6
    told = f"{facts.headers.name} {facts.headers.version}, {size:.1f} MB of PHP"
    rows.append(Row("facts of a plugin, once per zip", seconds, told))
    packed = pack_facts(facts)
    seconds, facts = cpu(lambda: unpack_facts(packed), rounds)
    rows.append(Row("read its stored facts", seconds, f"{len(packed) / 1e6:.1f} MB"))
    _check(facts)  # the releases themselves are read once per process
    seconds, _ = cpu(lambda: _check(facts), rounds)
    rows.append(Row("check it on a release", seconds, "WordPress 7.1 against 7.0"))
    small = pack_facts(_facts(_small_plugin(folder)))
    seconds, _ = cpu(lambda: [_check(unpack_facts(small)) for _ in range(STORED)], rounds)
    rows.append(Row(f"check {STORED} stored plugins", seconds, "20 files each"))
    rows += _beside(place, folder)
    return rows


def _small_plugin(folder: Path) -> Path:
    calls = "\n".join(f"function f_{n}() {{ return get_option( 'o{n}' ); }}" for n in range(40))
    files: dict[str, str | bytes] = {
        f"inc/{n}.php": f"<?php\nnamespace N{n};\n{calls}\n" for n in range(19)
    }
    return write_tree(folder / "small", {"small.php": HEADER.format(name="Small"), **files})


def _index(place: Path) -> object:
    with open_tree(place) as tree:
        return index_release(tree)


def _facts(place: Path) -> PluginFacts:
    with open_tree(place) as tree:
        return read_plugin(tree)


def _check(facts: PluginFacts) -> StaticPass:
    lifecycle = read_shipped(WORDPRESS)
    target, before = surface_at(lifecycle, "7.1"), surface_at(lifecycle, "7.0")
    return check_static(facts, Site((target,)), Site((before,)), {WORDPRESS: lifecycle})


def _php_bytes(place: Path) -> int:
    with open_tree(place) as tree:
        return sum(len(tree.read(path)) for path in tree.paths if path.endswith(".php"))


def _beside(place: Path, folder: Path) -> list[Row]:
    """PHP_CodeSniffer looking for deprecated functions in the same files."""
    phpcs = shutil.which("phpcs")
    if phpcs is None:
        return []
    if place.is_file():
        shutil.unpack_archive(place, folder / "unpacked")
        place = folder / "unpacked"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    sniff = "Generic.PHP.DeprecatedFunctions"
    subprocess.run(
        [phpcs, "--standard=Generic", f"--sniffs={sniff}", "--extensions=php", "-q", place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [Row("PHP_CodeSniffer on the same files", seconds, f"one sniff, {sniff}")]


def as_markdown(rows: Sequence[Row], rounds: int, at: datetime, load: float) -> str:
    table = [f"| {row.step} | {row.seconds:.3f} | {row.what} |" for row in rows]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return "\n".join(
        (
            f"Measured {at:%Y-%m-%d %H:%M} UTC by `make bench`, seconds of CPU, medians of"
            f" {rounds}: {os.cpu_count()} cores, load average {load:.1f}; {peak:,.0f} MiB at most.",
            "",
            "| step | CPU s | of |",
            "|---|---|---|",
            *table,
            "",
        )
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.reading", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), asked.rounds)
    section = as_markdown(rows, asked.rounds, datetime.now(UTC), os.getloadavg()[0])
    put_into(asked.document, section, BEGIN)
    print(section)


if __name__ == "__main__":
    main(sys.argv[1:])

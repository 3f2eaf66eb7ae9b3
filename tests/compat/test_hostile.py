"""A plugin that means harm, or does not know its own strength, is stopped with one clear line."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from refunddesk.compat.smoke import keeping as keeping_module
from refunddesk.compat.smoke import site as site_module
from refunddesk.compat.smoke.keeping import (
    Isolation,
    Keeper,
    KeeperLost,
    Ran,
    isolation,
    keeping,
)
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.smoke.site import Page, Seen, Site
from refunddesk.compat.smoke.template import give_to_stranger, remove
from refunddesk.compat.verdict import DynamicPass
from tests.compat.booting import SHORT, Booth, open_folder

LOOPS = "while ( true ) { $x = 1; }"
LINGERS = "set_time_limit( 0 ); while ( true ) { $x = 1; }"
EATS = "$all = array(); while ( true ) { $all[] = str_repeat( 'x', 1 << 20 ); }"
FILLS = (
    "for ( $i = 0; $i < 40; $i++ ) {\n"
    "file_put_contents( WP_CONTENT_DIR . \"/big$i\", str_repeat( 'x', 1 << 20 ) ); }"
)
ONE_GREAT_FILE = (
    "$f = fopen( WP_CONTENT_DIR . '/big', 'w' );\n"
    "while ( true ) { fwrite( $f, str_repeat( 'x', 1 << 20 ) ); }"
)
LITTERS = 'for ( $i = 0; $i < 9000; $i++ ) { touch( WP_CONTENT_DIR . "/uploads/$i" ); }'
PRINTS = (
    "$out = fopen( 'php://stdout', 'w' );\n"
    'while ( true ) { fwrite( $out, str_repeat( "\\0\\xff", 1 << 15 ) ); }'
)
FORKS = "pcntl_fork();"
KILLS = "posix_kill( posix_getppid(), 9 );"
RUNS = "exec( 'id' );"


def stopped(seen: DynamicPass) -> str:
    """What is said of the target; it is one line."""
    assert seen.ran, seen.reason
    said = " ".join(seen.incomplete)
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        (EATS, 7, "Allowed memory size of 268435456 bytes exhausted"),
        (FORKS, 7, "undefined function pcntl_fork()"),
        (KILLS, 7, "undefined function posix_kill()"),
        (RUNS, 7, "undefined function exec()"),
    ],
    ids=["eats the memory", "forks", "kills its parent", "runs a program"],
)
def test_it_is_stopped_at_its_line(booth: Booth, code: str, line: int, said: str) -> None:
    seen = booth.boot(booth.plugin(code), SHORT, alone=True)
    assert said in stopped(seen)
    [fatal] = seen.findings
    assert (fatal.rule, fatal.place.line, said in fatal.sentence) == ("fatal-error", line, True)


def test_a_loop_is_stopped_at_its_line_and_tried_no_more(booth: Booth) -> None:
    seen = booth.boot(booth.plugin(LOOPS), SHORT, alone=True)
    assert "its activation used up its CPU time; no more was tried." in stopped(seen)
    [fatal] = seen.findings
    assert (fatal.rule, fatal.place.line) == ("fatal-error", 7)
    assert "Maximum execution time of 1 second exceeded" in fatal.sentence
    assert "a busy machine may have a part in it" in fatal.remark


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (LINGERS, "used up its CPU time"),
        (FILLS, "wrote more than it may"),
        (ONE_GREAT_FILE, "wrote more than it may"),
        (LITTERS, "wrote more than it may"),
        (PRINTS, "printed more than it may"),
    ],
    ids=["loops for ever", "fills the disk", "one great file", "a thousand files", "prints"],
)
def test_it_is_stopped_at_a_limit(booth: Booth, code: str, said: str) -> None:
    seen = booth.boot(booth.plugin(code), SHORT, alone=True)
    assert said in stopped(seen)
    assert list((booth.workshop.cache / "sites").iterdir()) == []


def test_a_loop_in_an_entry_point_costs_only_that_one(booth: Booth) -> None:
    seen = booth.boot(
        booth.plugin(
            f"add_shortcode( 'a', function () {{ {LOOPS} }} );\n"
            "add_shortcode( 'b', function () { gone(); } );"
        ),
        Limits(entry_cpu=1),
        alone=True,
    )
    assert [(f.place.line, f.request) for f in seen.findings] == [
        (7, "shortcode [a]"),
        (8, "shortcode [b]"),
    ]
    assert (seen.entry_points_run, seen.entry_points_known) == (2, 2)


@pytest.mark.parametrize("alone", [False, True], ids=["by the kernel", "by PHP alone"])
def test_what_it_asks_of_the_network_is_refused_and_noted(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    if alone:
        for module in (keeping_module, site_module):
            monkeypatch.setattr(module, "isolation", lambda: Isolation((), False, False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        port = listening.getsockname()[1]
        seen = booth.boot(
            booth.plugin(
                "wp_remote_get( 'https://tracker.example/x' );\n"
                f"@file_get_contents( 'http://127.0.0.1:{port}/' );\n"
                "if ( function_exists( 'fsockopen' ) ) {\n"
                f"@fsockopen( '127.0.0.1', {port}, $number, $words, 1 ); }}"
            ),
            alone=True,
        )
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert "It tried to reach tracker.example: nothing was let out." in seen.notes
    assert seen.incomplete == ()


def test_it_reads_nothing_outside_its_site(booth: Booth, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read me")
    secret.chmod(0o644)
    seen = booth.boot(
        booth.plugin(
            f"if ( false !== @file_get_contents( '{secret}' ) ) {{ gone(); }}\n"
            "if ( getenv( 'SECRET_OF_THE_DESK' ) || isset( $argv ) ) { gone(); }"
        ),
        alone=True,
    )
    assert (seen.findings, seen.incomplete) == ((), ())


def test_folders_that_are_hard_to_delete_are_deleted(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "shut" / "in").mkdir(parents=True)
    (site / "shut").chmod(0)
    at = os.open(site, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    remove(site)
    assert not site.exists()


def test_it_may_not_put_words_into_our_mouth(booth: Booth) -> None:
    """A report is its own process's: a line that is none is passed over, and so is a folder."""
    seen = booth.boot(
        booth.plugin(
            "$report = REFUNDDESK_ORDER['report'];\n"
            "if ( isset( $_GET['feed'] ) ) { mkdir( $report ); return; }\n"
            'file_put_contents( $report, "\\xff\\0[1,2]\\n{\\"kind\\":7}\\n{}\\nnull\\n", 8 );\n'
            "file_put_contents( $report, str_repeat( '[', 100000 ) . \"\\n\", FILE_APPEND );"
        ),
        alone=True,
    )
    assert [said for said in seen.incomplete if "the feed did not come" in said]
    assert seen.findings == ()


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[tuple[Keeper, Path]]:
    with open_folder() as folder:
        give_to_stranger(folder)
        with keeping(folder, SHORT) as keeper:
            yield keeper, folder


def shell(keeper: Keeper, command: str, wall: int = 60) -> Ran:
    return keeper.run(["/bin/sh", "-c", command], {"PATH": "/usr/bin:/bin"}, 2, wall)


def test_the_limits_hold_below_php_too(kept: tuple[Keeper, Path]) -> None:
    """PHP's own ban on processes may have a hole: the kernel's has none."""
    keeper, folder = kept
    assert shell(keeper, "echo fine").head == "fine\n"
    assert "fork" in shell(keeper, "/bin/true & wait; echo over").head
    assert shell(keeper, "exec sleep 60", wall=1).ended == "wall"
    assert shell(keeper, "exec >&-; exec 2>&-; exec sleep 60", wall=1).ended == "wall"
    assert shell(keeper, "while :; do :; done").ended == "cpu"
    assert shell(keeper, "exec head -c 20000000 /dev/zero").ended == "output"
    assert shell(keeper, "exec head -c 20000000 /dev/zero >big").ended == "disk"
    (folder / "big").unlink()
    environment = shell(keeper, "exec cat /proc/self/environ").head
    assert environment == f"PATH=/usr/bin:/bin\0PWD={folder}\0"


def test_who_kills_its_parent_ends_the_walk_and_nothing_else(kept: tuple[Keeper, Path]) -> None:
    keeper, _ = kept
    if isolation().processes:
        # The first process of its own world cannot be killed from within.
        assert shell(keeper, "kill -9 $PPID; kill -9 -1; echo over").status in (0, -9)
        assert shell(keeper, "echo fine").head == "fine\n"
    else:
        with pytest.raises(KeeperLost, match="killed from within"):
            shell(keeper, "kill -9 $PPID; exec sleep 1")


def test_a_keeper_that_is_gone_is_said_in_one_line(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Site.visit

    def visit(self: Site, page: Page) -> Seen:
        if page.label == "the feed":
            os.killpg(self.keeper._process.pid, signal.SIGKILL)
        return real(self, page)

    monkeypatch.setattr(Site, "visit", visit)
    seen = booth.boot(booth.plugin("worn();"), alone=True)
    assert "the process that ran it was killed from within" in stopped(seen)
    # What was reported until then was kept.
    assert [f.symbol for f in seen.findings] == ["worn"]


def test_nothing_it_started_outlives_the_check(tmp_path: Path) -> None:
    with open_folder() as folder:
        give_to_stranger(folder)
        with keeping(folder, SHORT) as keeper:
            order = {"argv": ["/bin/sleep", "61"], "env": {}, "cpu": 1, "wall": 60}
            keeper._send(order)
            until = time.monotonic() + 20
            while not sleeping("61") and time.monotonic() < until:
                time.sleep(0.02)
            assert sleeping("61")
        until = time.monotonic() + 20
        while sleeping("61") and time.monotonic() < until:
            time.sleep(0.02)
        assert not sleeping("61")


def sleeping(seconds: str) -> bool:
    wanted = f"/bin/sleep\0{seconds}\0".encode()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if place.read_bytes() == wanted:
                return True
    return False

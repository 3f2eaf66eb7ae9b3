"""A store on a real WordPress, made for the tests: its data in SQLite, its web server PHP's own.

REFUNDDESK_TEST_WORDPRESS names releases (zips or folders, the oldest first, ":" between them),
REFUNDDESK_TEST_NEWEST_WORDPRESS a newer one, REFUNDDESK_TEST_SQLITE the SQLite drop-in they run on.
In place of WooCommerce it has the stand-in of wp-bridge/tests/standin.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.smoke.dropin import find_drop_in, install_drop_in, write_files
from refunddesk.compat.smoke.php import CannotBoot, find_php
from tests.conftest import REPOSITORY

STANDIN = REPOSITORY / "wp-bridge" / "tests" / "standin"
BRIDGE = "refund-desk-bridge/refund-desk-bridge.php"
_FILES = Path(__file__).with_name("smallstore")
#: Requests at once, and some to spare: a process that a test kills is not replaced.
_PROCESSES = 8
_STARTS_WITHIN_SECONDS = 30.0


def releases() -> list[Path]:
    """The releases of WordPress that are given, the newest last."""
    given = os.environ.get("REFUNDDESK_TEST_WORDPRESS", "").split(":")
    newest = os.environ.get("REFUNDDESK_TEST_NEWEST_WORDPRESS", "")
    return [Path(one) for one in (*given, newest) if one]


@dataclass(frozen=True, slots=True)
class SmallStore:
    """A store that answers at `address`; everything of it lies below `folder`."""

    folder: Path
    address: str
    php: str

    @property
    def content(self) -> Path:
        return self.folder / "wp" / "wp-content"

    def do(self, code: str, path: str = "/") -> Any:
        """What the PHP `code` returns inside the store; `path` is the site's of a network."""
        run = self._run("do.php", code, path)
        return json.loads(run.splitlines()[-1])

    def inventory(self, path: str = "/") -> dict[str, list[str]]:
        """Everything that a plugin can leave behind: tables, options, users, keys ..."""
        found: dict[str, list[str]] = self.do("return require 'inventory.php';", path)
        return found

    def _run(self, script: str, *arguments: str) -> str:
        run = subprocess.run(
            [self.php, *_settings(self.folder), str(self.folder / script), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.folder,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def install(self, *arguments: str) -> None:
        self._run("install.php", *arguments)

    def keep(self, name: str) -> None:
        """Keep the store as it is now."""
        place = self.folder / "kept" / name
        shutil.copytree(self.folder / "db", place / "db")
        shutil.copytree(self.content / "plugins", place / "plugins")

    def become(self, name: str) -> None:
        """Be as when `name` was kept, with nothing said in the log and no money moved."""
        for part, place in (("db", self.folder / "db"), ("plugins", self.content / "plugins")):
            shutil.rmtree(place)
            shutil.copytree(self.folder / "kept" / name / part, place)
        for left in ("standin-mode", "standin-movements"):
            (self.content / left).unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        return self.folder / "debug.log"

    def said(self) -> list[str]:
        """What PHP and WordPress complained of."""
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []

    def tell_gateway(self, mode: str) -> None:
        (self.content / "standin-mode").write_text(mode)

    def moved(self, order_id: int) -> list[str]:
        """The amounts that the gateway paid back of an order."""
        place = self.content / "standin-movements"
        rows = place.read_text("utf-8").splitlines() if place.exists() else []
        return [row.split(" ")[1] for row in rows if row.split(" ")[0] == str(order_id)]


def need_drop_in() -> Path:
    """The drop-in that is named. Skips where it or PHP is missing."""
    named = os.environ.get("REFUNDDESK_TEST_SQLITE", "")
    if not named or not releases():
        pytest.skip("REFUNDDESK_TEST_WORDPRESS and REFUNDDESK_TEST_SQLITE name no real WordPress")
    try:
        find_php()
    except CannotBoot as missing:
        pytest.skip(str(missing))
    return Path(named)


@contextmanager
def open_small_store(release: Path, folder: Path, *, network: bool = False) -> Iterator[SmallStore]:
    """A store on `release`, installed and answering, with the stand-in active."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = SmallStore(folder, f"http://127.0.0.1:{port}", find_php().program)
    _lay_out(store, release)
    store.install(*(["network"] if network else []))
    wide = ", true" if network else ""
    assert store.do(f"return activate_plugin( 'woocommerce/woocommerce.php', ''{wide} );") is None
    with _answering(store, port):
        yield store


def _lay_out(store: SmallStore, release: Path) -> None:
    core = store.folder / "wp"
    with open_tree(release) as tree:
        # Its themes and plugins have no part in this.
        write_files(tree, core, "wp-content/")
    for name in ("router.php", "install.php", "do.php", "inventory.php"):
        shutil.copy(_FILES / name, store.folder / name)
    shutil.copy(_FILES / "wp-config.php", core / "wp-config.php")
    (store.folder / "address").write_text(store.address)
    (store.folder / "db").mkdir()
    for part in ("plugins", "uploads", "upgrade", "languages", "mu-plugins", "themes/plain"):
        (store.content / part).mkdir(parents=True)
    (store.content / "themes/plain/style.css").write_text("/*\nTheme Name: Plain\n*/\n")
    (store.content / "themes/plain/index.php").write_text("<?php\nwp_head();\nwp_footer();\n")
    for name in ("nobody-else.php", "not-too-early.php"):
        shutil.copy(_FILES / name, store.content / "mu-plugins")
    shutil.copytree(STANDIN, store.content / "plugins" / "woocommerce")
    drop_in = store.folder / "drop-in"
    (store.content / "db.php").write_text(install_drop_in(find_drop_in(need_drop_in()), drop_in))


def _settings(folder: Path) -> list[str]:
    given = {
        "error_log": folder / "debug.log",
        "log_errors": 1,
        "display_errors": "stderr",
        "error_reporting": -1,
        "sendmail_path": "/bin/true",
        "memory_limit": "256M",
        "opcache.enable_cli": 1,
        "opcache.validate_timestamps": 1,
        "opcache.revalidate_freq": 0,
        "opcache.file_cache": folder / "compiled",
    }
    (folder / "compiled").mkdir(exist_ok=True)
    return [part for name, value in given.items() for part in ("-d", f"{name}={value}")]


@contextmanager
def _answering(store: SmallStore, port: int) -> Iterator[None]:
    server = subprocess.Popen(
        [
            *(store.php, *_settings(store.folder)),
            *("-S", f"127.0.0.1:{port}", "-t", str(store.folder / "wp")),
            str(store.folder / "router.php"),
        ],
        env={**os.environ, "PHP_CLI_SERVER_WORKERS": str(_PROCESSES)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(server, port)
        yield
    finally:
        # Its other processes are still there where a test killed the first one.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        assert server.poll() is None, "PHP's web server ended before it listened"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "PHP's web server does not listen"
            time.sleep(0.02)

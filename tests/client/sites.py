"""A customer's site with the PHP licence client on it, and a real server for it to talk to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.conftest import REPOSITORY, TestClock

CLIENT = REPOSITORY / "wp-bridge" / "client" / "refund-desk-license.php"
_SITE = Path(__file__).parent / "site.php"


def find_php() -> str:
    php = shutil.which("php")
    if php is None:
        pytest.skip("there is no php here to run the licence client with")
    return php


@contextmanager
def answering(app: Flask) -> Iterator[str]:
    """The address of `app` on the loopback network."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class PhpSite:
    """One site. `server` is where its client believes the desk to be."""

    home: str
    server: str
    options: Path
    clock: TestClock
    imported_keys: bool = False
    may: tuple[str, ...] = ("manage_options",)
    name: str = "Acme CRM"
    behind: float = 0.0
    shown: str = field(default="", init=False)

    def do(self, what: str, *arguments: Any, **post: str) -> Any:
        """What the client's method gave; `post` fills the form. What it printed is `shown`."""
        command = {
            "do": what,
            "with": arguments,
            "post": post,
            "home": self.home,
            "server": f"{self.server}/licenses",
            "options": str(self.options),
            "client": str(CLIENT),
            "now": int(self.clock().timestamp() - self.behind),
            "imported_keys": self.imported_keys,
            "may": list(self.may),
            "name": self.name,
        }
        run = subprocess.run(
            [find_php(), "-d", "display_errors=stderr", _SITE],
            input=json.dumps(command),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr + run.stdout
        told = json.loads(run.stdout)
        self.shown = told["shown"]
        return told["came"]

    @property
    def kept(self) -> dict[str, Any]:
        """What the client keeps on the site; empty when it has forgotten everything."""
        options: dict[str, Any] = json.loads(self.options.read_text("utf-8"))
        kept: dict[str, Any] = options.get("acme_crm_license", {})
        return kept

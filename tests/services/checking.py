"""Plugins, releases and a stand-in for wordpress.org, for the tests of the checks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.db import outbox
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.feeds.client import ReleaseFeeds
from refunddesk.jobs import keeping, registry
from refunddesk.services import plugins, releases
from refunddesk.services.edges import Edges
from tests.compat.synthetic import HEADER, wordpress_files, write_zip

VENDOR = "staff:1"
#: Has gone(), which 8.1 has not, and worn(), which 8.1 deprecates.
OLD = {"wp-includes/a.php": "function gone() {} function worn() {} function stays() {}"}
NEW = {
    "wp-includes/a.php": (
        '/** @deprecated 8.1.0 */ function worn() { _deprecated_function( "worn", "8.1.0" ); }'
        " function stays() {}"
    )
}
WORKS, BREAKS, WEARS = "stays();", "gone();", "worn();"


def wordpress_zip(folder: Path, version: str, files: dict[str, str] | None = None) -> Path:
    chosen = files if files is not None else (OLD if version < "8.1" else NEW)
    place = folder / f"wordpress-{version}.zip"
    return write_zip(place, {**wordpress_files(version, chosen)}, top="wordpress/")


def woocommerce_zip(folder: Path, version: str, text: str) -> Path:
    header = HEADER.format(name="WooCommerce").replace("1.0", version)
    files: dict[str, str | bytes] = {"woocommerce.php": header, "includes/a.php": f"<?php {text}"}
    return write_zip(folder / f"woocommerce-{version}.zip", files, top="woocommerce/")


def plugin_zip(
    folder: Path, text: str, version: str = "1.0", slug: str = "mine", **files: str
) -> Path:
    """A plugin whose main file says `text` on its line 6; `files` are further PHP files."""
    source = HEADER.format(name=slug.title()).replace("1.0", version) + text + "\n"
    whole = {f"{slug}.php": source, **{f"{name}.php": code for name, code in files.items()}}
    return write_zip(folder / f"{slug}-{version}.zip", {**whole}, top=f"{slug}/")


def upload(edges: Edges, place: Path, **more: Any) -> PluginVersion:
    """Take a plugin in and do all that follows."""
    version, _ = plugins.add_plugin(edges, place, place.name, by=VENDOR, **more)
    work(edges)
    return plugins.show_version(edges, version.id)


def hand_in(edges: Edges, place: Path) -> Release:
    release, _ = releases.add_release(edges, place, by=VENDOR)
    work(edges)
    return release


def work(edges: Edges) -> int:
    """Keep every promise that is due, and those that follow from it; how many."""
    kept = 0
    while True:
        with edges.database.read() as transaction:
            due = outbox.list_due(transaction, edges.clock())
        done = [keeping.keep(edges, promise_id, registry.JOBS) for promise_id, _ in due]
        kept += sum(done)
        if not any(done):
            return kept


@dataclass(slots=True)
class Page:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class WordPressOrg:
    """Answers as api.wordpress.org and downloads.wordpress.org would, from one address."""

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def feeds(self) -> ReleaseFeeds:
        return ReleaseFeeds(
            {WORDPRESS: f"{self.address}/core", WOOCOMMERCE: f"{self.address}/plugin"},
            user_agent="RefundDesk/test (+https://desk.test)",
        )

    def read_by(self, edges: Edges, **changes: Any) -> Edges:
        return replace(edges, feeds=replace(self.feeds, **changes))

    def publish(self, version: str, place: Path, *, response: str = "upgrade") -> None:
        """Offer a WordPress zip, with its hash beside it."""
        path = f"/release/wordpress-{version}.zip"
        body = place.read_bytes()
        self.pages[path] = Page(body=body)
        self.pages[f"{path}.sha1"] = Page(body=hashlib.sha1(body).hexdigest().encode())
        offer = {
            "response": response,
            "download": f"{self.address}{path}",
            "packages": {"full": f"{self.address}{path}", "no_content": False},
            "version": version,
            "current": version,
            "php_version": "7.4",
        }
        page = self.pages.get("/core")
        before = json.loads(page.body)["offers"] if page else []
        self.pages["/core"] = Page(
            body=json.dumps({"offers": [offer, *before], "translations": []}).encode(),
            headers={"ETag": f'"{version}"'},
        )

    def publish_woocommerce(self, version: str, place: Path) -> None:
        path = f"/plugin/woocommerce.{version}.zip"
        self.pages[path] = Page(body=place.read_bytes())
        body = {
            "slug": "woocommerce",
            "version": version,
            "requires_php": False,
            "download_link": f"{self.address}{path}",
            "versions": {version: f"{self.address}{path}", "trunk": f"{self.address}/trunk.zip"},
        }
        self.pages["/plugin"] = Page(body=json.dumps(body).encode())

    def answer(self, target: str, headers: dict[str, str]) -> Page:
        self.asked.append((target, headers))
        page = self.pages.get(target) or self.pages.get(target.partition("?")[0], Page(404))
        etag = page.headers.get("ETag")
        if etag and headers.get("If-None-Match") == etag:
            return Page(304)
        return page


@contextmanager
def wordpress_org() -> Iterator[WordPressOrg]:
    """The stand-in, listening on a port of this machine."""
    site = WordPressOrg()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.answer(self.path, dict(self.headers))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in page.headers:
                self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

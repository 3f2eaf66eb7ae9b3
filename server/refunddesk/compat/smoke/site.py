"""One site with its plugin: shows its pages, each in a process of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from refunddesk.compat.smoke.events import Event, Report, read_log, read_report
from refunddesk.compat.smoke.keeping import Keeper, Ran, isolation
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.smoke.php import Php, command

_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Page:
    """An address of the site; `survey`: ask it which pages and types the plugin has."""

    label: str
    script: str
    uri: str
    signed_in: bool = True
    survey: bool = False


FRONT = Page("the front page", "index.php", "/", signed_in=False)
ADMIN = Page("the dashboard", "wp-admin/index.php", "/wp-admin/index.php", survey=True)
#: What every site has and every plugin can break.
PAGES = (
    FRONT,
    Page("a post", "index.php", "/?p=1"),
    Page("the feed", "index.php", "/?feed=rss2", signed_in=False),
    Page("the REST index", "index.php", "/?rest_route=/", signed_in=False),
    Page("the sign-in page", "wp-login.php", "/wp-login.php", signed_in=False),
    ADMIN,
    Page("the list of plugins", "wp-admin/plugins.php", "/wp-admin/plugins.php"),
    Page("the list of posts", "wp-admin/edit.php", "/wp-admin/edit.php"),
    Page("the editor", "wp-admin/post-new.php", "/wp-admin/post-new.php"),
    Page("the profile", "wp-admin/profile.php", "/wp-admin/profile.php"),
    Page("the settings", "wp-admin/options-general.php", "/wp-admin/options-general.php"),
    Page("the scheduled work", "wp-cron.php", "/wp-cron.php", signed_in=False),
)
#: What is seen again in another language: translations are asked for on every one of them.
PAGES_ABROAD = (FRONT, ADMIN)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a template has its parts."""

    folder: Path
    php: Php

    @property
    def core(self) -> Path:
        return self.folder / "core"

    @property
    def inside(self) -> Path:
        return self.folder / "inside"

    @property
    def drop_in(self) -> Path:
        return self.folder / "drop-in"

    @property
    def compiled(self) -> Path:
        return self.folder / "compiled"

    @property
    def seed(self) -> Path:
        return self.folder / "seed"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process and its report. `failure` is "" where the page came; else why it did not."""

    label: str
    ran: Ran
    report: Report
    failure: str = ""


@dataclass(slots=True)
class Site:
    """`own` is the folder of the plugin under test; nothing else counts as its code."""

    layout: Layout
    folder: Path
    keeper: Keeper
    limits: Limits
    own: Path
    cookies: dict[str, str] = field(default_factory=dict)
    locale: str = ""

    @property
    def report_path(self) -> Path:
        return self.folder / "tmp" / "report.jsonl"

    def visit(self, page: Page) -> Seen:
        """Shows one page. Raises KeeperLost."""
        return self.run(
            "page.php",
            self._labelled(page.label),
            page.script,
            page.uri,
            signed_in=page.signed_in,
            survey=page.survey,
        )

    def act(self, deed: str, plugins: list[str], label: str) -> Seen:
        """Activates, deactivates or uninstalls. Raises KeeperLost."""
        return self.run("plugin.php", label, "wp-admin/plugins.php", deed=deed, plugins=plugins)

    def run_entries(self, kind: str, first: int) -> Seen:
        """Calls entry points of a kind ("front" or "ajax"), from a number on. Raises KeeperLost."""
        ajax = kind == "ajax"
        return self.run(
            "entries.php",
            "the entry points",
            "wp-admin/admin-ajax.php" if ajax else "index.php",
            deep=kind,
            first=first,
            cpu=self.limits.entries_cpu,
            wall=self.limits.entries_wall,
        )

    def run(
        self,
        script: str,
        label: str,
        served: str,
        uri: str = "",
        *,
        signed_in: bool = True,
        survey: bool = False,
        deep: str = "",
        first: int = 0,
        deed: str = "",
        plugins: list[str] | None = None,
        cpu: int = 0,
        wall: int = 0,
    ) -> Seen:
        """One process of one of the scripts in `inside`. Raises KeeperLost."""
        for left in (self.report_path, self._log):
            clear(left)
        cpu = cpu or self.limits.page_cpu
        order: dict[str, object] = {
            "site": str(self.folder),
            "core": str(self.layout.core),
            "own": str(self.own),
            "report": str(self.report_path),
            "script": served,
            "uri": uri or f"/{served}",
            "cookies": self.cookies if signed_in else {},
            "locale": self.locale,
            "survey": survey,
            "deep": deep,
            "from": first,
            "seconds": self.limits.entry_cpu,
            "deed": deed,
            "plugins": plugins or [],
        }
        argv = command(
            self.layout.php,
            self.layout.inside / script,
            order,
            inside=[self.layout.core, self.layout.inside, self.layout.drop_in, self.folder],
            site=self.folder,
            compiled=self.layout.compiled,
            limits=self.limits,
            seconds=cpu,
            networked=not isolation().network,
        )
        tmp = str(self.folder / "tmp")
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": tmp, "TMPDIR": tmp}
        ran = self.keeper.run(argv, env, cpu, wall or self.limits.page_wall)
        return self._seen(label, ran)

    def _seen(self, label: str, ran: Ran) -> Seen:
        most = self.limits.report_bytes
        report = read_report(self.report_path, label, most)
        if not report.whole and not report.of_kind("fatal"):
            logged = read_log(self._log, str(self.own), report.running or label, most)
            report = replace(report, events=(*report.events, *logged))
        return Seen(label, ran, report, _failure(ran, report))

    def _labelled(self, label: str) -> str:
        return f"{label} in {self.locale}" if self.locale else label

    @property
    def _log(self) -> Path:
        return self.folder / "tmp" / "php.log"


def clear(path: Path) -> None:
    """Deletes a file, or what a plugin put in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _failure(ran: Ran, report: Report) -> str:
    fatal: tuple[Event, ...] = report.of_kind("fatal")
    if fatal:
        return f"{fatal[0].message} ({fatal[0].at})"
    if ran.ended:
        return f"it {ran.in_words}"
    if not report.whole:
        return f"PHP ended with {ran.status} and said: {ran.head[:300] or 'nothing'}"
    if report.status >= _REFUSED:
        died = report.of_kind("died")
        said = died[0].message if died else "nothing"
        return f"it answered {report.status} and said: {said}"
    return ""


def page_of(uri: str, label: str) -> Page | None:
    """The page at an address that WordPress gave, if it is one of the site's admin pages."""
    parts = urlsplit(uri.replace("&#038;", "&").replace("&amp;", "&"))
    script = parts.path.lstrip("/")
    if not script.startswith("wp-admin/") or ".." in script or not script.endswith(".php"):
        return None
    return Page(label, script, f"/{script}?{parts.query}")

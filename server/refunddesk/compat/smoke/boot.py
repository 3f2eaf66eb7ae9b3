"""Boots one plugin in one release: activates it, walks through the site, calls what it offers."""

from __future__ import annotations

import re
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from refunddesk.compat.archive import SourceTree
from refunddesk.compat.headers import read_headers
from refunddesk.compat.smoke.dropin import write_files
from refunddesk.compat.smoke.events import Event
from refunddesk.compat.smoke.keeping import KeeperLost, keeping
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.smoke.php import CannotBoot
from refunddesk.compat.smoke.site import ADMIN, PAGES, PAGES_ABROAD, Page, Seen, Site, page_of
from refunddesk.compat.smoke.template import Template, forget_compiled, give_to_stranger, remove

#: A language that WordPress does not come with, so that only the plugin's is asked for.
ABROAD = "de_DE"
#: An empty .mo file: magic number, version 0, no texts, where its tables would begin.
_EMPTY_MO = struct.pack("<7I", 0x950412DE, 0, 0, 28, 28, 0, 28)
#: PHP's own words where its limit is hit before the kernel's.
OUT_OF_CPU = "Maximum execution time"
_USED_UP = "used up its CPU time"
Told = Callable[[str], None]


@dataclass(slots=True)
class Boot:
    """What one release showed. `beside` are the neighbours with their versions, as people say them.

    `activated`, and if not `refusal`. `visited` and `failed` are pages by label, the latter with
    the reason; `known`, `run` are entry points. `given_up` is why the walk ended early, if it did.
    `stalled` are processes that were stopped, by label, with what they did.
    """

    version: str
    sha256: str
    beside: tuple[str, ...] = ()
    activated: bool = False
    refusal: str = ""
    events: list[Event] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    run: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    stalled: dict[str, str] = field(default_factory=dict)
    given_up: str = ""
    cpu: float = 0.0

    @property
    def title(self) -> str:
        return " with ".join((f"WordPress {self.version}", *self.beside))

    @property
    def pages_known(self) -> int:
        return len(self.visited) + len(self.failed)


def boot(
    plugin: SourceTree,
    template: Template,
    beside: Sequence[SourceTree] = (),
    limits: Limits | None = None,
    told: Told = lambda label: None,
) -> Boot:
    """Walks through a copy of the template's site with the plugin in it.

    `beside` are plugins it needs, activated first; CannotBoot is raised where one does not start.
    `told` hears what is looked at, for people who wait.
    """
    limits = limits or Limits()
    seen = Boot(template.version, template.sha256, tuple(_title(tree) for tree in beside))
    with _site_folder(template) as folder:
        names = [_install(tree, folder) for tree in (*beside, plugin)]
        main = names[-1]
        own = folder / "content" / "plugins" / main.partition("/")[0]
        _install_language(plugin, folder)
        give_to_stranger(folder)
        try:
            with keeping(folder, limits) as keeper:
                site = Site(template.layout, folder, keeper, limits, own, template.cookies)
                _Walk(site, template, seen, told).all(names[:-1], main)
        except KeeperLost as lost:
            seen.given_up = str(lost)
    return seen


@contextmanager
def _site_folder(template: Template) -> Iterator[Path]:
    sites = template.layout.folder.parent / "sites"
    folder = Path(tempfile.mkdtemp(dir=sites))
    try:
        folder.chmod(0o755)
        _copy(template.layout.seed, folder)
        yield folder
    finally:
        remove(folder)
        forget_compiled(template.layout, folder)


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(path.read_bytes())


def _title(tree: SourceTree) -> str:
    _, headers = read_headers(tree)
    return f"{headers.name} {headers.version}".strip()


def _install(tree: SourceTree, folder: Path) -> str:
    """Unpacks a plugin; its name as WordPress keeps it, "folder/main-file.php"."""
    main, _ = read_headers(tree)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", tree.name).strip(".-") or "plugin"
    write_files(tree, folder / "content" / "plugins" / name, "")
    return f"{name}/{main}"


def _install_language(plugin: SourceTree, folder: Path) -> None:
    _, headers = read_headers(plugin)
    for domain in {headers.text_domain, plugin.name}:
        if re.fullmatch(r"[A-Za-z0-9._-]+", domain):
            place = folder / "content" / "languages" / "plugins" / f"{domain}-{ABROAD}.mo"
            place.write_bytes(_EMPTY_MO)


class _GaveUp(Exception):
    """Too many processes did not finish."""


@dataclass(slots=True)
class _Walk:
    site: Site
    template: Template
    seen: Boot
    told: Told

    def all(self, beside: list[str], main: str) -> None:
        try:
            self._activate(beside, main)
            if self.seen.activated:
                self._pages()
                self._entries("front")
                self._entries("ajax")
                self._abroad()
                self._leave(main)
        except _GaveUp:
            stalled = (f"{label} {what}" for label, what in self.seen.stalled.items())
            self.seen.given_up = f"{', '.join(stalled)}; no more was tried"

    def _activate(self, beside: list[str], main: str) -> None:
        for name in beside:
            self.told(f"activating {name.partition('/')[0]}")
            needed = self.site.act("activate", [name], "its activation")
            refused = needed.report.of_kind("refused")
            failure = needed.failure or (refused[0].message if refused else "")
            if failure:
                raise CannotBoot(
                    f"{name.partition('/')[0]} does not start on"
                    f" WordPress {self.template.version}: {failure}"
                )
        self.told("activating it")
        label = "its activation"
        done = self._take(self.site.act("activate", [main], label))
        refused = done.report.of_kind("refused")
        # WordPress calls output during activation an error, and keeps the plugin active.
        hard = [event for event in refused if event.what != "unexpected_output"]
        self.seen.refusal = done.failure or (hard[0].message if hard else "")
        self.seen.activated = not self.seen.refusal

    def _pages(self) -> None:
        own: list[Page] = []
        for page in PAGES:
            shown = self._visit(page)
            if page is ADMIN:
                own = self._own_pages(shown)
        for page in own[: self.site.limits.pages]:
            self._visit(page)
        for page in own[self.site.limits.pages :]:
            self.seen.failed[page.label] = "more pages than are looked at"

    def _own_pages(self, dashboard: Seen) -> list[Page]:
        """What the plugin put into the menu, and the lists and editors of its types."""
        report = dashboard.report
        addresses = list(report.pages)
        for kind in sorted(set(report.types) - self.template.types):
            addresses += [
                f"/wp-admin/edit.php?post_type={kind}",
                f"/wp-admin/post-new.php?post_type={kind}",
            ]
        addresses += [
            f"/wp-admin/edit-tags.php?taxonomy={name}"
            for name in sorted(set(report.taxonomies) - self.template.taxonomies)
        ]
        pages = {}
        for address in addresses:
            page = page_of(address, "")
            if page is not None:
                pages[page.uri] = Page(f"the page {page.uri}", page.script, page.uri)
        return list(pages.values())

    def _visit(self, page: Page) -> Seen:
        self.told(page.label)
        shown = self._take(self.site.visit(page))
        if shown.failure:
            self.seen.failed[shown.label] = shown.failure
        else:
            self.seen.visited.append(shown.label)
        return shown

    def _entries(self, kind: str) -> None:
        """Each process goes on behind the entry point that ended the one before."""
        first = 0
        for _ in range(self.site.limits.restarts):
            self.told(f"its entry points ({kind}), from number {first + 1}")
            shown = self._take(self.site.run_entries(kind, first))
            report = shown.report
            self.seen.known |= set(report.known)
            self.seen.run |= set(report.finished)
            if report.running:
                first += len(report.finished) + 1
                if not shown.ran.ended:
                    # It ended the request, as many handlers do: that is a way to finish.
                    self.seen.run.add(report.running)
            elif report.whole and not report.of_kind("fatal"):
                return
            else:
                # It did not come to its first entry point, or all have had their turn.
                return

    def _abroad(self) -> None:
        self.site.locale = ABROAD
        for page in PAGES_ABROAD:
            self._visit(page)
        self.site.locale = ""

    def _leave(self, main: str) -> None:
        for deed, label in (("deactivate", "its deactivation"), ("uninstall", "its removal")):
            self.told(label)
            done = self._take(self.site.act(deed, [main], label))
            if done.failure:
                self.seen.failed[label] = done.failure
            else:
                self.seen.visited.append(label)

    def _take(self, shown: Seen) -> Seen:
        self.seen.events += shown.report.events
        self.seen.loaded |= shown.report.loaded
        self.seen.cpu += shown.ran.cpu
        fatal = shown.report.of_kind("fatal")
        stopped = [event for event in fatal if OUT_OF_CPU in event.message]
        if shown.ran.ended or stopped:
            label = stopped[0].request if stopped else shown.report.running or shown.label
            self.seen.stalled[label] = shown.ran.in_words or _USED_UP
            if len(self.seen.stalled) >= self.site.limits.stalls:
                raise _GaveUp
        return shown

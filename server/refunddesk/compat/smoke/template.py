"""A release made ready once: unpacked, installed, seen to work; every check copies its site."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refunddesk.compat.archive import SourceTree, open_tree
from refunddesk.compat.smoke.dropin import DropIn, install_drop_in, write_files
from refunddesk.compat.smoke.keeping import STRANGER, KeeperLost, keeping, runs_as_stranger
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.smoke.php import CannotBoot, Php
from refunddesk.compat.smoke.site import ADMIN, FRONT, Layout, Site, clear

_INSIDE = Path(__file__).with_name("inside")
_VERSION = re.compile(rb"\$wp_version\s*=\s*['\"]([^'\"]+)['\"]")
_FLOOR = re.compile(rb"\$required_php_version\s*=\s*['\"]([^'\"]+)['\"]")
_NEEDED = ("wp-settings.php", "wp-load.php", "wp-admin/includes/upgrade.php")


@dataclass(frozen=True, slots=True)
class Template:
    """One release, ready to be copied. `types` and `taxonomies` it has without any plugin."""

    version: str
    sha256: str
    layout: Layout
    cookies: dict[str, str]
    types: frozenset[str]
    taxonomies: frozenset[str]


def prepare(
    release: Path, drop_in: DropIn, php: Php, cache: Path, limits: Limits | None = None
) -> Template:
    """The template of the WordPress at `release`, from `cache` if it was made before.

    Raises CannotBoot where it is no release, does not start, or `cache` cannot serve.
    """
    limits = limits or Limits()
    cache = _usable(cache)
    with open_tree(release) as tree:
        version = _version_of(tree, release, php)
        key = _key(tree.sha256, drop_in.sha256, php.version)
        folder = cache / f"wordpress-{_plain(version)}-{key}"
        with _alone(cache / f"{folder.name}.lock"):
            ready = folder / "ready.json"
            if not ready.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                layout = _lay_out(tree, drop_in, php, folder)
                told = _install(layout, version, limits)
                ready.write_text(json.dumps(told))
            told = json.loads(ready.read_text())
    return Template(
        version=version,
        sha256=tree.sha256,
        layout=Layout(folder, php),
        cookies=told["cookies"],
        types=frozenset(told["types"]),
        taxonomies=frozenset(told["taxonomies"]),
    )


def _usable(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    # PHP compares real paths.
    cache = cache.resolve()
    closed = next((p for p in (cache, *cache.parents) if not p.stat().st_mode & 0o001), None)
    if runs_as_stranger() and closed is not None:
        raise CannotBoot(
            f"{closed} is closed to other users, and plugins are run as one:"
            " name a folder for --cache that everyone may enter"
        )
    (cache / "sites").mkdir(exist_ok=True)
    return cache


def _version_of(tree: SourceTree, release: Path, php: Php) -> str:
    missing = next((path for path in _NEEDED if path not in tree.paths), None)
    if missing is not None:
        raise CannotBoot(f"{release.name} cannot be started: it has no {missing}")
    text = tree.read("wp-includes/version.php")
    version, floor = _VERSION.search(text), _FLOOR.search(text)
    if version is None:
        raise CannotBoot(f"{release.name} does not say which version it is")
    if floor is not None and _numbers(php.version) < _numbers(floor[1].decode()):
        raise CannotBoot(
            f"WordPress {version[1].decode()} needs PHP {floor[1].decode()}, here is {php.version}"
        )
    return version[1].decode()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _plain(version: str) -> str:
    return re.sub(r"[^0-9A-Za-z.]+", "-", version)[:40]


def _key(*parts: str) -> str:
    """Changes with whatever a template is made of, the scripts beside this module included."""
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in sorted(_INSIDE.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process makes a template; the others wait for it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lay_out(tree: SourceTree, drop_in: DropIn, php: Php, folder: Path) -> Layout:
    layout = Layout(folder, php)
    for place in (layout.core, layout.compiled, layout.drop_in):
        place.mkdir(parents=True)
    # Its themes and plugins would be in the way of the one under test.
    write_files(tree, layout.core, "wp-content/")
    (layout.core / "wp-config.php").write_text(
        "<?php\nrequire dirname( __DIR__ ) . '/inside/config.php';\n"
    )
    shutil.copytree(_INSIDE, layout.inside)
    site = layout.seed
    for path in ("content/plugins", "content/uploads", "content/languages/plugins", "db", "tmp"):
        (site / path).mkdir(parents=True)
    shutil.copytree(_INSIDE / "theme", site / "content/themes/smoke")
    (site / "content/db.php").write_text(install_drop_in(drop_in, layout.drop_in))
    give_to_stranger(site, layout.compiled)
    for part in (layout.core, layout.inside, layout.drop_in):
        _open_to_all(part)
    folder.chmod(0o755)
    return layout


def _open_to_all(folder: Path) -> None:
    """Lets everybody read below a folder, whatever the caller's umask is."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def give_to_stranger(*places: Path) -> None:
    """Makes the user that plugins run as the owner of everything below."""
    if not runs_as_stranger():
        return
    for place in places:
        subprocess.run(["/bin/chown", "-R", f"{STRANGER}:{STRANGER}", "--", str(place)], check=True)


def _install(layout: Layout, version: str, limits: Limits) -> dict[str, Any]:
    """Installs the seed site, and looks at two pages: a release that fails alone tells nothing."""
    try:
        with keeping(layout.seed, limits) as keeper:
            site = Site(layout, layout.seed, keeper, limits, own=layout.seed / "content/none")
            installed = site.run("install.php", "its installation", "wp-admin/install.php")
            cookies = dict(installed.report.cookies)
            _check_works(
                installed.failure if cookies else installed.failure or "no cookie", version
            )
            site.cookies = cookies
            _check_works(site.visit(FRONT).failure, version)
            seen = site.visit(ADMIN)
            _check_works(seen.failure, version)
    except KeeperLost as lost:
        raise CannotBoot(f"WordPress {version} does not run here: {lost}") from None
    for left in (site.report_path, layout.seed / "tmp" / "php.log"):
        clear(left)
    return {
        "cookies": cookies,
        "types": list(seen.report.types),
        "taxonomies": list(seen.report.taxonomies),
    }


def _check_works(failure: str, version: str) -> None:
    if failure:
        raise CannotBoot(f"WordPress {version} does not run here without the plugin: {failure}")


def remove(folder: Path) -> None:
    """Deletes a site whatever its plugin made of it: closed folders, or folders without end."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["/bin/chmod", "-R", "u+rwX", "--", str(folder)], check=False)
        subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=False)


def forget_compiled(layout: Layout, site: Path) -> None:
    """Deletes what PHP kept of a site's own files; core's stay for the next check."""
    for system in layout.compiled.iterdir() if layout.compiled.is_dir() else ():
        kept = system / str(site).lstrip("/")
        if os.path.isdir(kept):
            remove(kept)

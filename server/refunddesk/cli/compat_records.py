"""`refunddesk compat`, the part with a memory: releases and plugins that the desk keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.cli.opening import opened
from refunddesk.compat.lifecycle import Lifecycle
from refunddesk.compat.surface import Surface
from refunddesk.compat.versions import compare
from refunddesk.db import checks, plugins, releases
from refunddesk.db.schema import SchemaOutdated, check_current
from refunddesk.services import plugins as vendor
from refunddesk.services import releases as published
from refunddesk.services.comparisons import get_surface, known_history
from refunddesk.services.compat_files import plugin_zip
from refunddesk.services.edges import Edges
from refunddesk.settings import SettingsIncomplete, read_settings

_ACTOR = "cli"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("place", type=click.Path(exists=True, path_type=Path))
def add_release(place: Path) -> None:
    """Take in a WordPress or WooCommerce release: a zip, or the directory it was unpacked to.

    Every current plugin version is then checked on it.
    """
    with opened() as (edges, _):
        check_current(edges.database)
        release, is_new = published.add_release(edges, place, by=_ACTOR)
    if is_new:
        click.echo(f"{release.title} was read; the plugins are checked on it now.")
    else:
        click.echo(f"{release.title} was known already; nothing was changed.")


@click.command()
@click.argument("zip_file", metavar="ZIP", type=_FILE)
@click.option(
    "--product",
    "products",
    multiple=True,
    help="What the store sells it as (the SKU or slug of its orders); may be repeated.",
)
def add_plugin(zip_file: Path, products: tuple[str, ...]) -> None:
    """Take in a zip of a plugin of the store's own.

    It is checked on the releases that are known, and on each that comes out later.
    """
    with opened() as (edges, _):
        check_current(edges.database)
        version, is_new = vendor.add_plugin(
            edges, zip_file, zip_file.name, by=_ACTOR, products=products
        )
    said = "was taken in and is read now" if is_new else "was known already"
    click.echo(f"{version.title} ({version.slug}) {said}: sha256 {version.sha256}")


@click.command()
def status() -> None:
    """Show the plugins, the releases, and the newest verdict of each pair."""
    with opened() as (edges, _), edges.database.read() as transaction:
        check_current(edges.database)
        for feed in releases.list_feeds(transaction):
            if feed.trouble:
                click.echo(f"The feed of {feed.product} cannot be read: {feed.trouble}")
        known = releases.list_releases(transaction)
        for release in known:
            state = "read" if release.read_at else release.trouble or "not read yet"
            click.echo(f"{release.title} ({release.channel.value}): {state}")
        last = checks.list_last(transaction)
        for version in plugins.list_current(transaction):
            click.echo(f"{version.title} ({version.slug})")
            if version.trouble:
                click.echo(f"  not read: {version.trouble}")
            for release in known:
                check = last.get((version.id, release.id))
                if check:
                    click.echo(f"  {check.verdict.value:13} {release.title}, check {check.id}")


@dataclass(frozen=True, slots=True)
class Records:
    """What a desk on this machine knows."""

    edges: Edges

    def history_of(self, product: str) -> Lifecycle:
        """The shipped history and the finished releases after it."""
        with self.edges.database.read() as transaction:
            return known_history(transaction, product)

    def find_surface(self, product: str, version: str) -> Surface | None:
        """A recorded release of exactly this version, candidates included."""
        with self.edges.database.read() as transaction:
            release = releases.find_release(transaction, product, version)
            if release is None or release.read_at is None:
                return None
            return get_surface(transaction, release)

    def find_zip(self, name: str) -> Path | None:
        """The zip of a plugin named "slug" (its current version) or "slug@version"."""
        slug, _, wanted = name.partition("@")
        with self.edges.database.read() as transaction:
            versions = [one for one in plugins.list_versions(transaction) if one.slug == slug]
        for one in versions:
            if not wanted or compare(one.version, wanted) == 0:
                place = plugin_zip(self.edges, one.sha256)
                return place if place.is_file() else None
        return None


@contextmanager
def records() -> Iterator[Records | None]:
    """The desk that the settings name; None where there is none, or none of this version."""
    try:
        url = make_url(read_settings().database_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            yield None  # looking must not make a database
            return
    except SettingsIncomplete:
        yield None
        return
    with opened() as (edges, _):
        try:
            check_current(edges.database)
        except (SchemaOutdated, SQLAlchemyError):
            yield None
        else:
            yield Records(edges)

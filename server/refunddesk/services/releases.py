"""New releases of WordPress and WooCommerce: heard of, fetched, read, and handed in by hand."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection

from refunddesk.compat.archive import ArchiveRefused, open_tree
from refunddesk.compat.index import NotARelease, index_release
from refunddesk.compat.lifecycle import pack_surface
from refunddesk.compat.surface import PRODUCT_NAMES, Surface
from refunddesk.compat.versions import compare
from refunddesk.db import outbox, plugins, releases
from refunddesk.db.history import record_deed
from refunddesk.db.releases import Channel, FeedState, Release
from refunddesk.feeds.client import FeedAnswer, FeedUnreachable
from refunddesk.feeds.offers import FeedStrange, Offer
from refunddesk.jobnames import JobName
from refunddesk.services.compat_files import incoming, move_in, release_zip
from refunddesk.services.edges import Edges
from refunddesk.services.fan_out import promise_checks_of_release
from refunddesk.services.refusal import Refusal

log = structlog.get_logger(__name__)

#: wordpress.org's own programs ask as often.
_EVERY = timedelta(hours=12)
#: Spread over an hour, so that not all desks of the world ask at once.
_JITTER_SECONDS = 3600
_FIRST_PAUSE = timedelta(minutes=15)
#: A zip that could not be fetched or read is fetched again after this.
_FETCH_AGAIN = timedelta(hours=1)
_ACTOR = "releases"


class ReleaseRefused(Refusal):
    """What was given is no release that can be read. Nothing of it was kept."""


class NoSuchRelease(Refusal):
    """No release has this number."""


def promise_readings(edges: Edges) -> None:
    """Have each feed read whose time has come; none while no plugin is known to check."""
    now = edges.clock()
    with edges.database.write() as transaction:
        if not plugins.has_plugins(transaction):
            return
        for product in edges.feeds.addresses:
            state = releases.find_feed(transaction, product)
            if state is None or state.next_at <= now:
                outbox.promise(transaction, JobName.READ_FEED, product, due_at=now)


def read_feed(edges: Edges, product: str) -> None:
    """Read one feed, record what is new, and say when it is read again.

    A feed that is away or strange is told of on the desk and asked again with growing pauses.
    """
    if product not in edges.feeds.addresses:
        return
    with edges.database.read() as transaction:
        before = releases.find_feed(transaction, product)
    try:
        answer = edges.feeds.read(
            product, before.etag if before else None, before.last_modified if before else None
        )
    except (FeedUnreachable, FeedStrange) as error:
        _record_trouble(edges, product, before, str(error))
        return
    now = edges.clock()
    with edges.database.write() as transaction:
        for offer in answer.offers if answer else ():
            _record_offer(transaction, offer, now)
        _record_reading(edges, transaction, product, before, answer)


def read_release(edges: Edges, release_id: int) -> datetime | None:
    """Fetch a release that a feed named, read it, and promise the checks on it.

    None when it is read; else when to try again: its trouble is kept in its row. Raises
    NoSuchRelease.
    """
    with edges.database.read() as transaction:
        release = releases.get_release(transaction, release_id)
    if release is None:
        raise NoSuchRelease(f"There is no release {release_id}.")
    if release.read_at is not None or release.zip_url is None:
        return None
    try:
        with incoming(edges) as place:
            edges.feeds.download(release.product, release.zip_url, place)
            surface = _read(place, release.title)
            _check_same(surface, release)
            move_in(place, release_zip(edges, surface.sha256))
    except (FeedUnreachable, FeedStrange, ReleaseRefused) as error:
        return _record_not_read(edges, release, str(error))
    with edges.database.write() as transaction:
        _record_read(transaction, release.id, surface, edges.clock(), _ACTOR)
    return None


def add_release(edges: Edges, place: Path, *, by: str) -> tuple[Release, bool]:
    """Read a release from a zip or directory, and promise the checks on it.

    False: it was read before, and nothing was changed. Raises ReleaseRefused.
    """
    surface = _read(place, str(place))
    now = edges.clock()
    with edges.database.read() as transaction:
        known = releases.find_release(transaction, surface.product, surface.version)
    if known is not None and known.read_at is not None:
        return known, False
    if place.is_file():
        with incoming(edges) as copy:
            shutil.copyfile(place, copy)
            move_in(copy, release_zip(edges, surface.sha256))
    with edges.database.write() as transaction:
        release_id = known.id if known else _insert(transaction, surface, now)
        _record_read(transaction, release_id, surface, now, by)
        added = releases.get_release(transaction, release_id)
    assert added is not None
    return added, True


def _read(place: Path, called: str) -> Surface:
    try:
        with open_tree(place) as tree:
            return index_release(tree)
    except (ArchiveRefused, NotARelease) as refusal:
        told = str(refusal).replace(place.name, called).replace(place.stem, called)
        raise ReleaseRefused(f"{told}. Nothing was kept.") from None


def _check_same(surface: Surface, release: Release) -> None:
    if surface.product != release.product or compare(surface.version, release.version) != 0:
        raise ReleaseRefused(
            f"The zip offered as {release.title} holds {surface.title}. It was not kept."
        )


def _insert(transaction: Connection, surface: Surface, now: datetime) -> int:
    release_id = releases.insert_release_once(
        transaction,
        surface.product,
        surface.version,
        channel=Channel.CANDIDATE if "-" in surface.version else Channel.STABLE,
        php_floor=surface.php_floor,
        zip_url=None,
        now=now,
    )
    if release_id is None:  # a job was quicker
        known = releases.find_release(transaction, surface.product, surface.version)
        assert known is not None
        return known.id
    return release_id


def _record_read(
    transaction: Connection, release_id: int, surface: Surface, now: datetime, by: str
) -> None:
    releases.record_surface(
        transaction,
        release_id,
        sha256=surface.sha256,
        php_floor=surface.php_floor,
        surface=pack_surface(surface),
        now=now,
    )
    promised = promise_checks_of_release(transaction, release_id, now)
    record_deed(
        transaction,
        at=now,
        actor=by,
        action="release_read",
        subject=f"release:{release_id}",
        data={"release": surface.title, "sha256": surface.sha256, "checks": promised},
    )


def _record_not_read(edges: Edges, release: Release, trouble: str) -> datetime:
    log.warning("release not read", release=release.title, because=trouble)
    with edges.database.write() as transaction:
        releases.record_trouble(transaction, release.id, trouble)
    return edges.clock() + _FETCH_AGAIN


def _record_offer(transaction: Connection, offer: Offer, now: datetime) -> None:
    # The feed says "7.1", the zip "7.1.0", or the other way round: one release.
    if releases.find_release(transaction, offer.product, offer.version) is not None:
        return
    release_id = releases.insert_release_once(
        transaction,
        offer.product,
        offer.version,
        channel=Channel.CANDIDATE if offer.candidate else Channel.STABLE,
        php_floor=offer.php_floor,
        zip_url=offer.zip_url,
        now=now,
    )
    if release_id is None:
        return
    outbox.promise(transaction, JobName.READ_RELEASE, release_id, due_at=now)
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="release_found",
        subject=f"release:{release_id}",
        data={"release": f"{PRODUCT_NAMES[offer.product]} {offer.version}"},
    )


def _record_reading(
    edges: Edges,
    transaction: Connection,
    product: str,
    before: FeedState | None,
    answer: FeedAnswer | None,
) -> None:
    now = edges.clock()
    unchanged = before if answer is None else None
    jitter = int.from_bytes(edges.random_bytes(4)) % _JITTER_SECONDS
    state = FeedState(
        product=product,
        etag=unchanged.etag if unchanged else answer.etag if answer else None,
        last_modified=unchanged.last_modified
        if unchanged
        else answer.last_modified
        if answer
        else None,
        read_at=now,
        next_at=now + _EVERY + timedelta(seconds=jitter),
        failures=0,
        trouble=None,
        trouble_since=None,
    )
    releases.record_feed(transaction, state)
    if before is not None and before.trouble is not None:
        _tell(transaction, product, "feed_read_again", "", now)


def _record_trouble(edges: Edges, product: str, before: FeedState | None, trouble: str) -> None:
    now = edges.clock()
    failures = before.failures if before else 0
    pause: timedelta = min(_FIRST_PAUSE * (2 ** min(failures, 10)), _EVERY)
    new = FeedState(product, None, None, None, now, 0, None, None)
    state = replace(
        before or new,
        next_at=now + pause,
        failures=failures + 1,
        trouble=trouble,
        trouble_since=(before.trouble_since if before else None) or now,
    )
    log.warning("feed not read", product=product, because=trouble, again_at=str(state.next_at))
    with edges.database.write() as transaction:
        releases.record_feed(transaction, state)
        if before is None or before.trouble is None:
            _tell(transaction, product, "feed_not_read", trouble, now)


def _tell(transaction: Connection, product: str, action: str, detail: str, now: datetime) -> None:
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action=action,
        subject=f"feed:{product}",
        data={"detail": detail} if detail else {},
    )

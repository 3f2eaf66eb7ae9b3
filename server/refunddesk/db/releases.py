"""The WordPress and WooCommerce releases this desk knows, and how reading their feeds goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.compat.surface import PRODUCT_NAMES
from refunddesk.compat.versions import compare, version_key
from refunddesk.db.tables import release_feeds, releases


class Channel(StrEnum):
    STABLE = "stable"
    CANDIDATE = "candidate"  # a beta or release candidate: an early warning


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a product. Until it was read, `sha256` and `read_at` are None.

    `trouble` is why the last try to read it failed.
    """

    id: int
    product: str
    version: str
    channel: Channel
    php_floor: str
    zip_url: str | None
    sha256: str | None
    found_at: datetime
    read_at: datetime | None
    trouble: str | None

    @property
    def title(self) -> str:
        return f"{PRODUCT_NAMES[self.product]} {self.version}"


@dataclass(frozen=True, slots=True)
class FeedState:
    """`etag` and `last_modified` are what the feed said of its last answer."""

    product: str
    etag: str | None
    last_modified: str | None
    read_at: datetime | None
    next_at: datetime
    failures: int
    trouble: str | None
    trouble_since: datetime | None


#: All but the surface, which is large.
_RELEASE = [column for column in releases.c if column.name != "surface"]


def insert_release_once(
    transaction: Connection,
    product: str,
    version: str,
    *,
    channel: Channel,
    php_floor: str,
    zip_url: str | None,
    now: datetime,
) -> int | None:
    """The id of the new release; None if it is known already."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    new_id: int | None = transaction.scalar(
        upsert(releases)
        .values(
            product=product,
            version=version,
            channel=channel.value,
            php_floor=php_floor,
            zip_url=zip_url,
            found_at=now,
        )
        .on_conflict_do_nothing(index_elements=[releases.c.product, releases.c.version])
        .returning(releases.c.id)
    )
    return new_id


def record_surface(
    transaction: Connection,
    release_id: int,
    *,
    sha256: str,
    php_floor: str,
    surface: bytes,
    now: datetime,
) -> None:
    """The release was read: keep what it offers."""
    transaction.execute(
        update(releases)
        .where(releases.c.id == release_id)
        .values(sha256=sha256, php_floor=php_floor, surface=surface, read_at=now, trouble=None)
    )


def record_trouble(transaction: Connection, release_id: int, trouble: str) -> None:
    transaction.execute(
        update(releases).where(releases.c.id == release_id).values(trouble=trouble[:500])
    )


def find_release(transaction: Connection, product: str, version: str) -> Release | None:
    """By the version as it was found; "7.1" and "7.1.0" are one."""
    return next(
        (one for one in list_releases(transaction, product) if compare(one.version, version) == 0),
        None,
    )


def get_release(transaction: Connection, release_id: int) -> Release | None:
    row = transaction.execute(select(*_RELEASE).where(releases.c.id == release_id)).one_or_none()
    return _release(row) if row else None


def list_releases(transaction: Connection, product: str | None = None) -> list[Release]:
    """Of one product or of both, newest version first."""
    query = select(*_RELEASE)
    if product is not None:
        query = query.where(releases.c.product == product)
    found = [_release(row) for row in transaction.execute(query)]
    return sorted(found, key=lambda one: version_key(one.version), reverse=True)


def find_surface(transaction: Connection, release_id: int) -> bytes | None:
    """What `record_surface` kept."""
    return transaction.scalar(select(releases.c.surface).where(releases.c.id == release_id))


def find_feed(transaction: Connection, product: str) -> FeedState | None:
    row = transaction.execute(
        select(release_feeds).where(release_feeds.c.product == product)
    ).one_or_none()
    return FeedState(**row._mapping) if row else None


def list_feeds(transaction: Connection) -> Sequence[FeedState]:
    rows = transaction.execute(select(release_feeds).order_by(release_feeds.c.product))
    return [FeedState(**row._mapping) for row in rows]


def record_feed(transaction: Connection, state: FeedState) -> None:
    """Keep how the reading of the feed went, in the place of what was known before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    values: dict[str, Any] = {
        "product": state.product,
        "etag": state.etag,
        "last_modified": state.last_modified,
        "read_at": state.read_at,
        "next_at": state.next_at,
        "failures": state.failures,
        "trouble": state.trouble,
        "trouble_since": state.trouble_since,
    }
    transaction.execute(
        upsert(release_feeds)
        .values(**values)
        .on_conflict_do_update(index_elements=[release_feeds.c.product], set_=values)
    )


def _release(row: Row[Any]) -> Release:
    return Release(**{**row._mapping, "channel": Channel(row.channel)})

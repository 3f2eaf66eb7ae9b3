"""Answers whoever holds a licence key: may it be used here, and where is it in use?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import licenses
from refunddesk.db.licenses import Activation, License
from refunddesk.licensing import InUse, NotASite, Standing
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import SiteNotUsable, not_known
from refunddesk.services.use_after_refund import note_use

#: What a site is noted to have asked is right to the day: each call would be a write otherwise.
_SEEN_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownLicense:
    """What the holder of a key may know. `sites` are the places taken, of `sites_limit`."""

    standing: Standing
    product: str
    expires_at: datetime | None
    sites: int
    sites_limit: int
    activations: tuple[Activation, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """How a licence stands on one site."""

    site: str
    is_staging: bool
    license: KnownLicense


def validate(edges: Edges, key: str, address: str, *, wants_update: bool = False) -> Validation:
    """May the licence be used on the site at `address` now? Its standing says so, or why not.

    A licence that ended with a refund and is used all the same raises a suspicion for staff.
    Raises SiteNotUsable, LicenseNotKnown.
    """
    now = edges.clock()
    try:
        site = licensing.site_name(address)
    except NotASite as error:
        raise SiteNotUsable(f"Nothing was looked up: {error}.") from None
    with edges.database.read() as transaction:
        license, known = _look_up(transaction, key, now)
        latest = licenses.find_latest_activation(transaction, license.id, site)
    if latest is not None and (latest.seen_at is None or now >= latest.seen_at + _SEEN_AGAIN):
        with edges.database.write() as transaction:
            licenses.record_seen(transaction, latest.id, at=now)
    standing = known.standing
    if standing is Standing.ENDED_REFUNDED:
        note_use(edges, license, wants_update=wants_update, now=now)
    if standing is Standing.VALID:
        in_use = [InUse(one.site, one.is_staging) for one in known.activations]
        standing = licensing.site_standing(site, in_use, known.sites_limit)
    is_staging = latest.is_staging if latest else licensing.is_staging(site)
    return Validation(site, is_staging, _standing(known, standing))


def show_license(edges: Edges, key: str) -> KnownLicense:
    """The licence of this key and the sites it is in use on. Raises LicenseNotKnown."""
    now = edges.clock()
    with edges.database.read() as transaction:
        return _look_up(transaction, key, now)[1]


def _look_up(transaction: Connection, key: str, now: datetime) -> tuple[License, KnownLicense]:
    # One hash and one look-up whatever the key is: the time tells no more than the answer.
    found = licenses.find_license_by_key(transaction, licensing.key_hash(key))
    if found is None:
        raise not_known()
    license, is_customer_accused = found
    standing = licensing.license_standing(
        license.state,
        license.ended_as,
        license.expires_at,
        is_customer_accused=is_customer_accused,
        now=now,
    )
    in_use = tuple(licenses.list_active(transaction, [license.id]))
    taken = sum(not one.is_staging for one in in_use)
    known = KnownLicense(
        standing, license.product, license.expires_at, taken, license.sites_limit, in_use
    )
    return license, known


def _standing(known: KnownLicense, standing: Standing) -> KnownLicense:
    return KnownLicense(
        standing,
        known.product,
        known.expires_at,
        known.sites,
        known.sites_limit,
        known.activations,
    )

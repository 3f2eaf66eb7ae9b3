"""Licences: switched on and off by sites, given new keys, ended with the refund."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import licenses, requests, staging_patterns
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import Activation, License
from refunddesk.db.orders import Order
from refunddesk.licensing import NotASite
from refunddesk.services import receipts
from refunddesk.services.edges import Edges
from refunddesk.services.receipts import no_such_activation
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import wake

_KEY_TAIL = 4


class LicenseNotKnown(Refusal):
    """The key or token opens nothing: unknown, ended, expired or blocked. It never says which."""


class SiteNotUsable(Refusal):
    """The address given is not one of a site."""


class SitesLimitReached(Refusal):
    """The licence is in use on as many sites as it may."""


class LicenseGivenUp(Refusal):
    """The licence is said to be destroyed, or its price is on the way back."""


class NoSuchLicense(Refusal):
    """No licence has this id."""


class LicenseEnded(Refusal):
    """The licence has ended; it gets no new key."""


@dataclass(frozen=True, slots=True)
class Activated:
    """A site switched on. `token` is told this once: it switches the site off again.

    `sites` are the places taken, of `sites_limit`; a staging site takes none.
    """

    site: str
    token: str = field(repr=False)
    is_staging: bool
    sites: int
    sites_limit: int


def activate(edges: Edges, key: str, address: str) -> Activated:
    """Switch the licence on for the site at `address`.

    A site that is on already gets a fresh token and takes no second place. Raises SiteNotUsable,
    LicenseNotKnown, SitesLimitReached, LicenseGivenUp.
    """
    now = edges.clock()
    try:
        site = licensing.site_name(address)
    except NotASite as error:
        raise SiteNotUsable(f"Nothing was switched on: {error}.") from None
    with edges.database.read() as transaction:
        license = _find_usable(transaction, key, now)
    with edges.database.write() as transaction:
        locked = licenses.lock_license(transaction, license.id)
        if locked is None or not licensing.is_usable(locked.state, locked.expires_at, now):
            raise not_known()
        if locked.order_id and requests.is_license_given_up(transaction, locked.order_id):
            raise LicenseGivenUp(
                "This licence is being given back, so it cannot be switched on. To keep it, "
                "withdraw the refund request first."
            )
        return _switch_on(transaction, locked, site, now, edges.random_bytes)


def deactivate(edges: Edges, token: str) -> Activation:
    """Switch off the site that holds `token`; once more changes nothing.

    Switching off the last site wakes a refund request that waits for it. Raises LicenseNotKnown.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        activation = licenses.find_activation_by_token(transaction, licensing.token_hash(token))
    if activation is None:
        raise not_known()
    with edges.database.write() as transaction:
        return switch_off(edges, transaction, activation, now, by="site")


def deactivate_by_owner(edges: Edges, order: Order, activation_id: int) -> Activation:
    """Switch off a site for whoever has proven to own `order`.

    Raises NoSuchActivation, also for an activation of somebody else's licence.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        owned = licenses.list_licenses(transaction, order.id, order.subscription_id)
        activation = licenses.find_activation(transaction, activation_id)
        if activation is None or activation.license_id not in {one.id for one in owned}:
            raise no_such_activation(activation_id)
        return switch_off(edges, transaction, activation, now, by=f"order:{order.id}")


def deactivate_by_staff(edges: Edges, activation_id: int, *, because: str, by: str) -> Activation:
    """Switch off a site in the customer's stead; `because` is kept for ever: no personal data.

    Raises NoSuchActivation.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        activation = licenses.find_activation(transaction, activation_id)
        if activation is None:
            raise no_such_activation(activation_id)
        return switch_off(edges, transaction, activation, now, by=by, because=because)


def new_key(edges: Edges, license_id: int, *, by: str) -> str:
    """A fresh key for the licence, told this once; the old one opens nothing any more.

    Sites that are on stay on. Raises NoSuchLicense, LicenseEnded.
    """
    now = edges.clock()
    key = licensing.new_key(edges.random_bytes)
    with edges.database.write() as transaction:
        license = licenses.lock_license(transaction, license_id)
        if license is None:
            raise NoSuchLicense(f"There is no licence {license_id}.")
        if license.state != "active":
            raise LicenseEnded(
                f"Licence {license_id} has ended ({license.state_because}). No key was made."
            )
        licenses.change_key(
            transaction,
            license_id,
            key_hash=licensing.key_hash(key),
            key_ends_with=key[-_KEY_TAIL:],
        )
        _tell(transaction, license_id, now, by, "license_key_changed")
    return key


def end(
    edges: Edges,
    transaction: Connection,
    license_id: int,
    because: str,
    now: datetime,
    actor: str,
    *,
    ended_as: str = "refunded",
) -> bool:
    """Take the right back and switch off every site; False if it had ended before.

    Whoever ends several locks all of them first (`list_licenses`). `ended_as` is "refunded" or
    "revoked".
    """
    license = licenses.lock_license(transaction, license_id)
    if license is None or not licenses.end_license(
        transaction, license_id, because=because, ended_as=ended_as, at=now
    ):
        return False
    in_use = licenses.list_active(transaction, [license_id])
    for activation in in_use:
        licenses.end_activation(transaction, activation.id, deactivated_by=actor, at=now)
        receipts.record_off(transaction, edges.sealer, license, activation, now=now, by=actor)
    _tell(transaction, license_id, now, actor, "license_ended", because=because, sites=len(in_use))
    _wake_waiting(transaction, license, now)
    return True


def not_known() -> LicenseNotKnown:
    """The one answer for every key and token that opens nothing."""
    return LicenseNotKnown("There is no licence in use here by this key or token.")


def _find_usable(transaction: Connection, key: str, now: datetime) -> License:
    # One hash and one look-up whatever the key is: the time tells no more than the answer.
    found = licenses.find_license_by_key(transaction, licensing.key_hash(key))
    if found is None:
        raise not_known()
    license, is_customer_accused = found
    if is_customer_accused or not licensing.is_usable(license.state, license.expires_at, now):
        raise not_known()
    return license


def _switch_on(
    transaction: Connection,
    license: License,
    site: str,
    now: datetime,
    random_bytes: Callable[[int], bytes],
) -> Activated:
    token = licensing.new_token(random_bytes)
    hashed = licensing.token_hash(token)
    own = staging_patterns.list_patterns(transaction, license.store_id)
    is_staging = licensing.is_staging(site, own)
    in_use = {held.site: held for held in licenses.list_active(transaction, [license.id])}
    taken_by = {held.site for held in in_use.values() if not held.is_staging}
    if not is_staging and not licensing.has_room(site, taken_by, license.sites_limit):
        raise SitesLimitReached(
            f"This licence is in use on {len(taken_by)} of {license.sites_limit} sites. "
            "Switch it off on one of them first."
        )
    if site in in_use:
        licenses.renew_activation(
            transaction, in_use[site].id, token_hash=hashed, is_staging=is_staging
        )
    else:
        activation_id = licenses.record_activation(
            transaction, license.id, site, token_hash=hashed, at=now, is_staging=is_staging
        )
        _tell(transaction, license.id, now, "site", "site_switched_on", activation=activation_id)
    sites = len(taken_by - {site} if is_staging else taken_by | {site})
    return Activated(site, token, is_staging, sites, license.sites_limit)


def switch_off(
    edges: Edges,
    transaction: Connection,
    activation: Activation,
    now: datetime,
    *,
    by: str,
    **also: str,
) -> Activation:
    """Switch the site off, with its receipt, and wake what waits for it; once more does nothing.

    `also` goes into the audit log.
    """
    # Licences are locked before their sites and before the promise that wakes a request, by
    # everybody: whoever ends several would otherwise wait here for what waits for them.
    license = licenses.lock_license(transaction, activation.license_id)
    assert license is not None, "every activation belongs to a licence"
    if licenses.end_activation(transaction, activation.id, deactivated_by=by, at=now):
        receipts.record_off(transaction, edges.sealer, license, activation, now=now, by=by, **also)
        _wake_waiting(transaction, license, now)
    ended = licenses.find_activation(transaction, activation.id)
    assert ended is not None
    return ended


def _wake_waiting(transaction: Connection, license: License, now: datetime) -> None:
    if license.order_id is not None:
        wake(transaction, requests.list_open_for_license(transaction, license.order_id), now)


def _tell(
    transaction: Connection,
    license_id: int,
    now: datetime,
    actor: str,
    action: str,
    **data: str | int,
) -> None:
    record_deed(
        transaction, at=now, actor=actor, action=action, subject=f"license:{license_id}", data=data
    )

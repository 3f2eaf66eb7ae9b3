"""Frees a licence of a site that its owner cannot reach: their word, and looks over days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import licenses, lost_sites, outbox, stores
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import Activation
from refunddesk.db.lost_sites import Probe
from refunddesk.db.orders import Order
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import switch_off
from refunddesk.services.receipts import no_such_activation
from refunddesk.woocommerce.site_probe import SiteAnswer
from refunddesk.woocommerce.transport import host_of

#: A site down for a weekend is not lost: so many looks must find nothing, a day apart.
LOOKS = 4
_APART = timedelta(days=1)
#: After that many looks that prove nothing a person has to decide.
MOST_LOOKS = 10
_ACTOR = "probes"
_ASKED = SiteAnswer("answers", "it asked about its licence since")


def report_lost(edges: Edges, order: Order, activation_id: int, *, by: str) -> Activation:
    """Keep the word of whoever has proven to own `order` that the site is lost, and look at it.

    Once more changes nothing. Raises NoSuchActivation, also for somebody else's.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        owned = licenses.list_licenses(transaction, order.id, order.subscription_id)
        activation = licenses.find_activation(transaction, activation_id)
        if activation is None or activation.license_id not in {one.id for one in owned}:
            raise no_such_activation(activation_id)
        if lost_sites.record_lost(transaction, activation_id, at=now, by=by):
            _tell(transaction, activation, now, by, "site_said_lost")
            outbox.promise(transaction, JobName.PROBE_SITE, activation_id, due_at=now)
        found = licenses.find_activation(transaction, activation_id)
        assert found is not None
        return found


def look_at_site(edges: Edges, activation_id: int) -> datetime | None:
    """Look at a site said to be lost, and switch it off once enough looks found nothing.

    When to look again, or None. A site that answers, or that asked about its licence since, is not
    lost: its owner must switch it off, or staff must.
    """
    with edges.database.read() as transaction:
        activation = licenses.find_activation(transaction, activation_id)
        if activation is None or activation.lost_at is None or activation.deactivated_at:
            return None
        earlier = lost_sites.list_probes(transaction, activation_id, activation.lost_at)
    now = edges.clock()
    if len(earlier) >= MOST_LOOKS:
        return None
    if again_at := _too_soon(earlier, now):
        return again_at
    answer = _look(edges, activation)
    with edges.database.write() as transaction:
        return _conclude(edges, transaction, activation, answer, now)


def _look(edges: Edges, activation: Activation) -> SiteAnswer:
    if _has_asked(activation):
        return _ASKED
    found = edges.probe_site(activation.site)
    if found.result != "gone":
        return found
    # Where our own line is down every site looks lost: one of the stores must answer meanwhile.
    with edges.database.read() as transaction:
        known = stores.list_stores(transaction)
    for store in known:
        if edges.probe_site(host_of(store.url)).result == "answers":
            return found
    return SiteAnswer("unclear", f"no store answers either ({found.detail})")


def _has_asked(activation: Activation) -> bool:
    seen_at, lost_at = activation.seen_at, activation.lost_at
    return seen_at is not None and lost_at is not None and seen_at > lost_at


def _too_soon(earlier: Sequence[Probe], now: datetime) -> datetime | None:
    """When the next look may be, if not now."""
    again_at = earlier[-1].probed_at + _APART if earlier else now
    return again_at if now < again_at else None


def _conclude(
    edges: Edges,
    transaction: Connection,
    looked_at: Activation,
    answer: SiteAnswer,
    now: datetime,
) -> datetime | None:
    """Write the look down, unless another worker's look of the same day was quicker."""
    licenses.lock_license(transaction, looked_at.license_id)
    activation_id = looked_at.id
    activation = licenses.find_activation(transaction, activation_id)
    if activation is None or activation.lost_at is None or activation.deactivated_at:
        return None
    earlier = lost_sites.list_probes(transaction, activation_id, activation.lost_at)
    if again_at := _too_soon(earlier, now):
        return again_at
    if _has_asked(activation):
        answer = _ASKED
    lost_sites.record_probe(
        transaction, activation_id, result=answer.result, detail=answer.detail, at=now
    )
    if answer.result == "answers":
        lost_sites.drop_lost(transaction, activation_id)
        _tell(transaction, activation, now, _ACTOR, "site_not_lost", found=answer.detail)
        return None
    found_nothing = sum(one.result == "gone" for one in earlier) + (answer.result == "gone")
    if found_nothing >= LOOKS:
        because = f"said to be lost, and {found_nothing} looks found nothing"
        switch_off(edges, transaction, activation, now, by=_ACTOR, because=because)
        return None
    if len(earlier) + 1 >= MOST_LOOKS:
        _tell(transaction, activation, now, _ACTOR, "site_left_to_person", found=answer.detail)
        return None
    return now + _APART


def _tell(
    transaction: Connection,
    activation: Activation,
    now: datetime,
    actor: str,
    action: str,
    **data: str,
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=actor,
        action=action,
        subject=f"license:{activation.license_id}",
        data={"activation": activation.id, **data},
    )

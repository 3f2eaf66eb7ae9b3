"""Support cases: what was reported, completed bit by bit; every change is judged at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.casework import CATEGORIES, Due
from refunddesk.db import attachments, cases, materials, orders, requests, turns
from refunddesk.db.attachments import Attachment
from refunddesk.db.cases import Case, CaseFacts, Report
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.turns import RecordedTurn, WorkQuote
from refunddesk.mail.notices import NoticeKind
from refunddesk.policy.decision import instant_text
from refunddesk.services.case_clock import look_what_is_due, settle_case
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.materials import offer_in
from refunddesk.services.notices import SUPPORT, tell_customer, tell_staff
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder
from refunddesk.sitehealth import read_site_health


class NoSuchCase(Refusal):
    """No case has this id."""


class BelongsToPlatform(Refusal):
    """The trouble is the platform's own, and its makers are to be asked."""


class ProductNotOfOrder(Refusal):
    """The order did not buy the product named."""


class SiteHealthUnreadable(Refusal):
    """The text is not what WordPress copies as its Site Health report."""


class ReportChanged(Refusal):
    """Somebody else wrote into the report while its form was open."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What somebody reports. `opened_at` dates a report that came earlier; None: it comes now.

    `concerns_platform` is the answer to "does it happen without the product, too?".
    `site_health` is a pasted report of WordPress, from which the environment is read.
    """

    order_id: int
    reason: str
    category: str = "bug"
    report: Report = field(default_factory=Report)
    opened_at: datetime | None = None
    concerns_platform: bool = False
    site_health: str | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with all that hangs on it."""

    case: Case
    turns: list[RecordedTurn]
    quotes: list[WorkQuote]
    attachments: list[Attachment]
    due: tuple[Due, ...]
    warnings: tuple[str, ...]


def open_case(edges: Edges, intake: Intake, *, by: str) -> Case:
    """Take down a problem with what was ordered, and let an open request without a case use it.

    Where the product's manuals were not offered before, the mail that confirms the case offers
    them. Raises NoSuchOrder, BelongsToPlatform, ProductNotOfOrder, SiteHealthUnreadable,
    InstantInFuture.
    """
    now = edges.clock()
    if intake.concerns_platform:
        raise BelongsToPlatform(
            "What happens without the product too belongs to the makers of the platform: for "
            "WordPress and WooCommerce, https://wordpress.org/support/. No case was opened."
        )
    opened_at = past_instant("opened_at", intake.opened_at or now, now)
    with edges.database.write() as transaction:
        try:
            order = orders.lock_order(transaction, intake.order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {intake.order_id}. No case was opened.") from None
        report = _with_site_health(intake.report, intake.site_health)
        report = _with_product(transaction, order, report)
        case = cases.record_case(
            transaction,
            order.store_id,
            order.id,
            category=intake.category,
            opened_by=by,
            report=report,
            facts=CaseFacts(
                intake.reason,
                opened_at,
                None,
                materials_offered=materials.was_offered(transaction, order.id),
            ),
        )
        waiting = requests.find_open(transaction, order.id)
        if waiting and waiting.case_id is None:
            requests.link_case(transaction, waiting.id, case.id)
        case = settle_case(edges, transaction, case, now, received_at=opened_at)
        _tell(transaction, case, now, by, "case_opened", {"missing": list(case.facts.missing)})
        return _confirm(edges, transaction, case, order, by, now)


def change_report(
    edges: Edges,
    case_id: int,
    changes: Mapping[str, Any],
    *,
    by: str,
    received_at: datetime | None = None,
    site_health: str | None = None,
    seen: str | None = None,
) -> Case:
    """Write new facts into the report; `changes` are fields of Report, or reason and category.

    `seen` is what `fingerprint` said of the report that the writer had before them.

    `received_at` dates what came by mail earlier: a report that misses nothing any more is
    complete from then. Raises NoSuchCase, ReportChanged, ProductNotOfOrder, SiteHealthUnreadable,
    InstantInFuture.
    """
    now = edges.clock()
    at = past_instant("received_at", received_at, now) if received_at else now
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        if seen not in (None, fingerprint(case)):
            raise ReportChanged(
                f"The report of case {case_id} was changed meanwhile. Nothing was kept: read it, "
                "and change it again."
            )
        order = orders.get_order(transaction, case.order_id)
        of_report = {
            name: value for name, value in changes.items() if name not in ("reason", "category")
        }
        report = _with_site_health(replace(case.report, **of_report), site_health)
        changed = replace(
            case,
            report=_with_product(transaction, order, report),
            category=changes.get("category", case.category),
            facts=replace(case.facts, reason=changes.get("reason", case.facts.reason)),
        )
        if changed == case:
            return case
        changed = settle_case(edges, transaction, changed, now, received_at=at)
        said = {"changed": sorted(changes), "missing": list(changed.facts.missing)}
        _tell(transaction, changed, now, by, "case_changed", said)
    return changed


def fingerprint(case: Case) -> str:
    """What a form carries of the report it was filled with: another one wherever that changed."""
    said = (astuple(case.report), case.category, case.facts.reason)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def show_case(edges: Edges, case_id: int) -> CasePage:
    """Raises NoSuchCase."""
    with edges.database.read() as transaction:
        case = cases.find_case(transaction, case_id)
        if case is None:
            raise _no_such_case(case_id)
        return CasePage(
            case,
            turns.list_turns(transaction, case_id),
            turns.list_quotes(transaction, case_id),
            attachments.list_attachments(transaction, case_id),
            look_what_is_due(edges, transaction, case),
            _warnings(transaction, case),
        )


def list_open_cases(
    edges: Edges, *, side: str | None = None, overdue: bool = False, after: int = 0
) -> list[Case]:
    """Up to a hundred open cases; of a side ("support", "customer") the most urgent first."""
    with edges.database.read() as transaction:
        return cases.list_due(
            transaction, side=side, overdue_at=edges.clock() if overdue else None, after=after
        )


def lock_case(transaction: Connection, case_id: int) -> Case:
    """The case, kept from all other changes; its order is locked first, as everywhere.

    Raises NoSuchCase.
    """
    found = cases.find_case(transaction, case_id)
    if found is None:
        raise _no_such_case(case_id)
    orders.lock_order(transaction, found.order_id)
    locked = cases.lock_case(transaction, case_id)
    assert locked, "cases are never deleted"
    return locked


def _no_such_case(case_id: int) -> NoSuchCase:
    return NoSuchCase(f"There is no case {case_id}. Nothing was changed.")


def _with_site_health(report: Report, text: str | None) -> Report:
    """The report with the environment read from `text`, and the extensions named there."""
    if text is None:
        return report
    facts = read_site_health(text)
    if "wordpress" not in facts:
        raise SiteHealthUnreadable(
            "This is not a Site Health report. Nothing was kept: copy it in WordPress under "
            "Tools, Site Health, Info, and paste it whole."
        )
    extensions = report.other_extensions
    if extensions is None and "plugins" in facts:
        extensions = tuple(f"{name} {version}" for name, version in facts["plugins"])
    return replace(report, environment=facts, other_extensions=extensions)


def _with_product(transaction: Connection, order: Order, report: Report) -> Report:
    """The report with the order's product, where it bought one alone and none was named."""
    items = orders.list_items(transaction, order.id)
    bought = list(dict.fromkeys(item.product for item in items if item.item_kind == "product"))
    if report.product is None:
        return replace(report, product=bought[0]) if len(bought) == 1 else report
    if report.product not in {item.product for item in items}:
        raise ProductNotOfOrder(
            f"Order {order.woo_order_id} did not buy {report.product!r}. Nothing was kept: name "
            f"one of {', '.join(bought) or 'its lines'}."
        )
    return report


def _warnings(transaction: Connection, case: Case) -> tuple[str, ...]:
    """What support should know before it begins, as words for programs."""
    page = materials.find_page(transaction, case.store_id, case.report.product or "")
    host = (case.report.site_url or "").lower().split("//")[-1].split("/")[0]
    if page and page.not_on_wordpress_com and host.endswith("wordpress.com"):
        return ("not_on_wordpress_com",)
    return ()


def _confirm(
    edges: Edges, transaction: Connection, case: Case, order: Order, by: str, now: datetime
) -> Case:
    """Tell both sides, and offer the manuals along where nobody did before."""
    links = offer_in(transaction, order, case.report.product, by=by, now=now)
    if links and not case.facts.materials_offered:
        case = replace(case, facts=replace(case.facts, materials_offered=True))
        cases.change_case(transaction, case)
    due = {one.what: one for one in look_what_is_due(edges, transaction, case)}
    first = due["first_answer"].until
    assert first, "a first answer always has an end"
    tell_customer(
        transaction,
        NoticeKind.CASE_OPENED,
        order,
        about=f"case:{case.id}",
        reference=f"case_opened:{case.id}",
        facts={
            "case": case.id,
            "product": case.report.product or "",
            "missing": list(case.facts.missing),
            "links": links,
            "free": not CATEGORIES[case.category],
            "first_answer_by": instant_text(first),
        },
        now=now,
    )
    tell_staff(
        transaction,
        "case_opened",
        case.store_id,
        about=f"case:{case.id}",
        reference=f"staff:case_opened:{case.id}",
        path=f"/desk/cases/{case.id}",
        to=SUPPORT,
        now=now,
    )
    return case


def _tell(
    transaction: Connection, case: Case, now: datetime, by: str, action: str, said: dict[str, Any]
) -> None:
    # Names of fields and codes alone: what a report says may be about a person.
    record_deed(transaction, at=now, actor=by, action=action, subject=f"case:{case.id}", data=said)

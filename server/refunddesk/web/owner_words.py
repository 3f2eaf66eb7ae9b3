"""An order in the words of the store's administration: facts for its bridge to lay out.

Amounts and sentences are worded here; states are told by their names, which the bridge translates.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refunddesk.money import Money
from refunddesk.policy.wording.catalogue import Language, catalogue
from refunddesk.policy.wording.showing import Showing
from refunddesk.services.desk import Judgement
from refunddesk.services.order_home import LicenseInUse
from refunddesk.services.order_panels import OrderPanel
from refunddesk.web.portal.order import steps_back
from refunddesk.worktime import zone

Json = dict[str, Any]
_MOST_STEPS = 3


class _Teller:
    """Words amounts, and names pages of the desk at `desk_url`."""

    def __init__(self, panel: OrderPanel, language: Language, desk_url: str) -> None:
        order = panel.home.order
        self._words = catalogue(language)
        self._show = Showing(zone(panel.home.store.timezone), order.currency, order.decimals)
        self._desk_url = desk_url

    def money(self, amount: Money) -> str:
        return self._show.money(amount, self._words)

    def page(self, kind: str, number: int) -> str:
        return f"{self._desk_url}/{kind}/{number}"


def word_panel(panel: OrderPanel, language: Language, desk_url: str) -> Json:
    """`desk_url` is the address of the desk's pages."""
    teller, home = _Teller(panel, language, desk_url), panel.home
    return {
        "order": home.order.woo_order_id,
        "url": teller.page("orders", home.order.id),
        "paid_at": _instant(home.order.paid_at),
        "decides": "person" if home.quote is None else "policy",
        "comes_back": [
            {"amount": teller.money(amount), "until": _instant(until)}
            for amount, until in steps_back(home)[:_MOST_STEPS]
        ],
        "request": _request(panel, teller),
        "refunds": [
            {
                "amount": teller.money(one.amount),
                "state": str(one.state),
                "at": _instant(one.settled_at or one.created_at),
                "url": teller.page("refunds", one.id),
            }
            for one in home.refunds
        ],
        "licenses": [_license(one) for one in home.licenses],
    }


def _request(panel: OrderPanel, teller: _Teller) -> Json | None:
    asked = panel.asked
    if asked is None:
        return None
    return {
        "number": asked.request.id,
        "state": asked.request.state,
        "asked_at": _instant(asked.request.asked_at),
        "url": teller.page("requests", asked.request.id),
        "decision": _decision(panel.latest) if panel.latest else None,
    }


def _decision(latest: Judgement) -> Json:
    told, recorded = latest.explained, latest.recorded
    return {
        "outcome": recorded.outcome,
        "judged_at": _instant(recorded.judged_at),
        "clause": recorded.settled_by or "",
        "policy": f"{recorded.policy} {recorded.policy_version}",
        "by_person": latest.override_id is not None,
        "headline": told.headline if told else "",
        "reason": told.reason if told else "",
        "awaits": list(told.awaits) if told else [],
        "trace": [{"clause": one.clause, "says": one.sentence} for one in told.trace]
        if told
        else [],
    }


def _license(one: LicenseInUse) -> Json:
    return {
        "product": one.license.product,
        "key_ends_with": one.license.key_ends_with,
        "state": one.license.state,
        "sites_limit": one.license.sites_limit,
        "expires_at": _instant(one.license.expires_at),
        "sites": [
            {"site": site.site, "is_staging": site.is_staging, "is_lost": site.lost_at is not None}
            for site in one.sites
        ],
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None

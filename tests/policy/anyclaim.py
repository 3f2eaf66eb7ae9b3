"""Any claim that holds together, for properties: Hypothesis draws its interchange form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from refunddesk.policy import claim as facts

_PAID_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
_MISSING = get_args(facts.MissingFact)


def _instant(seconds: int) -> str:
    return (_PAID_AT + timedelta(seconds=seconds)).isoformat()


def _choice(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


def _cents(most: int) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from([0, most]), st.integers(0, most))


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


@st.composite
def _items(draw: st.DrawFn) -> tuple[list[dict[str, Any]], int, int]:
    """The lines, the cents paid for them, and the cents their own refunds make."""
    items, paid_for_all, refunded_of_lines = [], 0, 0
    for number in range(draw(st.integers(1, 4))):
        paid = draw(st.integers(0, 30_000))
        item = {
            "id": str(number),
            "product": draw(st.sampled_from(["crm-portal", "extra-domain", "theme"])),
            "item_kind": draw(st.one_of(st.just("product"), _choice(facts.ItemKind))),
            "quantity": draw(st.sampled_from([1, 2, "1.5"])),
            "paid": _amount(paid),
            "tax": _amount(draw(st.integers(0, 6000))),
            "in_programme": draw(st.sampled_from([True, True, True, False])),
        }
        if draw(st.integers(0, 3)) == 0:
            own = draw(_cents(paid))
            item["refunded"] = _amount(own)
            refunded_of_lines += own
        paid_for_all += paid
        items.append(item)
    return items, paid_for_all, refunded_of_lines


@st.composite
def _case(draw: st.DrawFn, judged: int) -> dict[str, Any] | None:
    if draw(st.integers(0, 5)) == 0:
        return None
    opened = draw(st.integers(0, judged))
    missing = draw(st.one_of(st.just([]), st.lists(st.sampled_from(_MISSING), unique=True)))
    complete = None if missing else draw(st.one_of(st.just(opened), st.integers(opened, judged)))
    return {
        "opened_at": _instant(opened),
        "complete_at": None if complete is None else _instant(complete),
        "missing": missing,
        "reason": draw(st.one_of(st.just("malfunction"), _choice(facts.Reason))),
        "finding": draw(st.one_of(st.just("malfunction"), st.none(), _choice(facts.CaseFinding))),
        "resolved": draw(st.sampled_from([False, False, True])),
        "gave_up_at": draw(st.sampled_from([None, _instant(judged)])),
        "last_customer_reply_at": draw(st.sampled_from([None, _instant(opened)])),
        "materials_offered": draw(st.booleans()),
    }


#: Currencies of two, no and three decimals.
CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}


def in_currency(form: dict[str, Any], currency: str) -> dict[str, Any]:
    """The same claim in another currency, its minor units kept: 12.34 EUR become 1234 JPY."""
    decimals = CURRENCIES[currency]

    def amount(text: str) -> str:
        minor = text.replace(".", "").rjust(decimals + 1, "0")
        return f"{minor[:-decimals]}.{minor[-decimals:]}" if decimals else str(int(minor))

    order = form["order"]
    order["currency"] = currency
    for place in (order, *order["items"]):
        for key in ("paid", "tax", "refunded", "list_price", "gateway_fee"):
            if key in place:
                place[key] = amount(place[key])
    return form


@st.composite
def any_claim_with_further_facts(draw: st.DrawFn) -> dict[str, Any]:
    """A claim of which any optional fact may be known, in any of three currencies."""
    form = draw(any_claim())
    judged = (datetime.fromisoformat(form["judged_at"]) - _PAID_AT) // timedelta(seconds=1)
    instants = st.integers(0, judged).map(_instant)
    further: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "order": {
            "delivered_at": instants, "activated_at": instants, "first_used_at": instants,
            "trial_ends_at": instants, "list_price": _cents(5000).map(_amount),
            "gateway_fee": _cents(1000).map(_amount), "payment_method": st.just("card"),
            "promotion": st.just("spring-sale"),
            "linked_order": st.fixed_dictionaries(
                {"id": st.just("900"), "relation": _choice(facts.Relation),
                 "paid_at": st.just(_instant(-30 * 86400))}
            ),
        },
        "customer": {
            "country": st.sampled_from(["DE", "US", "NO"]), "is_consumer": st.booleans(),
            "refunds_ever": st.integers(0, 3),
            "breaches": st.lists(_choice(facts.Breach), unique=True),
        },
        "case": {"proof_given": st.booleans()},
        "request": {"withdrawal_waived_at": st.just(_instant(0))},
        "license": {
            "downloads": st.integers(0, 3), "uses": st.integers(0, 200),
            "activations": st.integers(0, 3), "last_used_at": instants,
            "uninstalled": st.booleans(),
        },
    }  # fmt: skip
    for place, keys in further.items():
        if form[place] is not None:
            form[place] |= draw(st.fixed_dictionaries({}, optional=keys))
    for item in form["order"]["items"]:
        item |= draw(st.fixed_dictionaries({}, optional={"begun": st.booleans()}))
    dispute = {"id": "d1", "opened_at": _instant(0), "status": "open", "closed_at": None}
    closed = dispute | {"closed_at": _instant(judged)}
    form["disputes"] = draw(st.sampled_from([[], [], [], [dispute], [closed]]))
    return in_currency(form, draw(st.sampled_from(sorted(CURRENCIES))))


@st.composite
def any_claim(draw: st.DrawFn) -> dict[str, Any]:
    items, paid, refunded_of_lines = draw(_items())
    refunded = max(refunded_of_lines, draw(st.one_of(st.just(0), _cents(paid))))
    judged = (
        draw(st.integers(0, 60 * 86400))
        if draw(st.booleans())
        else draw(st.integers(0, 500 * 86400))
    )
    billing = draw(_choice(facts.Billing))
    length = {"monthly": 31, "yearly": 365}.get(billing)
    request = None
    if draw(st.integers(0, 5)):
        request = {
            "at": _instant(draw(st.integers(0, judged))),
            "channel": draw(_choice(facts.Channel)),
            "from_account_address": draw(st.booleans()),
        }
    license_ = None
    if draw(st.booleans()):
        license_ = {
            "active_sites": draw(st.sampled_from([[], [], ["https://a.example"]])),
            "destruction_confirmed_at": draw(st.sampled_from([None, _instant(judged)])),
        }
    earlier = {
        "id": "17", "order_id": "900", "product": "crm-portal", "refunded_at": _instant(-86400),
    }  # fmt: skip
    return {
        "policy": "crmjetty",
        "store": {"timezone": draw(st.sampled_from(["Asia/Kolkata", "Europe/Paris", "-08:00"]))},
        "order": {
            "id": "1001",
            "kind": draw(_choice(facts.OrderKind)),
            "billing": billing,
            "paid_at": _instant(0),
            "currency": "EUR",
            "items": items,
            "refunded": _amount(refunded),
            "period": {"start": _instant(0), "end": _instant(length * 86400)} if length else None,
        },
        "customer": {
            "infringement": None,
            "earlier_refunds": draw(st.sampled_from([[], [], [earlier]])),
        },
        "case": draw(_case(judged)),
        "request": request,
        "license": license_,
        "disputes": [],
        "judged_at": _instant(judged),
    }

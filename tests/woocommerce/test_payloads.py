"""What a store says of an order is read to the last cent, or it is said what was not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.money import Money, total
from refunddesk.woocommerce.payloads import (
    OrderBody,
    UnusableBody,
    read_order,
    read_refund,
    read_subscription,
    snapshot_sha,
)
from refunddesk.woocommerce.strictjson import read_json

BERLIN = ZoneInfo("Europe/Berlin")


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def line(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": "Pro licence",
        "product_id": 10,
        "variation_id": 0,
        "quantity": 1,
        "total": "99.00",
        "total_tax": "18.81",
        "taxes": [{"id": 1, "total": "18.81", "subtotal": "18.81"}],
        "sku": "LIC-1",
        "price": 33.51833333333334,
    } | changes


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": 35,
        "parent_id": 0,
        "number": "35",
        "status": "completed",
        "currency": "EUR",
        "date_created": "2026-11-22T15:55:36",
        "date_created_gmt": "2026-11-22T14:55:36",
        "date_paid_gmt": "2026-11-22T14:55:40",
        "total": "117.81",
        "total_tax": "18.81",
        "customer_id": 2,
        "billing": {"email": "ada@example.test", "country": "DE"},
        "payment_method": "stripe",
        "transaction_id": "ch_1",
        "meta_data": [],
        "line_items": [line()],
        "refunds": [],
    } | changes


def read(**changes: Any) -> OrderBody:
    return read_order(order(**changes), timezone=BERLIN)


def test_an_order_is_read_with_its_money_and_its_instants() -> None:
    body = read()
    assert (body.woo_order_id, body.number, body.status) == (35, "35", "completed")
    assert (body.total, body.total_tax) == (eur("117.81"), eur("18.81"))
    assert body.paid_at == datetime(2026, 11, 22, 14, 55, 40, tzinfo=UTC)
    assert body.lines[0].net == eur("99.00")
    assert body.lines[0].taxes == ((1, eur("18.81")),)
    assert (body.lines[0].product_id, body.lines[0].variation_id) == (10, None)
    assert (body.is_exact, body.remarks) == (True, ())


@pytest.mark.parametrize(
    ("currency", "amount", "text", "decimals"),
    [
        pytest.param("JPY", "120", "120", 0, id="yen have no decimals"),
        pytest.param("KWD", "119.660", "119.660", 3, id="dinars have three"),
        pytest.param("IRT", "4450000", "4450000", 0, id="tomans, which no standard lists"),
        pytest.param("EUR", "120", "120", 0, id="euros in a store set to whole euros"),
        pytest.param("EUR", "1.5000", "1.5000", 4, id="euros in a store set to four decimals"),
    ],
)
def test_the_store_decides_how_many_decimals_its_amounts_have(
    currency: str, amount: str, text: str, decimals: int
) -> None:
    body = read(currency=currency, total=amount, total_tax="0", line_items=[])
    assert (str(body.total), body.decimals) == (text, decimals)


@pytest.mark.parametrize(
    ("amount", "exact", "remark"),
    [
        pytest.param("117.81", True, None, id="two decimals"),
        pytest.param("117.8100", True, None, id="surplus zeros"),
        pytest.param("117.8150", False, "total has more than 2 decimals", id="half a cent"),
    ],
)
def test_a_total_finer_than_a_cent_is_recorded_but_marked(
    amount: str, exact: bool, remark: str | None
) -> None:
    body = read_order(order(total=amount), timezone=None, decimals=2)
    assert body.is_exact is exact
    assert (remark in body.remarks) == (remark is not None)
    assert body.total == eur("117.82" if remark else "117.81")


@pytest.mark.parametrize(
    "amount",
    ["1,50", "1e1", "1 000.00", "0x10", "", None, True, "NaN", "\uff11", [], "€3.00", ".5"],
    ids=str,
)
def test_an_order_whose_total_is_no_amount_cannot_be_recorded(amount: object) -> None:
    with pytest.raises(UnusableBody) as caught:
        read(total=amount)
    assert caught.value.reason == "no_total"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"id": 0}, "no_id", id="id zero"),
        pytest.param({"id": True}, "no_id", id="id true"),
        pytest.param({"id": -5}, "no_id", id="a negative id"),
        pytest.param({"id": 2**63}, "no_id", id="an id beyond any database"),
        pytest.param({"currency": None}, "no_currency", id="no currency"),
        pytest.param({"currency": "eur"}, "no_currency", id="small letters"),
        pytest.param({"currency": "€"}, "no_currency", id="a symbol for a currency"),
    ],
)
def test_what_names_no_order_or_currency_cannot_be_recorded(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnusableBody) as caught:
        read(**changes)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("shares", "tax", "expected", "remark"),
    [
        pytest.param(["7.18", "2.23"], "9.41", [718, 223], None, id="two rates, whole cents"),
        pytest.param(["4.5455"], "4.55", [455], "rounded", id="one rate with four decimals"),
        pytest.param(["0.335", "0.335"], "0.67", [33, 34], "rounded", id="two halves, one cent"),
        pytest.param(
            ["0.333333", "0.333333", "0.333334"], "1.00", [33, 33, 34], "rounded", id="three thirds"
        ),
        pytest.param(["4.50", ""], "4.50", [450], None, id="a rate without a share"),
        pytest.param(["-0.335", "-0.335"], "-0.67", [-33, -34], "rounded", id="a negative fee"),
        pytest.param(["9.00", "1.00"], "9.50", [850, 100], "do not add up", id="half a euro off"),
        pytest.param([], "1.00", [], "names no tax rate", id="tax without a rate"),
    ],
)
def test_the_taxes_of_a_line_always_add_up_to_its_tax(
    shares: list[str], tax: str, expected: list[int], remark: str | None
) -> None:
    taxes = [{"id": rate, "total": share} for rate, share in enumerate(shares, start=1)]
    body = read(line_items=[line(total_tax=tax, taxes=taxes)])
    assert [share.minor for _, share in body.lines[0].taxes] == expected
    assert remark is None or any(remark in text for text in body.remarks)


@given(
    shares=st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=6),
    places=st.integers(min_value=0, max_value=6),
)
def test_any_tax_shares_are_placed_without_losing_a_cent(shares: list[int], places: int) -> None:
    exact = [Decimal(share).scaleb(-places) for share in shares]
    tax = sum(exact, Decimal(0)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    taxes = [{"id": rate, "total": f"{share:f}"} for rate, share in enumerate(exact, start=1)]
    body = read(line_items=[line(total_tax=f"{tax:f}", taxes=taxes)])
    read_taxes = body.lines[0].taxes
    assert total((share for _, share in read_taxes), "EUR") == body.lines[0].tax or not read_taxes
    for rate, share in read_taxes:
        assert abs(share.decimal - exact[rate - 1]) < Decimal("0.01")
    assert body.is_exact


def test_amounts_never_come_from_the_float_called_price() -> None:
    cheap, dear = (read(line_items=[line(price=price)]) for price in (0.01, 9e9))
    assert cheap == dear


def test_names_are_shown_as_the_customer_saw_them() -> None:
    body = read(line_items=[line(name="Basic &ndash; 1&nbsp;site &amp; support")])
    assert body.lines[0].name == "Basic – 1\xa0site & support"


def test_fees_shipping_and_bundled_lines_keep_their_own_ids() -> None:
    body = read(
        line_items=[line(), line(id=8, bundled_by="7"), line(id=9, bundled_by="")],
        fee_lines=[{"id": 30, "name": "Card", "amount": "", "total": "1.50", "total_tax": "0.00"}],
        shipping_lines=[{"id": 29, "method_title": "Flat", "total": "4.90", "total_tax": "0.00"}],
    )
    assert [(entry.woo_item_id, entry.line_type) for entry in body.lines[3:]] == [
        (30, "fee"),
        (29, "shipping"),
    ]
    assert [entry.bundled_by for entry in body.lines[:3]] == [None, 7, None]
    assert [entry.name for entry in body.lines[3:]] == ["Card", "Flat"]


@pytest.mark.parametrize(
    ("fields", "expected", "remark"),
    [
        pytest.param(
            {"date_paid": "2026-07-01T12:00:00", "date_paid_gmt": "2026-07-01T10:00:00"},
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            None,
            id="the universal time is preferred",
        ),
        pytest.param(
            {"date_paid": "2026-07-01T12:00:00", "date_paid_gmt": None},
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            None,
            id="summer time of the store",
        ),
        pytest.param(
            {"date_paid": "2016-12-30 19:35:25", "date_paid_gmt": ""},
            datetime(2016, 12, 30, 18, 35, 25, tzinfo=UTC),
            None,
            id="with a space, in winter",
        ),
        pytest.param({"date_paid": None, "date_paid_gmt": None}, None, None, id="not paid"),
        pytest.param(
            {"date_paid": "0000-00-00 00:00:00", "date_paid_gmt": None}, None, None, id="zeros"
        ),
        pytest.param(
            {"date_paid": None, "date_paid_gmt": "2021-1008T14:54:36"},
            None,
            "date_paid_gmt is not a date and time",
            id="misspelled",
        ),
        pytest.param(
            {"date_paid": None, "date_paid_gmt": "2021-02-30T14:54:36"},
            None,
            "date_paid_gmt is not a date and time",
            id="30 February",
        ),
    ],
)
def test_the_instant_of_payment(
    fields: dict[str, Any], expected: datetime | None, remark: str | None
) -> None:
    body = read(**fields)
    assert body.paid_at == expected
    assert body.remarks == ((remark,) if remark else ())


def test_local_time_alone_is_no_instant_while_the_stores_timezone_is_unknown() -> None:
    body = read_order(order(date_paid_gmt=None, date_paid="2026-07-01T12:00:00"), timezone=None)
    assert body.paid_at is None
    assert body.remarks == ("date_paid is local time and the store's timezone is not known",)


def test_refunds_made_in_the_store_are_counted_as_positive_amounts() -> None:
    body = read(
        refunds=[
            {"id": 36, "reason": "goodwill", "total": "-10.00"},
            {"id": 12, "refund": "old spelling", "total": "-1.50"},
            {"id": 0, "reason": "", "total": "-0.00"},
        ]
    )
    assert [(stub.woo_refund_id, str(stub.amount)) for stub in body.refunds] == [
        (36, "10.00"),
        (12, "1.50"),
    ]
    assert body.refunds[1].reason == "old spelling"
    assert body.refunded == eur("11.50")
    assert body.remarks == ("a deleted refund was left out",)


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft", "draft"])
def test_a_cart_still_being_filled_is_not_an_order(status: str) -> None:
    assert read(status=status).is_draft
    assert not read(status="pending").is_draft


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"parent_id": 34}, id="it has a parent order"),
        pytest.param({"status": "active"}, id="no order is ever active"),
        pytest.param({"billing_period": "year"}, id="it is billed by the year"),
        pytest.param(
            {"meta_data": [{"key": "_subscription_renewal_order_ids_cache", "value": []}]},
            id="it remembers its renewals",
        ),
    ],
)
def test_a_subscription_that_answers_under_an_orders_address_is_suspected(
    changes: dict[str, Any],
) -> None:
    assert read(**changes).looks_like_subscription
    assert not read().looks_like_subscription


def test_meta_says_which_subscription_an_order_renews() -> None:
    meta = [
        {"id": 1, "key": "_subscription_renewal", "value": "102"},
        {"id": 2, "key": "_subscription_renewal", "value": "103"},
        {"id": 3, "key": "custom", "value": {"deep": [1]}},
    ]
    body = read(meta_data=meta)
    assert body.renewal_of == 102
    assert body.meta["custom"] == {"deep": [1]}
    assert read().renewal_of is None


def test_an_order_that_does_not_add_up_is_kept_with_a_remark() -> None:
    body = read(total="120.00")
    assert body.remarks == ("lines and tax add up to 117.81, the total says 120.00",)
    assert body.is_exact


def test_no_remark_and_no_repr_shows_who_bought() -> None:
    body = read(
        billing={"email": "ada@example.test", "country": "DE", "first_name": "Ada"},
        date_paid_gmt="Ada was here",
        meta_data="Ada",
        line_items=["Ada", line(total="Ada", quantity="Ada", taxes=[{"id": "Ada"}])],
    )
    assert len(body.remarks) >= 5
    assert "Ada" not in repr(body)
    assert "ada@" not in repr(body)


def test_text_that_no_database_can_hold_is_cleaned() -> None:
    body = read(number="A\x00B\ud83d", line_items=[line(name="x\x00y", sku=4711)])
    assert (body.number, body.lines[0].name, body.lines[0].sku) == ("AB", "xy", "4711")


def test_a_refund_row_names_the_lines_of_the_order_it_gave_back(refund_row: dict[str, Any]) -> None:
    row = read_refund(refund_row, currency="EUR", decimals=2, timezone=BERLIN)
    assert (row.woo_refund_id, row.woo_order_id, row.refunded_payment) == (37, 35, True)
    assert row.amount == eur("23.68")
    assert row.created_at == datetime(2026, 11, 22, 14, 55, 39, tzinfo=UTC)
    back = row.lines[0]
    assert (back.woo_item_id, back.quantity) == (27, 1)
    assert (back.net, back.tax, back.taxes) == (eur("19.90"), eur("3.78"), ((1, eur("3.78")),))
    assert row.remarks == ()


@pytest.fixture
def refund_row() -> dict[str, Any]:
    """As WooCommerce 10.0.2 answers a refund of one line."""
    return {
        "id": 37,
        "date_created": "2026-11-22T15:55:39",
        "date_created_gmt": "2026-11-22T14:55:39",
        "amount": "23.68",
        "reason": "RD-7F3K2QXM refund",
        "refunded_by": 1,
        "refunded_payment": True,
        "meta_data": [],
        "line_items": [
            {
                "id": 32,
                "name": "Extra domain",
                "quantity": -1,
                "total": "-19.90",
                "total_tax": "-3.78",
                "taxes": [{"id": 1, "total": "-3.78", "subtotal": "-3.78"}],
                "meta_data": [{"id": 247, "key": "_refunded_item_id", "value": "27"}],
            }
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "_links": {"up": [{"href": "https://shop.example/wp-json/wc/v3/orders/35"}]},
    }


def test_the_amount_that_woocommerce_7_5_hid_in_meta_is_found(refund_row: dict[str, Any]) -> None:
    hidden = [
        {"key": "_refund_amount", "value": "23.68"},
        {"key": "_refund_reason", "value": "RD-7F3K2QXM refund"},
    ]
    refund_row |= {"amount": "0.00", "reason": "", "meta_data": hidden}
    row = read_refund(refund_row, currency="EUR", decimals=2, timezone=None)
    assert (row.amount, row.reason) == (eur("23.68"), "RD-7F3K2QXM refund")
    assert row.remarks == ("amount and reason were taken from meta_data",)


@pytest.mark.parametrize("said", [None, "true", 1], ids=["nothing", "a text", "a number"])
def test_only_a_plain_true_says_that_the_gateway_paid(
    refund_row: dict[str, Any], said: object
) -> None:
    refund_row["refunded_payment"] = said
    assert read_refund(refund_row, currency="EUR", timezone=None).refunded_payment is None


def test_a_subscription_says_when_it_renews_and_ends() -> None:
    body = read_subscription(
        order(
            status="active",
            parent_id=101,
            billing_period="year",
            billing_interval="1",
            start_date_gmt="2026-11-22T14:58:49",
            next_payment_date_gmt="2027-11-22T14:58:49",
            trial_end_date_gmt="",
            end_date_gmt="",
        ),
        timezone=BERLIN,
    )
    assert (body.woo_subscription_id, body.parent_id) == (35, 101)
    assert (body.billing_period, body.billing_interval) == ("year", 1)
    assert body.next_payment_at == datetime(2027, 11, 22, 14, 58, 49, tzinfo=UTC)
    assert (body.trial_end_at, body.ends_at) == (None, None)
    assert body.total == eur("117.81")


def test_the_snapshot_changes_only_with_what_a_decision_depends_on() -> None:
    two = [line(), line(id=8)]
    before = snapshot_sha(read(line_items=two))
    shuffled = dict(reversed(order(line_items=two[::-1], status="processing").items()))
    same = [
        read_order(shuffled, timezone=None),
        read(line_items=two, number="2026-35", meta_data=[{"key": "note", "value": "x"}]),
        read(line_items=[line(name="Renamed"), line(id=8)], billing={"email": "new@example.test"}),
    ]
    assert {snapshot_sha(body) for body in same} == {before}
    changed = [
        read(line_items=two, currency="USD"),
        read(line_items=two, status="cancelled"),
        read(line_items=two, total="117.82"),
        read(line_items=two, date_paid_gmt="2026-11-22T14:55:41"),
        read(line_items=[line(), line(id=9)]),
        read(line_items=[line(total="99.01"), line(id=8)]),
        read(line_items=[line(quantity=2), line(id=8)]),
        read(line_items=two, refunds=[{"id": 36, "total": "-10.00"}]),
    ]
    shas = {snapshot_sha(body) for body in changed}
    assert len(shas) == len(changed)
    assert before not in shas


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=20)
    | st.sampled_from(["1.005", "-0.00", "2026-01-01T00:00:00", "0001-01-01T00:00:00", "9" * 30]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "total", "taxes", "key", "value"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
KEYS = [
    *order(),
    "fee_lines",
    "shipping_lines",
    "billing_interval",
    "amount",
    "order",
    "created_at",
]


def refusal_of(reader: Callable[[], object]) -> str | None:
    try:
        reader()
    except UnusableBody as refusal:
        return refusal.reason
    return None


@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_whatever_a_store_sends_is_read_or_refused_with_a_reason(changes: dict[str, Any]) -> None:
    body = order(date_paid="2026-07-01T12:00:00") | changes
    reasons = {
        refusal_of(lambda: snapshot_sha(read_order(body, timezone=BERLIN))),
        refusal_of(lambda: read_subscription(body, timezone=BERLIN)),
        refusal_of(lambda: read_refund(body, currency="EUR", timezone=BERLIN)),
    }
    assert reasons <= {None, "no_id", "no_currency", "no_total", "no_amount"}


def bodies_of(folder: Path, kind: str) -> list[tuple[str, dict[str, Any], list[str]]]:
    index = json.loads((folder / "index.json").read_text("utf-8"))
    return [
        (entry["file"], read_json((folder / entry["file"]).read_bytes()), entry["peculiarities"])
        for entry in index
        if entry["kind"] == kind
    ]


def test_every_order_collected_from_the_field_is_read(payloads: Path) -> None:
    bodies = bodies_of(payloads, "order")
    unusable: Counter[str] = Counter()
    fine_taxes, listed_as_fine, exact = set(), set(), 0
    for file, body, peculiarities in bodies:
        try:
            read = read_order(body, timezone=BERLIN)
        except UnusableBody as refusal:
            unusable[refusal.reason] += 1
            continue
        exact += read.is_exact
        if any("taxes" in remark and "rounded" in remark for remark in read.remarks):
            fine_taxes.add(file)
        if "taxes[] >2 decimals" in peculiarities:
            listed_as_fine.add(file)
        for entry in read.lines:
            shares = total((share for _, share in entry.taxes), read.currency, read.decimals)
            assert shares in (entry.tax, Money.zero(read.currency, read.decimals)), file
    assert len(bodies) == 171
    assert unusable == {"no_currency": 3, "no_id": 1}
    assert (len(listed_as_fine), len(fine_taxes)) == (18, 23)
    assert listed_as_fine <= fine_taxes
    assert exact == 144


def test_every_subscription_and_refund_collected_from_the_field_is_read(payloads: Path) -> None:
    subscriptions = [
        read_subscription(body, timezone=BERLIN)
        for _, body, _ in bodies_of(payloads, "subscription")
    ]
    assert Counter(body.status for body in subscriptions) == {
        "active": 19,
        "pending": 5,
        "on-hold": 5,
        "pending-cancel": 1,
        "cancelled": 1,
        "trash": 1,
    }
    assert sum(body.next_payment_at is None for body in subscriptions) == 11
    rows = [
        read_refund(body, currency="USD", timezone=BERLIN)
        for _, body, _ in bodies_of(payloads, "refund")
    ]
    assert len(rows) == 24
    assert all(row.amount.minor >= 0 for row in rows)
    assert sum(row.refunded_payment is None for row in rows) == 10


def test_no_other_body_from_the_field_breaks_the_readers(payloads: Path) -> None:
    reasons: Counter[str | None] = Counter()
    for path in payloads.rglob("*.json"):
        body = json.loads(path.read_text("utf-8"))
        for each in body if isinstance(body, list) else [body]:
            for reader in (read_order, read_subscription):
                reasons[refusal_of(partial(reader, each, timezone=BERLIN))] += 1
    assert set(reasons) == {None, "no_id", "no_currency"}


def test_every_recorded_order_is_read_without_a_remark(recordings: Path) -> None:
    orders = []
    for path in sorted((recordings / "rest").glob("*.json")):
        exchange = json.loads(path.read_text("utf-8"), parse_float=Decimal)
        body = exchange["response"]
        if isinstance(body, dict) and "line_items" in body and "currency" in body:
            orders.append((path.name, body))
    assert len(orders) > 90
    for name, body in orders:
        read = read_order(body, timezone=BERLIN)
        # A price entered with tax leaves a cent that WooCommerce places only in the sum.
        assert read.is_exact, name
        assert not [remark for remark in read.remarks if "add up" not in remark], name

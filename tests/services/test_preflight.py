"""May it be sent? Each way in which the store's order can differ, told from one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from refunddesk.db.refunds import Refund, RefundLine, State
from refunddesk.services.preflight import AlreadyThere, Clear, Differs, Seen, examine
from refunddesk.woocommerce.order_lines import LineBody
from refunddesk.woocommerce.payloads import OrderBody, RefundBody, RefundStub, snapshot_sha
from refunddesk.woocommerce.refund_rows import RefundedLine
from tests.building import eur

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARKER = "RD-7F3K2QXM"

LINE = LineBody(
    woo_item_id=11,
    line_type="line_item",
    product_id=1,
    variation_id=None,
    sku="LIC-1",
    name="",
    quantity=Decimal(1),
    net=eur("100.00"),
    tax=eur("19.00"),
    taxes=((7, eur("19.00")),),
)
ORDER = OrderBody(
    woo_order_id=1001,
    number="1001",
    status="completed",
    currency="EUR",
    decimals=2,
    parent_id=None,
    customer_id=None,
    customer_email="",
    customer_country="DE",
    created_at=AT,
    modified_at=AT,
    paid_at=AT,
    total=eur("119.00"),
    total_tax=eur("19.00"),
    payment_method="card",
    transaction_id="",
    lines=(LINE,),
    refunds=(),
    meta={},
    looks_like_subscription=False,
    is_exact=True,
    remarks=(),
)
REFUND = Refund(
    id=1,
    store_id=1,
    order_id=1,
    request_id=1,
    decision_id=1,
    duplicate_id=None,
    amount=eur("100.00"),
    marker=MARKER,
    lines=(RefundLine(11, Decimal(1), eur("100.00")),),
    state=State.DUE,
    approved_by="policy",
    attempt=0,
    bridge_record=None,
    settled_tries=0,
    token=0,
    lease_until=None,
    sent_at=None,
    unknown_since=None,
    looks=0,
    woo_refund_id=None,
    last_error=None,
    created_at=AT,
    settled_at=None,
)
SEEN = Seen(order=ORDER, rows=(), gateway_refunds=True, is_subscription=False)


def _row(amount: str, *, net: str = "0.00", tax: str = "0.00", reason: str = "") -> RefundBody:
    line = RefundedLine(11, Decimal(0), eur(net), eur(tax), ())
    return RefundBody(5001, 1001, eur(amount), reason, True, AT, (line,), ())


def _examine(
    seen: Seen, *, judged: OrderBody | None = None, refund: Refund = REFUND
) -> Clear | AlreadyThere | Differs:
    return examine(refund, snapshot_sha(judged or seen.order), seen)


def test_the_order_that_was_judged_is_clear() -> None:
    assert _examine(SEEN) == Clear()


@pytest.mark.parametrize(
    ("change", "judged_anew"),
    [
        pytest.param(lambda order: replace(order, currency="USD"), True, id="another currency"),
        pytest.param(lambda order: replace(order, decimals=3), True, id="other decimals"),
        pytest.param(lambda order: replace(order, paid_at=None), True, id="no longer paid"),
        pytest.param(lambda order: replace(order, total=eur("118.99")), True, id="another total"),
        pytest.param(lambda order: replace(order, status="cancelled"), True, id="cancelled"),
        pytest.param(
            lambda order: replace(order, refunds=(RefundStub(5001, eur("1.00"), ""),)),
            True,
            id="a refund by hand",
        ),
        pytest.param(lambda order: replace(order, lines=()), True, id="a line removed"),
    ],
)
def test_what_changed_since_the_judgement_is_judged_anew(
    change: Callable[[OrderBody], OrderBody], judged_anew: bool
) -> None:
    finding = _examine(replace(SEEN, order=change(ORDER)), judged=ORDER)
    assert isinstance(finding, Differs)
    assert finding.judge_anew is judged_anew


def test_what_does_not_matter_to_the_money_may_change() -> None:
    order = replace(ORDER, number="X", modified_at=None, customer_country="FR")
    assert _examine(replace(SEEN, order=order), judged=ORDER) == Clear()


def test_a_subscription_under_the_orders_id_is_left_to_a_person() -> None:
    assert _examine(replace(SEEN, is_subscription=True)) == Differs(
        "the store has a subscription under the order's id", judge_anew=False
    )


@pytest.mark.parametrize("can", [False, None], ids=["cannot refund", "is gone"])
def test_a_gateway_that_will_not_do_it_is_left_to_a_person(can: bool | None) -> None:
    finding = _examine(replace(SEEN, gateway_refunds=can))
    assert isinstance(finding, Differs)
    assert not finding.judge_anew


@pytest.mark.parametrize(
    ("row", "is_clear"),
    [
        pytest.param(_row("19.00"), True, id="just enough left"),
        pytest.param(_row("19.01"), False, id="a cent too little left"),
        pytest.param(_row("0.00", net="0.01"), False, id="a cent too little left on the line"),
        pytest.param(_row("19.00", tax="19.00"), True, id="the line's tax is given back"),
    ],
)
def test_the_store_must_have_enough_left(row: RefundBody, is_clear: bool) -> None:
    finding = _examine(replace(SEEN, rows=(row,)))
    assert (finding == Clear()) is is_clear


def test_our_marker_outweighs_whatever_else_changed() -> None:
    rows = (_row("100.00", net="100.00", reason=f"{MARKER} refund"),)
    order = replace(ORDER, currency="USD", paid_at=None)
    assert _examine(replace(SEEN, rows=rows, order=order), judged=ORDER) == AlreadyThere((5001,))


def test_another_refunds_marker_quoted_by_hand_is_not_ours() -> None:
    rows = (_row("1.00", reason=f"see {MARKER}"),)
    assert _examine(replace(SEEN, rows=rows)) == Clear()

"""The books balance, and end up the same whichever way the news came in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk import ledger
from refunddesk.ledger import Entry, EntryNotBalanced, Posting, SoldLine
from refunddesk.money import Money


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def amounts(postings: tuple[Posting, ...]) -> dict[str, str]:
    return {posting.account: str(posting.amount) for posting in postings}


def test_a_payment_is_split_over_what_was_sold_and_tax() -> None:
    lines = [
        SoldLine("product", eur("199.00"), eur("37.81")),
        SoldLine("additional_domain", eur("49.00"), eur("9.31")),
    ]
    assert amounts(ledger.payment(eur("295.12"), lines)) == {
        "paid_in": "295.12",
        "sold:additional_domain": "-49.00",
        "sold:product": "-199.00",
        "tax": "-47.12",
    }


def test_what_no_line_explains_has_an_account_of_its_own() -> None:
    booked = ledger.payment(eur("100.00"), [SoldLine("product", eur("80.00"), eur("15.20"))])
    assert amounts(booked)["unallocated"] == "-4.80"


def test_an_order_that_cost_nothing_needs_no_booking() -> None:
    assert ledger.payment(eur("0.00"), [SoldLine("product", eur("0.00"), eur("0.00"))]) == ()


@pytest.mark.parametrize(
    ("refunded_payment", "account"),
    [
        pytest.param(True, "paid_out_elsewhere", id="the gateway paid"),
        pytest.param(False, "booked_elsewhere", id="only written down"),
        pytest.param(None, "booked_elsewhere", id="the store has not said"),
    ],
)
def test_a_refund_made_without_us_counts_as_paid_only_if_the_gateway_paid(
    refunded_payment: bool | None, account: str
) -> None:
    booked = ledger.outside_refund(eur("10.00"), refunded_payment=refunded_payment)
    assert amounts(booked) == {"given_back": "10.00", account: "-10.00"}


def test_a_refund_granted_and_paid_leaves_nothing_due() -> None:
    entries = [ledger.refund_granted(7, eur("199.00")), ledger.refund_paid(7, eur("199.00"))]
    booked = ledger.summed(posting for entry in entries for posting in entry.postings)
    assert amounts(booked) == {"given_back": "199.00", "paid_out": "-199.00"}


def test_a_refund_granted_and_dropped_leaves_no_trace_in_the_balances() -> None:
    entries = [ledger.refund_granted(7, eur("199.00")), ledger.refund_dropped(7, eur("199.00"))]
    assert ledger.summed(posting for entry in entries for posting in entry.postings) == ()


@pytest.mark.parametrize(
    "postings",
    [
        pytest.param((), id="no postings"),
        pytest.param((Posting("paid_in", eur("1.00")),), id="one side only"),
        pytest.param(
            (Posting("paid_in", eur("1.00")), Posting("tax", -Money.parse("1.00", "USD"))),
            id="two currencies",
        ),
    ],
)
def test_an_entry_that_does_not_balance_cannot_be_made(postings: tuple[Posting, ...]) -> None:
    with pytest.raises(EntryNotBalanced):
        Entry("payment", "payment:1:1", postings)


currencies = st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)])
kinds = st.sampled_from(["product", "support", "fee"])


@st.composite
def states(draw: st.DrawFn) -> tuple[Posting, ...]:
    """What an order may look like at some moment: unpaid, or paid with any lines."""
    currency, decimals = draw(currencies)

    def money(low: int = 0) -> Money:
        return Money(draw(st.integers(low, 10**6)), currency, decimals)

    if draw(st.booleans()):
        return ()
    count = draw(st.integers(0, 3))
    lines = [SoldLine(draw(kinds), money(-500), money()) for _ in range(count)]
    return ledger.payment(money(), lines)


@given(st.lists(states(), min_size=1, max_size=6))
def test_the_books_show_the_last_state_whatever_came_before(
    news: list[tuple[Posting, ...]],
) -> None:
    booked: tuple[Posting, ...] = ()
    for number, state in enumerate(news):
        missing = ledger.difference(booked, state)
        if missing:
            Entry("payment", f"payment:1:{number}", missing)  # balances, or raises
        booked = ledger.summed([*booked, *missing])
    assert booked == news[-1]


@given(states())
def test_hearing_the_same_again_books_nothing(state: tuple[Posting, ...]) -> None:
    assert ledger.difference(state, state) == ()

"""The books' arithmetic: balanced entries, and the difference that sets an account right.

Amounts that come in are positive, what they were paid for is negative; every entry sums to zero
in each currency. docs/books.md tells what each account is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from refunddesk.money import Money

#: What customers paid to the store.
PAID_IN = "paid_in"
#: What each kind of line was sold for, without tax: "sold:product", "sold:support" …
SOLD = "sold"
TAX = "tax"
#: What the order's total says and none of its lines explains.
UNALLOCATED = "unallocated"
#: What was given back or promised back, by whomever.
GIVEN_BACK = "given_back"
#: Promised back by us, not known to have arrived.
REFUNDS_DUE = "refunds_due"
#: Paid back by us through the store.
PAID_OUT = "paid_out"
#: Paid back by the store's gateway without us.
PAID_OUT_ELSEWHERE = "paid_out_elsewhere"
#: Written down as a refund in the store, while its gateway does not say that it paid.
BOOKED_ELSEWHERE = "booked_elsewhere"


class EntryNotBalanced(ValueError):
    """The postings of an entry do not sum to zero in one currency, or there are none."""


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount added to an account; taken from it when negative."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the books. `reference` says what it books; the same is never booked twice."""

    kind: str
    reference: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        sums: dict[tuple[str, int], int] = {}
        for posting in self.postings:
            money = posting.amount
            key = money.currency, money.decimals
            sums[key] = sums.get(key, 0) + money.minor
        if not self.postings or any(sums.values()):
            raise EntryNotBalanced(f"{self.reference}: the postings sum to {sums}")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an order, as the books see it: `net` without tax."""

    item_kind: str
    net: Money
    tax: Money


def payment(paid: Money, lines: Sequence[SoldLine]) -> tuple[Posting, ...]:
    """How an order stands in the books once it is paid: `paid` with tax, its lines, the rest."""
    postings = [Posting(PAID_IN, paid)]
    explained = Money.zero(paid.currency, paid.decimals)
    for line in lines:
        postings.append(Posting(f"{SOLD}:{line.item_kind}", -line.net))
        postings.append(Posting(TAX, -line.tax))
        explained = explained + line.net + line.tax
    postings.append(Posting(UNALLOCATED, explained - paid))
    return summed(postings)


def outside_refund(amount: Money, *, refunded_payment: bool | None) -> tuple[Posting, ...]:
    """How a refund made without us stands in the books; see `StoreRefundFacts`."""
    account = PAID_OUT_ELSEWHERE if refunded_payment else BOOKED_ELSEWHERE
    return summed([Posting(GIVEN_BACK, amount), Posting(account, -amount)])


def refund_granted(refund_id: int, amount: Money) -> Entry:
    """A refund is promised to the customer."""
    return _of_refund(refund_id, "granted", amount, GIVEN_BACK, REFUNDS_DUE)


def refund_paid(refund_id: int, amount: Money) -> Entry:
    """What was promised has been paid."""
    return _of_refund(refund_id, "paid", amount, REFUNDS_DUE, PAID_OUT)


def refund_dropped(refund_id: int, amount: Money) -> Entry:
    """The promise is taken back: no money left and none will by this refund."""
    return _of_refund(refund_id, "dropped", amount, REFUNDS_DUE, GIVEN_BACK)


def refund_found(refund_id: int, amount: Money) -> Entry:
    """A refund given up as unpaid turns out to have been paid."""
    return _of_refund(refund_id, "found", amount, GIVEN_BACK, PAID_OUT)


def difference(booked: Iterable[Posting], target: Iterable[Posting]) -> tuple[Posting, ...]:
    """What must be posted so that `booked` becomes `target`; nothing when it is so already."""
    return summed([*target, *(Posting(posting.account, -posting.amount) for posting in booked)])


def summed(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """One posting per account and currency, none of zero, in a fixed sequence."""
    sums: dict[tuple[str, str, int], int] = {}
    for posting in postings:
        money = posting.amount
        key = posting.account, money.currency, money.decimals
        sums[key] = sums.get(key, 0) + money.minor
    return tuple(
        Posting(account, Money(minor, currency, decimals))
        for (account, currency, decimals), minor in sorted(sums.items())
        if minor
    )


def _of_refund(refund_id: int, event: str, amount: Money, into: str, out_of: str) -> Entry:
    postings = (Posting(into, amount), Posting(out_of, -amount))
    return Entry(f"refund_{event}", f"refund:{refund_id}:{event}", postings)

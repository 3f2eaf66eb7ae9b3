"""What a document would have paid, order by order, against what was paid or another document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from refunddesk.money import Money
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Decision


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side gives an order. `amount` includes tax; `held` is what only a gate holds back.

    `outcome` is a decision's, or "paid" and "not_paid" for what really happened. `settled_by` and
    `why` name the clause that settled it and the code of its reason, where one did; `sentence`
    says that reason in words, where somebody is to read it.
    """

    outcome: str
    amount: Money
    held: Money | None = None
    settled_by: str | None = None
    why: str | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """One order under both sides; `as_if_asked` marks one that nobody asked a refund for."""

    store_id: int
    order: str
    requests: tuple[int, ...]
    before: Answer
    after: Answer
    as_if_asked: bool = False

    @property
    def changes(self) -> bool:
        """Another amount; between two documents another outcome counts as well."""
        if self.before.amount != self.after.amount:
            return True
        really = self.before.outcome in ("paid", "not_paid")
        return not really and self.before.outcome != self.after.outcome


@dataclass(slots=True)
class Totals:
    """The sums of one currency over the orders counted; `held` is what only a gate holds back."""

    before: Money
    after: Money
    held: Money
    as_if_asked: bool
    orders: int = 0
    changed: int = 0

    def count(self, one: Replayed) -> None:
        self.orders += 1
        self.changed += one.changes
        self.before += one.before.amount
        self.after += one.after.amount
        if one.after.held:
            self.held += one.after.held


@dataclass(slots=True)
class Move:
    """Orders that went from one settling clause to another, and by how much their money changed.

    A side without a clause is told by its outcome.
    """

    before: str
    after: str
    more: Money
    orders: int = 0


@dataclass(slots=True)
class Result:
    """A replay so far: totals and moves, by currency and by whether somebody asked.

    `changed` holds the orders whose answer changes, in the order they were read.
    """

    totals: dict[tuple[str, int, bool], Totals] = field(default_factory=dict)
    moves: dict[tuple[str, int, bool, str, str], Move] = field(default_factory=dict)
    changed: list[Replayed] = field(default_factory=list)

    def count(self, one: Replayed) -> None:
        amount = one.after.amount
        sort = (amount.currency, amount.decimals, one.as_if_asked)
        nothing = amount.like(0)
        new = Totals(nothing, nothing, nothing, one.as_if_asked)
        self.totals.setdefault(sort, new).count(one)
        if not one.changes:
            return
        self.changed.append(one)
        before, after = _side(one.before), _side(one.after)
        move = self.moves.setdefault((*sort, before, after), Move(before, after, nothing))
        move.orders += 1
        move.more += amount - one.before.amount


def answer_of(decision: Decision) -> Answer:
    why = None
    for finding in reversed(decision.findings):
        if finding.clause == decision.settled_by and finding.why:
            why = finding.why.code
            break
    return Answer(
        decision.outcome,
        decision.amount + decision.tax.refund,
        decision.held,
        decision.settled_by,
        why,
    )


def paid_answer(paid: Money) -> Answer:
    """The side of what really happened."""
    return Answer("paid" if paid else "not_paid", paid)


def of_one_order(answers: Sequence[Answer]) -> Answer:
    """The answer on an order asked about several times, oldest first.

    The first that pays: once money went back on an order, the desk leaves further requests to a
    person. If none pays, the last.
    """
    return next((answer for answer in answers if answer.amount), answers[-1])


def as_if_asked(order: Claim, after: timedelta) -> Claim:
    """The claim of `order`, asked for `after` its payment with every condition met.

    The customer has reported a fault that support found and could not mend, has written from the
    portal, uses nothing any more and has destroyed all copies. What the store knows stays: who
    bought what, earlier refunds, disputes and procedures of that time.
    """
    at = order.order.paid_at + after
    return Claim(
        policy=order.policy,
        store=order.store,
        order=order.order,
        customer=order.customer,
        case=_hopeless_case(at),
        request=facts.Request(at=at, channel="portal", from_account_address=True),
        license=facts.License(destruction_confirmed_at=at, downloads=0, uses=0, uninstalled=True),
        disputes=tuple(each for each in order.disputes if each.opened_at <= at),
        judged_at=at,
    )


def _hopeless_case(at: datetime) -> facts.Case:
    return facts.Case(
        opened_at=at,
        complete_at=at,
        reason="malfunction",
        finding="malfunction",
        gave_up_at=at,
        last_customer_reply_at=at,
        materials_offered=True,
        proof_given=True,
    )


def _side(answer: Answer) -> str:
    return answer.settled_by or answer.outcome

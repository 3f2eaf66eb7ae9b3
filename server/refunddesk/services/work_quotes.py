"""Charged work on a case: offered at a price, and done only once the customer has accepted it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from refunddesk.casework import CATEGORIES, Turn, TurnKind
from refunddesk.db import orders, turns
from refunddesk.db.cases import Case
from refunddesk.db.customer_links import Purpose
from refunddesk.db.turns import WorkQuote
from refunddesk.mail.notices import NoticeKind, money_fact
from refunddesk.money import Money, NotMoney
from refunddesk.policy.decision import instant_text
from refunddesk.services.case_turns import CUSTOMER, CaseEnded, add_turn, check_seen
from refunddesk.services.cases import lock_case
from refunddesk.services.customer_links import link_facts
from refunddesk.services.edges import Edges
from refunddesk.services.notices import SUPPORT, tell_customer, tell_staff
from refunddesk.services.refusal import Refusal
from refunddesk.worktime import is_over


class WorkIsFree(Refusal):
    """Work of this category is not charged."""


class QuoteAlreadyOpen(Refusal):
    """The case has a quote that nobody has answered yet."""


class QuoteNotValid(Refusal):
    """A price of nothing, or a quote that would be over before it is read."""


class NoSuchQuote(Refusal):
    """No quote has this number."""


class QuoteAnswered(Refusal):
    """The quote was accepted or declined before."""


class QuoteOver(Refusal):
    """The quote held until a moment that has passed."""


def offer_quote(
    edges: Edges,
    case_id: int,
    *,
    work: str,
    amount: str,
    currency: str,
    valid_until: datetime,
    by: str,
    seen: int | None = None,
) -> WorkQuote:
    """Offer charged work; support's clock stands still until it is answered or runs out.

    `amount` is a text with the decimals of `currency`, such as "120.00".

    Raises NoSuchCase, CaseMovedOn, CaseEnded, WorkIsFree, QuoteNotValid, QuoteAlreadyOpen.
    """
    now = edges.clock()
    price = _price(amount, currency)
    if valid_until <= now:
        raise QuoteNotValid("No quote was made: its end must be still to come.")
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        check_seen(transaction, case, seen)
        _check(case)
        try:
            with transaction.begin_nested():
                quote_id = turns.record_quote(
                    transaction,
                    case_id,
                    work=work,
                    amount=price,
                    offered_by=by,
                    offered_at=now,
                    valid_until=valid_until,
                )
        except IntegrityError:
            raise QuoteAlreadyOpen(
                f"Case {case_id} has a quote that is not answered. No second one was made."
            ) from None
        turn = Turn(now, TurnKind.QUOTE_OFFERED, until=valid_until)
        add_turn(edges, transaction, case, turn, work, by, by, now, quote_id=quote_id)
        order = orders.get_order(transaction, case.order_id)
        tell_customer(
            transaction,
            NoticeKind.QUOTE_OFFERED,
            order,
            about=f"case:{case.id}",
            reference=f"quote:{quote_id}",
            facts={
                "case": case.id,
                "work": work,
                "amount": money_fact(price),
                "until": instant_text(valid_until),
                **link_facts(order, Purpose.REFUND, until=valid_until),
            },
            now=now,
        )
        quote = turns.find_quote(transaction, quote_id)
        assert quote
    return quote


def answer_quote(edges: Edges, quote_id: int, *, accepts: bool, by: str) -> WorkQuote:
    """Take down that the customer accepts or declines; said twice alike it changes nothing.

    Raises NoSuchQuote, QuoteAnswered, QuoteOver.
    """
    now = edges.clock()
    state = "accepted" if accepts else "declined"
    with edges.database.write() as transaction:
        quote = turns.find_quote(transaction, quote_id)
        if quote is None:
            raise NoSuchQuote(f"There is no quote {quote_id}.")
        case = lock_case(transaction, quote.case_id)
        quote = turns.find_quote(transaction, quote_id)
        assert quote
        if quote.standing == state:
            return quote
        if quote.state != "offered":
            raise QuoteAnswered(f"Quote {quote_id} is {quote.standing}. Nothing was changed.")
        if accepts and is_over(quote.valid_until, now):
            raise QuoteOver(
                f"Quote {quote_id} held until {quote.valid_until.isoformat()}. Nothing was "
                "accepted: make a new one."
            )
        turns.answer_quote(transaction, quote_id, state, at=now, by=by)
        kind = TurnKind.QUOTE_ACCEPTED if accepts else TurnKind.QUOTE_DECLINED
        add_turn(
            edges, transaction, case, Turn(now, kind), "", CUSTOMER, by, now, quote_id=quote_id
        )
        tell_staff(
            transaction,
            "quote_answered",
            case.store_id,
            about=f"case:{case.id}",
            reference=f"staff:quote:{quote_id}",
            path=f"/desk/cases/{case.id}",
            to=SUPPORT,
            now=now,
        )
        answered = turns.find_quote(transaction, quote_id)
        assert answered
    return answered


def withdraw_quote(
    edges: Edges, quote_id: int, *, because: str, by: str, seen: int | None = None
) -> WorkQuote:
    """Take an unanswered quote back; the customer reads why, and support's clock goes on.

    Raises NoSuchQuote, CaseMovedOn, QuoteAnswered.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        quote = turns.find_quote(transaction, quote_id)
        if quote is None:
            raise NoSuchQuote(f"There is no quote {quote_id}.")
        case = lock_case(transaction, quote.case_id)
        check_seen(transaction, case, seen)
        if not turns.withdraw_quote(transaction, quote_id, at=now, by=by):
            quote = turns.find_quote(transaction, quote_id)
            assert quote
            raise QuoteAnswered(f"Quote {quote_id} is {quote.standing}. Nothing was changed.")
        turn = Turn(now, TurnKind.QUOTE_WITHDRAWN)
        case, turn_id = add_turn(
            edges, transaction, case, turn, because, by, by, now, quote_id=quote_id
        )
        tell_customer(
            transaction,
            NoticeKind.ANSWER,
            orders.get_order(transaction, case.order_id),
            about=f"case:{case.id}",
            reference=f"turn:{turn_id}",
            facts={"case": case.id, "text": because},
            now=now,
        )
        withdrawn = turns.find_quote(transaction, quote_id)
        assert withdrawn
    return withdrawn


def _price(amount: str, currency: str) -> Money:
    try:
        price = Money.parse(amount, currency)
    except NotMoney as error:
        raise QuoteNotValid(f"No quote was made: {error}.") from None
    if price.minor <= 0:
        raise QuoteNotValid("No quote was made: it must name a price above zero.")
    return price


def _check(case: Case) -> None:
    if case.facts.ended_at is not None:
        raise CaseEnded(f"Support ended its work on case {case.id} already. No quote was made.")
    if not CATEGORIES[case.category]:
        raise WorkIsFree(
            f"Case {case.id} is about {case.category}, which is free. No quote was made: change "
            "its category first, if it is something else."
        )

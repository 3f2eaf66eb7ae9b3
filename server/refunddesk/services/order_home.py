"""What a customer sees of one order, and does there: ask, write, state, switch off, take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.casework import TurnKind
from refunddesk.db import credentials, licenses, orders, refunds, requests, stores, turns
from refunddesk.db.cases import Case, Report, find_case, list_cases
from refunddesk.db.licenses import Activation, License
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.stores import Store
from refunddesk.db.turns import RecordedTurn, WorkQuote
from refunddesk.policy.wording import Audience, Explanation, Language
from refunddesk.services import case_turns, cases, lost_sites, work_quotes
from refunddesk.services import desk as shown
from refunddesk.services.case_turns import Saying
from refunddesk.services.cases import Intake, NoSuchCase, ProductNotOfOrder
from refunddesk.services.desk import RequestPage
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import deactivate_by_owner
from refunddesk.services.quotes import OrderNotQuotable, OrderQuote, quote_order
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import (
    Asking,
    NoSuchRequest,
    ask_refund,
    confirm_destruction,
    withdraw,
)
from refunddesk.services.work_quotes import NoSuchQuote
from refunddesk.worktime import is_over

#: Characters of what a customer writes at once.
MOST_WORDS = 20_000
#: What the customer reads of a case; the rest is for the desk, or told by a mail of its own.
_TOLD = frozenset(
    {
        TurnKind.QUESTION,
        TurnKind.ACCESS_ASKED,
        TurnKind.ANSWER,
        TurnKind.FINDING,
        TurnKind.RESOLVED,
        TurnKind.GAVE_UP,
        TurnKind.REPLY,
    }
)


class StatementNotMade(Refusal):
    """The statement came without its tick: nobody states anything by accident."""


class MessageNotTaken(Refusal):
    """The message is empty, too long, or holds what no text holds."""


@dataclass(frozen=True, slots=True)
class LicenseInUse:
    """One licence of the order with the sites it is on."""

    license: License
    sites: list[Activation]


@dataclass(frozen=True, slots=True)
class OrderHome:
    """All that the page of an order shows.

    `quote` None: a person decides about the order. `request` is the last one, `asked` all that is
    known of it, and `answer` what its newest judgement says in words. `refunds` are those of the
    order, the newest first. `said` is what was said both ways in the last case, the oldest first,
    and `last_turn` its newest turn, also one that the customer does not read: a reply is bound to
    it. `offers` is charged work of that case that was answered or can still be.
    """

    store: Store
    order: Order
    items: list[OrderItem]
    quote: OrderQuote | None
    request: RefundRequest | None
    answer: Explanation | None
    licenses: list[LicenseInUse]
    refunds: list[Refund]
    missing: tuple[str, ...] = ()  # what the report behind the open request still lacks
    has_case: bool = False
    said: tuple[RecordedTurn, ...] = ()
    last_turn: int = 0
    offers: tuple[WorkQuote, ...] = ()
    asked: RequestPage | None = None
    was_asked_for_access: bool = False

    @property
    def may_ask(self) -> bool:
        """Not while a request is open or its money is on the way: a second one is refused then."""
        is_open = self.request is not None and self.request.is_open
        moves = any(refund.state in refunds.OPEN for refund in self.refunds)
        return self.order.paid_at is not None and not is_open and not moves

    @property
    def may_state(self) -> bool:
        """Whether the statement that all copies are destroyed is still to be made."""
        request = self.request
        return bool(request and request.is_open and not request.destruction_confirmed_at)


def get_order_and_store(edges: Edges, order_id: int) -> tuple[Order, Store]:
    """What every page of an order begins with."""
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
        return order, stores.get_store(transaction, order.store_id)


def show_order(
    edges: Edges, order_id: int, language: Language, audience: Audience = "customer"
) -> OrderHome:
    """The page of the order, its answer in `language` and for `audience`."""
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
        asked = requests.list_requests(transaction, order_id)
        case = _case_of(transaction, order_id, asked[-1] if asked else None)
        said = turns.list_turns(transaction, case.id) if case else []
        is_open = bool(asked) and asked[-1].is_open
        held = licenses.list_licenses(transaction, order.id, order.subscription_id)
        in_use = licenses.list_active(transaction, [license.id for license in held])
        home = OrderHome(
            store=stores.get_store(transaction, order.store_id),
            order=order,
            items=orders.list_items(transaction, order_id),
            quote=None,
            request=asked[-1] if asked else None,
            answer=None,
            licenses=[
                LicenseInUse(one, [site for site in in_use if site.license_id == one.id])
                for one in held
            ],
            refunds=refunds.list_for_order(transaction, order_id)[::-1],
            missing=case.facts.missing if case and is_open else (),
            has_case=case is not None,
            said=tuple(turn for turn in said if turn.kind in _TOLD),
            last_turn=said[-1].id if said else 0,
            offers=_offers_of(transaction, case, edges.clock()) if case else (),
            was_asked_for_access=credentials.has_any(transaction, order_id),
        )
    return _with_answers(edges, home, language, audience)


def _case_of(transaction: Connection, order_id: int, request: RefundRequest | None) -> Case | None:
    """The case behind the request, else the order's last one."""
    if request and request.case_id is not None:
        return find_case(transaction, request.case_id)
    of_order = list_cases(transaction, order_id)
    return of_order[-1] if of_order else None


def _offers_of(transaction: Connection, case: Case, now: datetime) -> tuple[WorkQuote, ...]:
    return tuple(
        one
        for one in turns.list_quotes(transaction, case.id)
        if one.standing in ("accepted", "declined")
        or (one.standing == "offered" and not is_over(one.valid_until, now))
    )


def _with_answers(
    edges: Edges, home: OrderHome, language: Language, audience: Audience
) -> OrderHome:
    quote, asked = None, None
    if home.order.paid_at is not None:
        try:
            quote = quote_order(edges, home.order.id)
        except OrderNotQuotable:
            quote = None
    if home.request:
        asked = shown.show_request(edges, home.request.id, language, audience)
    return replace(home, quote=quote, asked=asked, answer=_told(asked) if asked else None)


def _told(page: RequestPage) -> Explanation | None:
    """What the newest judgement says to the customer.

    A refund that waits for a second person, or that could not be paid, is promised to nobody.
    """
    latest = page.judgements[0] if page.judgements else None
    if latest is None:
        return None
    is_open = page.request.state == "in_review" and latest.recorded.outcome == "refund"
    return None if is_open else latest.explained


def ask(edges: Edges, order_id: int, request_key: str, reason: str, report: Report) -> None:
    """Ask for the order's money, and report why where no report is there yet.

    The same key again asks nothing new. Raises ProductNotOfOrder, and what ask_refund raises.
    """
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
        bought = {item.product for item in orders.list_items(transaction, order_id)}
    if report.product is not None and report.product not in bought:
        # Before anything is taken down: opening the case would find it only after the request.
        raise ProductNotOfOrder(
            f"Order {order.woo_order_id} did not buy {report.product!r}. Nothing was asked for."
        )
    asking = Asking(
        store_id=order.store_id,
        woo_order_id=order.woo_order_id,
        request_key=request_key,
        channel="portal",
        from_account_address=True,
    )
    request, is_new = ask_refund(edges, asking, asked_by=_actor(order_id))
    if is_new and request.case_id is None:
        # What support needs besides it asks for.
        cases.open_case(edges, Intake(order_id, reason, report=report), by=_actor(order_id))


def complete_report(edges: Edges, order_id: int, given: Mapping[str, Any]) -> None:
    """Write what support lacked into the report; `given` are fields of Report.

    Raises NoSuchRequest where no open request has a report.
    """
    with edges.database.read() as transaction:
        request = requests.find_open(transaction, order_id)
        case = _case_of(transaction, order_id, request) if request else None
    if case is None:
        raise NoSuchRequest("There is no open report for this order. Nothing was kept.")
    cases.change_report(edges, case.id, given, by=_actor(order_id))


def reply(edges: Edges, order_id: int, words: str, *, seen: int) -> None:
    """Take down what the customer writes to support; `seen` is the last turn their page knew of.

    The same words sent twice are taken down once. Raises MessageNotTaken, NoSuchCase, CaseMovedOn.
    """
    words = words.replace("\r\n", "\n").strip()  # as browsers end lines
    if not words or len(words) > MOST_WORDS or "\0" in words:
        raise MessageNotTaken(
            f"A message has between 1 and {MOST_WORDS} characters. Nothing was sent."
        )
    with edges.database.read() as transaction:
        asked = requests.list_requests(transaction, order_id)
        case = _case_of(transaction, order_id, asked[-1] if asked else None)
        said = turns.list_turns(transaction, case.id) if case else []
    if case is None:
        raise NoSuchCase("Support has no case for this order. Nothing was taken down.")
    last = said[-1] if said else None
    if last and last.kind is TurnKind.REPLY and last.words == words:
        return
    saying = Saying(TurnKind.REPLY, words)
    case_turns.say(edges, case.id, saying, by=_actor(order_id), seen=seen)


def answer_offer(edges: Edges, order_id: int, quote_id: int, *, accepts: bool) -> None:
    """Accept or decline charged work; the same answer sent twice changes nothing.

    Raises NoSuchQuote, also for a quote of another order, QuoteAnswered, QuoteOver.
    """
    with edges.database.read() as transaction:
        quote = turns.find_quote(transaction, quote_id)
        case = find_case(transaction, quote.case_id) if quote else None
    if case is None or case.order_id != order_id:
        raise NoSuchQuote(f"There is no quote {quote_id}.")
    work_quotes.answer_quote(edges, quote_id, accepts=accepts, by=_actor(order_id))


def state_destruction(edges: Edges, order_id: int, *, is_ticked: bool) -> None:
    """Keep the customer's statement for the open request.

    Raises StatementNotMade, NoSuchRequest, RequestSettled.
    """
    if not is_ticked:
        raise StatementNotMade("Nothing was stated: the box was not ticked.")
    confirm_destruction(edges, _open_request(edges, order_id), by=_actor(order_id))


def take_back(edges: Edges, order_id: int) -> None:
    """Withdraw the open request. Raises NoSuchRequest, RequestSettled."""
    withdraw(edges, _open_request(edges, order_id), by=_actor(order_id))


def switch_site_off(edges: Edges, order_id: int, activation_id: int) -> None:
    """Raises NoSuchActivation, also for a site of somebody else's licence."""
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
    deactivate_by_owner(edges, order, activation_id)


def say_site_is_lost(edges: Edges, order_id: int, activation_id: int) -> None:
    """The customer cannot reach the site any more: it is looked at over days, and freed.

    Raises NoSuchActivation.
    """
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
    lost_sites.report_lost(edges, order, activation_id, by=_actor(order_id))


def _open_request(edges: Edges, order_id: int) -> int:
    with edges.database.read() as transaction:
        request = requests.find_open(transaction, order_id)
    if request is None:
        raise NoSuchRequest("There is no open request for this order. Nothing was changed.")
    return request.id


def _actor(order_id: int) -> str:
    """How the trail names a customer: by the order that their link was bound to."""
    return f"order:{order_id}"

"""`/bridge/<connection>/account`: the customer's pages inside the store.

The bridge calls for whoever is signed in to the store. It says who that is, and asks WooCommerce
first whose an order is; the desk holds that against its own books, and answers in the customer's
language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, g
from marshmallow import EXCLUDE, Schema, fields, validate

from refunddesk.db.cases import Report
from refunddesk.db.orders import Order
from refunddesk.policy.wording.catalogue import LANGUAGES, Language
from refunddesk.services import order_home, signed_in, withdrawals
from refunddesk.services.bridge_calls import BridgeCall, ConnectedCall
from refunddesk.services.order_home import OrderHome
from refunddesk.services.plugins import find_sold_version
from refunddesk.services.refusal import Refusal
from refunddesk.services.signed_in import SignedIn
from refunddesk.services.withdrawals import Right
from refunddesk.web.account_words import word_order, word_summary
from refunddesk.web.auth import By, guard
from refunddesk.web.bridge import check_storable, connected, load_said, read_bridge_call, signed
from refunddesk.web.current import desk
from refunddesk.web.errors import STATUSES, answer_in_json
from refunddesk.web.portal.order import AskForm, ReportForm, given
from refunddesk.web.portal.texts import texts

account = Blueprint("account", __name__)
answer_in_json(account)

#: Orders told of at once: each is quoted, and the store's page waits for no more than 3 seconds.
MOST_ORDERS = 10
_MOST_ID = 2**63 - 1
_BASE = "/<string(maxlength=64):connection>/account"
_NO_NUL = validate.ContainsNoneOf("\0")


def _number() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST_ID))


class _Said(Schema):
    """One call's body; what it says besides, such as the store's address, others read."""

    class Meta:
        unknown = EXCLUDE


class WhoSchema(_Said):
    id = _number()
    email = fields.String(load_default="", validate=[validate.Length(max=254), _NO_NUL])


class CustomerSchema(_Said):
    customer = fields.Nested(WhoSchema, required=True)
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


class ListSchema(_Said):
    orders = fields.List(_number(), required=True, validate=validate.Length(max=MOST_ORDERS))


class OrderSchema(_Said):
    order = _number()


class AskSchema(AskForm, ReportForm):
    """What the portal's form says, with the facts that the store filled in."""

    class Meta(AskForm.Meta, ReportForm.Meta):
        """Of both forms."""

    product = fields.String(validate=[validate.Length(1, 200), _NO_NUL])


class WithdrawSchema(_Said):
    request_key = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{32}\Z"))


class ReplySchema(_Said):
    words = fields.String(required=True)
    last_turn = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, _MOST_ID))


class OfferSchema(_Said):
    offer = _number()
    answer = fields.String(required=True, validate=validate.OneOf(["accept", "decline"]))


class StatementSchema(_Said):
    destroyed = fields.Boolean(required=True)


class SiteSchema(_Said):
    site = _number()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One proven call for a customer."""

    call: BridgeCall
    store: ConnectedCall
    who: SignedIn
    language: Language

    def said(self, schema: Schema) -> dict[str, Any]:
        return load_said(schema, self.store.said)

    def order(self) -> Order:
        """The order that the call is about, if it is the customer's. Raises NoSuchOrder."""
        return signed_in.get_own_order(desk().edges, self.who, self.said(OrderSchema())["order"])

    def answer(self, told: dict[str, Any] | None = None) -> Response:
        return signed(self.call, self.store.answer(told or {}))


@account.post(f"{_BASE}/about")
@guard(By.SIGNATURE)
def about(connection: str) -> Response:
    """What pages of the store link to; no customer is named."""
    call = read_bridge_call()
    store = connected(connection, call)
    told = {
        "policy_page": _outside(f"/policies/{store.store.id}/"),
        "link_page": _outside("/my/link"),
        "withdrawal": withdrawals.is_offered(desk().edges, store.store.id),
    }
    return signed(call, store.answer(told))


@account.post(f"{_BASE}/orders")
@guard(By.SIGNATURE)
def list_orders(connection: str) -> Response:
    asked = _read(connection)
    edges, wanted = desk().edges, asked.said(ListSchema())["orders"]
    own = signed_in.list_own_orders(edges, asked.who, wanted)
    told = []
    for order in own:
        page = order_home.show_order(edges, order.id, asked.language)
        told.append(word_summary(page, asked.language, _right_of(page)))
    return asked.answer({"orders": told})


@account.post(f"{_BASE}/order")
@guard(By.SIGNATURE)
def order(connection: str) -> Response:
    asked, edges = _read(connection), desk().edges
    page = order_home.show_order(edges, asked.order().id, asked.language)
    right = _right_of(page)
    version = find_sold_version(edges, [item.product for item in page.items])
    return asked.answer({"page": word_order(page, asked.language, right, version)})


@account.post(f"{_BASE}/ask")
@guard(By.SIGNATURE)
def ask(connection: str) -> Response:
    asked = _read(connection)
    order, form = asked.order(), asked.said(AskSchema())
    report = Report(product=form.get("product"), **given(form))
    order_home.ask(desk().edges, order.id, form["request_key"], form["reason"], report)
    return asked.answer()


@account.post(f"{_BASE}/declare-withdrawal")
@guard(By.SIGNATURE)
def declare_withdrawal(connection: str) -> Response:
    asked = _read(connection)
    request_key = asked.said(WithdrawSchema())["request_key"]
    withdrawals.declare(desk().edges, asked.order().id, request_key)
    return asked.answer()


@account.post(f"{_BASE}/report")
@guard(By.SIGNATURE)
def complete_report(connection: str) -> Response:
    asked = _read(connection)
    order_home.complete_report(desk().edges, asked.order().id, given(asked.said(ReportForm())))
    return asked.answer()


@account.post(f"{_BASE}/reply")
@guard(By.SIGNATURE)
def reply(connection: str) -> Response:
    asked = _read(connection)
    said = asked.said(ReplySchema())
    order_home.reply(desk().edges, asked.order().id, said["words"], seen=said["last_turn"])
    return asked.answer()


@account.post(f"{_BASE}/answer-offer")
@guard(By.SIGNATURE)
def answer_offer(connection: str) -> Response:
    asked = _read(connection)
    said, order = asked.said(OfferSchema()), asked.order()
    accepts = said["answer"] == "accept"
    order_home.answer_offer(desk().edges, order.id, said["offer"], accepts=accepts)
    return asked.answer()


@account.post(f"{_BASE}/take-back")
@guard(By.SIGNATURE)
def take_back(connection: str) -> Response:
    asked = _read(connection)
    order_home.take_back(desk().edges, asked.order().id)
    return asked.answer()


@account.post(f"{_BASE}/statement")
@guard(By.SIGNATURE)
def state(connection: str) -> Response:
    asked = _read(connection)
    is_ticked = asked.said(StatementSchema())["destroyed"]
    order_home.state_destruction(desk().edges, asked.order().id, is_ticked=is_ticked)
    return asked.answer()


@account.post(f"{_BASE}/switch-off")
@guard(By.SIGNATURE)
def switch_off(connection: str) -> Response:
    asked = _read(connection)
    order_home.switch_site_off(desk().edges, asked.order().id, asked.said(SiteSchema())["site"])
    return asked.answer()


@account.post(f"{_BASE}/say-lost")
@guard(By.SIGNATURE)
def say_lost(connection: str) -> Response:
    asked = _read(connection)
    order_home.say_site_is_lost(desk().edges, asked.order().id, asked.said(SiteSchema())["site"])
    return asked.answer()


def _right_of(page: OrderHome) -> Right | None:
    return withdrawals.find_right(desk().edges, page.order.id) if page.may_ask else None


def _say_why_not(refusal: Refusal) -> tuple[dict[str, str], int]:
    """In the customer's language where it is known: the store shows this to them."""
    said = texts(cast(Language, g.get("refunddesk_language", "en")))
    key = f"refused.{refusal.code}"
    is_to_customer = "refunddesk_language" in g and said.has(key)
    message = said.say(key) if is_to_customer else str(refusal)
    return {"error": refusal.code, "message": message}, STATUSES[type(refusal)]


account.register_error_handler(Refusal, _say_why_not)


def _read(connection: str) -> _Asked:
    """Raises a Refusal where the call is not proven, or names no customer."""
    call = read_bridge_call()
    store = connected(connection, call)
    check_storable(store.said)
    named = load_said(CustomerSchema(), store.said)
    g.refunddesk_language = named["language"]
    who = SignedIn(store.store.id, named["customer"]["id"], named["customer"]["email"])
    return _Asked(call, store, who, named["language"])


def _outside(path: str) -> str:
    """The address by which people reach a path of the desk."""
    settings = desk().settings
    return settings.public_url + settings.url_prefix + path

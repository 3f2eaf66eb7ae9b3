"""A customer's orders in words, as the bridge lays them out on pages of the store.

Every sentence that holds a fact is made here, by the texts of the customer's own pages; the bridge
has the headings and buttons, and no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from refunddesk.db.licenses import Activation
from refunddesk.db.turns import RecordedTurn, WorkQuote
from refunddesk.policy.wording.catalogue import Catalogue, Language, catalogue
from refunddesk.policy.wording.said import Explanation
from refunddesk.policy.wording.showing import Showing
from refunddesk.services.order_home import LicenseInUse, OrderHome
from refunddesk.services.withdrawals import Right
from refunddesk.web.portal.order import REASONS, steps_back
from refunddesk.web.portal.texts import Texts, texts
from refunddesk.worktime import zone

Json = dict[str, Any]
#: Of the steps in which an amount falls; a price reckoned by the day has hundreds.
_MOST_STEPS = 6
_STUCK = ("pending", "failed", "on-hold")


@dataclass(frozen=True, slots=True)
class _Voice:
    """How one order's facts are said in one language."""

    page: OrderHome
    texts: Texts
    words: Catalogue
    show: Showing

    def say(self, key: str, **facts: object) -> str:
        return self.texts.say(key, **facts)

    def day(self, at: datetime) -> str:
        return self.show.show(at, "day", self.words)

    def until(self, at: datetime | None) -> str:
        return self.show.show(at, "deadline", self.words) if at else self.say("today.for_good")


def word_summary(page: OrderHome, language: Language, right: Right | None) -> Json:
    """One line of the list of a customer's orders: how far a request is, or what comes back."""
    voice = _voice(page, language)
    asked = page.request
    # Of a request that is settled the list says how; what else might come back its page says.
    is_free = page.may_ask and (asked is None or asked.state == "withdrawn")
    steps = steps_back(page) if is_free else []
    return {
        "order": page.order.woo_order_id,
        "number": page.order.number,
        "state": voice.say(f"state.{asked.state}") if asked else None,
        "amount": voice.show.money(steps[0][0], voice.words) if steps else None,
        "until": voice.until(steps[0][1]) if steps else None,
        "says": _says(voice, right) if is_free and not steps else None,
        "sites": sum(len(one.sites) for one in page.licenses),
    }


def word_order(
    page: OrderHome, language: Language, right: Right | None, version: str | None
) -> Json:
    """All of one order. `version` is that of its product which the store sells now, if known."""
    voice = _voice(page, language)
    order = page.order
    return {
        "order": order.woo_order_id,
        "number": order.number,
        "paid": _paid(voice),
        "stuck": _stuck(voice),
        "items": [
            {"name": item.name, "amount": voice.show.money(item.paid + item.tax, voice.words)}
            for item in page.items
        ],
        "asked": _asked(voice),
        "missing": list(page.missing),
        "statement": _statement(voice),
        "messages": _messages(voice),
        "money": [
            voice.say(
                f"money.{refund.state}",
                amount=voice.show.money(refund.amount, voice.words),
                day=voice.day(refund.settled_at or refund.created_at),
            )
            for refund in page.refunds
        ],
        "today": _today(voice) if page.may_ask and (steps_back(page) or not right) else None,
        "ask": _ask(voice, version) if page.may_ask else None,
        "withdrawal": {"says": _says(voice, right)} if right and page.may_ask else None,
        "licenses": [_license(voice, one) for one in page.licenses],
    }


def _voice(page: OrderHome, language: Language) -> _Voice:
    order = page.order
    showing = Showing(zone(page.store.timezone), order.currency, order.decimals)
    return _Voice(page, texts(language), catalogue(language), showing)


def _paid(voice: _Voice) -> str:
    order = voice.page.order
    if order.paid_at is None:
        return voice.say("order.not_paid")
    total = voice.show.money(order.total, voice.words)
    return voice.say("order.paid", day=voice.day(order.paid_at), total=total)


def _stuck(voice: _Voice) -> list[str]:
    """Why a payment may not have come through, with what to do last; [] where it did."""
    order = voice.page.order
    if order.paid_at is not None or order.gone_at is not None or order.status not in _STUCK:
        return []
    return [voice.say(f"stuck.{one}") for one in ("card", "bank", "page", "blocked", "then")]


def _asked(voice: _Voice) -> Json | None:
    request, answer = voice.page.request, voice.page.answer
    if request is None:
        return None
    tells = answer if answer and request.state != "withdrawn" else None
    return {
        "on": voice.say("asked.on", day=voice.day(request.asked_at)),
        "state": request.state,
        "says": voice.say(f"state.{request.state}"),
        "may_withdraw": request.is_open,
        "answer": _answer(tells) if tells else None,
    }


def _answer(answer: Explanation) -> Json:
    return {
        "headline": answer.headline,
        "reason": answer.reason,
        "awaits": list(answer.awaits),
        "changes": list(answer.changes),
        "lines": [
            {
                "label": line.label,
                "parts": [{"label": part.label, "text": part.text} for part in line.parts],
            }
            for line in answer.lines
        ],
        "total": {"label": answer.total.label, "text": answer.total.text} if answer.total else None,
        "zone": answer.zone,
    }


def _statement(voice: _Voice) -> Json:
    request = voice.page.request
    made = request.destruction_confirmed_at if request else None
    return {
        "text": voice.say("statement.text") if voice.page.may_state else None,
        "made": voice.say("statement.made", day=voice.day(made)) if made else None,
    }


def _messages(voice: _Voice) -> Json | None:
    if not voice.page.has_case:
        return None
    return {
        "last_turn": voice.page.last_turn,
        "said": [_message(voice, turn) for turn in voice.page.said if turn.words],
        "offers": [_offer(voice, offer) for offer in voice.page.offers],
    }


def _message(voice: _Voice, turn: RecordedTurn) -> Json:
    return {
        "by_customer": turn.kind == "reply",
        "at": voice.show.show(turn.said_at, "moment", voice.words),
        "words": turn.words,
    }


def _offer(voice: _Voice, offer: WorkQuote) -> Json:
    amount = voice.show.money(offer.amount, voice.words)
    told = {
        "id": offer.id,
        "heading": voice.say("offer.heading", amount=amount),
        "work": offer.work,
    }
    if offer.answered_at is not None:
        return told | {"says": voice.say(f"offer.{offer.state}", day=voice.day(offer.answered_at))}
    return told | {
        "says": voice.say("offer.until", until=voice.until(offer.valid_until)),
        "accept": voice.say("offer.accept", amount=amount),
        "decline": voice.say("offer.decline"),
    }


def _says(voice: _Voice, right: Right | None) -> str:
    """The right by law, where there is one: it may give more than the policy does as things are."""
    if right is None:
        return _says_today(voice)
    return voice.say("withdrawal.may", until=voice.until(right.until))


def _says_today(voice: _Voice) -> str:
    if voice.page.quote is None:
        return voice.say("today.person")
    return voice.say("today.if" if steps_back(voice.page) else "today.nothing")


def _today(voice: _Voice) -> Json:
    steps = steps_back(voice.page)
    return {
        "says": _says_today(voice),
        "steps": [
            {"until": voice.until(until), "amount": voice.show.money(amount, voice.words)}
            for amount, until in steps[:_MOST_STEPS]
        ],
        "falls": voice.say("today.falls") if len(steps) > _MOST_STEPS else None,
    }


def _ask(voice: _Voice, version: str | None) -> Json:
    """What the form offers, and the facts that S-4 asks for as far as they are known."""
    page = voice.page
    products = {item.product: item.name for item in page.items if item.item_kind == "product"}
    return {
        "reasons": [
            {"value": reason, "label": voice.words.word("reason", reason)} for reason in REASONS
        ],
        "products": [{"value": product, "label": name} for product, name in products.items()],
        "sites": sorted({site.site for one in page.licenses for site in one.sites}),
        "version": version or "",
    }


def _license(voice: _Voice, one: LicenseInUse) -> Json:
    held = one.license
    says = ""
    if held.state != "active":
        says = voice.say("licenses.ended")
    elif held.expires_at:
        says = voice.say("licenses.until", day=voice.day(held.expires_at))
    return {
        "product": held.product,
        "key": voice.say("licenses.key", tail=held.key_ends_with),
        "says": says,
        "sites": [_site(voice, site) for site in one.sites],
    }


def _site(voice: _Voice, site: Activation) -> Json:
    return {
        "id": site.id,
        "site": site.site,
        "is_staging": site.is_staging,
        "lost": voice.say("licenses.lost", day=voice.day(site.lost_at)) if site.lost_at else None,
    }

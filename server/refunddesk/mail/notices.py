"""Every notice there is, and how its facts become a subject, a text and the same text as HTML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from refunddesk.mail.html import to_html
from refunddesk.mail.letter import one_line
from refunddesk.money import Money

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("en", "fr", "de")
#: How each language writes dates and amounts.
_LOCALES = {"en": "en_GB", "fr": "fr_FR", "de": "de_DE"}

#: A fact as the row of a notice keeps it: JSON without floats.
Facts = Mapping[str, Any]


class NoticeKind(StrEnum):
    """What we write about. Each has a folder of templates of its own name."""

    # to the customer
    CASE_OPENED = "case_opened"
    QUESTION = "question"
    ANSWER = "answer"
    FINDING = "finding"
    QUOTE_OFFERED = "quote_offered"
    REFUND_WAITS = "refund_waits"
    REFUND_PAID = "refund_paid"
    REFUND_REFUSED = "refund_refused"
    WITHDRAWAL_RECEIVED = "withdrawal_received"
    YOUR_LINK = "your_link"
    RENEWAL_REMINDER = "renewal_reminder"
    RENEWAL_RECEIPT = "renewal_receipt"
    SUBSCRIPTION_ENDED = "subscription_ended"
    CREDENTIAL_ASKED = "credential_asked"
    CREDENTIAL_REVEALED = "credential_revealed"
    CREDENTIAL_DESTROYED = "credential_destroyed"
    # to the people of the desk
    STAFF_NEEDED = "staff_needed"
    COMPAT_VERDICT = "compat_verdict"


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice in one language; `text` and `html` say the same."""

    subject: str
    text: str
    html: str


def word(kind: NoticeKind, language: str, facts: Facts, zone: tzinfo) -> Wording:
    """The notice of these facts in `language`, with times in `zone`.

    A fact that the template asks for and that is not there is an error of ours: it raises
    jinja2.UndefinedError.
    """
    template = _templates(language).get_template(f"{kind.value}/{language}.txt")
    written = template.render(facts, say=words(language), **_formats(language, zone))
    heading, _, body = written.partition("\n")
    subject = one_line(heading.removeprefix("Subject:"), 200)
    text = _tidy(body)
    sender = one_line(facts["store"])
    return Wording(subject, text, to_html(text, language=language, title=subject, sender=sender))


def money_fact(amount: Money) -> dict[str, object]:
    """An amount as a notice's facts keep it."""
    return {"amount": str(amount), "currency": amount.currency, "decimals": amount.decimals}


def amount_in_words(amount: Money, language: str) -> str:
    """The amount as people of the language write it: every digit of the books, none more."""
    # Quantizing would show a store's third decimal rounded, where the store keeps one.
    return format_currency(
        amount.decimal, amount.currency, locale=_LOCALES[language], decimal_quantization=False
    )


@cache
def words(language: str) -> dict[str, dict[str, str]]:
    """Words for the program's codes, by topic: `words("fr")["finding"]["malfunction"]`."""
    found: dict[str, dict[str, str]] = tomllib.loads(
        (TEMPLATES / f"words.{language}.toml").read_text("utf-8")
    )
    return found


class Quoted(str):
    """Somebody's own words over several lines, each marked as theirs."""

    __slots__ = ()


@cache
def _templates(language: str) -> Environment:
    # Not escaped here: the text part is plain, and to_html escapes every line it takes over.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_plain,
    )


def _plain(value: object) -> object:
    """Whatever a template puts in is one line, so that no fact can look like our own words."""
    return value if isinstance(value, Quoted) else one_line(value, 2_000)


def _formats(language: str, zone: tzinfo) -> dict[str, Any]:
    return {
        "money": partial(_money, language),
        "moment": partial(_moment, language, zone),
        "day": partial(_day, language, zone),
        "quoted": _quoted,
    }


def _money(language: str, fact: Mapping[str, Any]) -> str:
    amount = Money.parse(fact["amount"], fact["currency"], fact["decimals"])
    return amount_in_words(amount, language)


def _moment(language: str, zone: tzinfo, fact: str) -> str:
    """Day, time and the zone's name: a reader may live in another one."""
    local = _at(fact).astimezone(zone)
    on = format_date(local, "full", locale=_LOCALES[language])
    return f"{on}, {local:%H:%M} ({zone})"


def _day(language: str, zone: tzinfo, fact: str) -> str:
    on = date.fromisoformat(fact) if len(fact) == 10 else _at(fact).astimezone(zone).date()
    return format_date(on, "long", locale=_LOCALES[language])


def _at(fact: str) -> datetime:
    return datetime.fromisoformat(fact)


def _quoted(text: str) -> Quoted:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    return Quoted("\n".join(f"> {one_line(line, 2_000)}".rstrip() for line in lines))


def _tidy(body: str) -> str:
    """No blank lines twice, none at the ends but a last line break."""
    lines: list[str] = []
    for line in body.strip("\n").split("\n"):
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).rstrip("\n") + "\n"

"""What a mail says is what the books say, in text and HTML alike, whatever customers write."""

from __future__ import annotations

import re
from datetime import UTC
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from babel import Locale
from babel.numbers import parse_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.mail.notices import LANGUAGES, NoticeKind, amount_in_words, money_fact, word
from refunddesk.money import Money
from refunddesk.worktime import zone

PAID = {"store": "Shop", "order": "1001", "marker": "RD-7F3K2QXM"}
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "h1"} | {
    "p",
    "ul",
    "li",
    "blockquote",
    "br",
    "a",
}


class Reader(HTMLParser):
    """What a browser makes of a page: its tags, its links, and the words people see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None)
@given(
    minor=st.integers(1, 10**12),
    currency=st.sampled_from(["EUR", "USD", "INR", "JPY", "KWD"]),
    more=st.booleans(),
)
def test_the_amount_of_a_mail_is_the_amount_of_the_books(
    language: str, minor: int, currency: str, more: bool
) -> None:
    amount = Money(minor, currency)
    if more:
        # A store may show more decimals than its currency has.
        amount = Money(minor, currency, amount.decimals + 1)
    shown = amount_in_words(amount, language)
    digits = re.sub(r"[^\d.,\s\u202f\u00a0]", "", shown).strip(" \u00a0\u202f.")
    locale = Locale.parse({"en": "en_GB", "fr": "fr_FR", "de": "de_DE"}[language])
    assert parse_decimal(digits, locale=locale) == amount.decimal
    assert amount.decimal == Decimal(str(amount))


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_name_the_same_amount(language: str) -> None:
    amount = Money.parse("1234.50", "EUR")
    notice = word(NoticeKind.REFUND_PAID, language, PAID | {"amount": money_fact(amount)}, UTC)
    shown = amount_in_words(amount, language)
    assert shown in notice.subject
    assert shown in notice.text
    assert shown in "".join(Reader(notice.html).seen)


@settings(deadline=None)
@given(
    text=st.text(max_size=400)
    | st.sampled_from(
        [
            "<script>alert(1)</script>",
            "- <img src=x onerror=alert(1)>\n\nhttps://evil.test/pay",
            "</blockquote></main><a href='https://evil.test'>Pay here</a>",
            "{{ 7 * 7 }} {% raw %}",
        ]
    ),
    product=st.text(max_size=60) | st.just("x\n\nhttps://evil.test/\n\n"),
)
def test_what_a_customer_or_a_product_is_called_stays_words(text: str, product: str) -> None:
    case = {"store": "Shop", "order": "1001", "case": 3}
    answer = word(NoticeKind.ANSWER, "en", case | {"text": text}, UTC)
    opened = word(
        NoticeKind.CASE_OPENED,
        "en",
        case
        | {
            "product": product,
            "missing": [],
            "links": [],
            "free": True,
            "first_answer_by": "2026-03-09T17:00:00Z",
        },
        UTC,
    )
    for notice in (answer, opened):
        reader = Reader(notice.html)
        assert reader.tags <= TAGS
        assert reader.links == []
    body = answer.text.split("\n\n")
    # Hello, the announcement, the words themselves, the closing line: nothing pretends to be ours.
    assert all(line.startswith(">") for block in body[2:-1] for line in block.split("\n"))
    assert "49" not in answer.text or "49" in text


def test_times_are_told_in_the_store_s_zone_with_its_name() -> None:
    quote = {
        "store": "Shop",
        "order": "1001",
        "case": 3,
        "work": "A field.",
        "amount": money_fact(Money.parse("10.00", "EUR")),
        "until": "2026-03-09T18:29:59Z",
        "address": "https://desk.test/my/enter/abc",
    }
    told = word(NoticeKind.QUOTE_OFFERED, "de", quote, zone("Asia/Kolkata")).text
    assert "Montag, 9. März 2026, 23:59 (Asia/Kolkata)" in told
    told = word(NoticeKind.QUOTE_OFFERED, "fr", quote, zone("+05:30")).text
    assert "lundi 9 mars 2026, 23:59 (UTC+05:30)" in told

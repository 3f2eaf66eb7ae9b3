"""Every notice is worded in every language, and every code it may hold has its word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any, get_args

import pytest

from refunddesk.compat.verdict import Verdict
from refunddesk.db.credentials import Because
from refunddesk.mail.notices import LANGUAGES, TEMPLATES, NoticeKind, word, words
from refunddesk.policy import claim
from tests.house.test_sources import modules

LINK = "https://desk.test/my/enter/a-token"
EUR = {"amount": "1234.50", "currency": "EUR", "decimals": 2}
SOON = "2026-03-09T17:00:00Z"
OF_CASE = {"store": "Lisa's Shop", "order": "1001", "case": 3}

#: Facts of each kind: with everything in them, and with as little as there may be.
SAMPLES: dict[NoticeKind, list[dict[str, Any]]] = {
    NoticeKind.CASE_OPENED: [
        OF_CASE
        | {
            "product": "CRM Portal",
            "missing": ["site_url", "screenshots"],
            "links": [{"kind": "manual", "title": "Setting up", "url": "https://docs.test/a"}],
            "free": False,
            "first_answer_by": SOON,
        },
        OF_CASE
        | {"product": "", "missing": [], "links": [], "free": True, "first_answer_by": SOON},
    ],
    NoticeKind.QUESTION: [
        OF_CASE | {"text": "Which theme?\nAnd\n\nPHP?", "missing": ["details"], "until": SOON},
        OF_CASE | {"text": "Which theme?", "missing": [], "until": None},
    ],
    NoticeKind.ANSWER: [OF_CASE | {"text": "Please update to 2.1."}],
    NoticeKind.FINDING: [
        OF_CASE | {"finding": "malfunction", "ended": "gave_up", "text": "It cannot be mended."},
        OF_CASE | {"finding": None, "ended": "resolved", "text": ""},
        OF_CASE | {"finding": "no_fault_found", "ended": None, "text": ""},
    ],
    NoticeKind.QUOTE_OFFERED: [
        OF_CASE | {"work": "A new field.", "amount": EUR, "until": SOON, "address": LINK}
    ],
    NoticeKind.REFUND_WAITS: [
        {
            "store": "Shop",
            "order": "1001",
            "held": EUR,
            "awaits": ["Switch the licence off on ada.example."],
            "until": False,
            "address": LINK,
        },
        {
            "store": "S",
            "order": "1",
            "held": None,
            "awaits": ["Open a case by 1 April."],
            "until": True,
            "address": LINK,
        },
    ],
    NoticeKind.REFUND_PAID: [
        {"store": "Shop", "order": "1001", "amount": EUR, "marker": "RD-7F3K2QXM"}
    ],
    NoticeKind.REFUND_REFUSED: [
        {
            "store": "Shop",
            "order": "1001",
            "clause": "R-1E",
            "clause_text": "A change of mind is no ground.",
            "reason": "The reason given was a change of mind.",
            "changes": ["A fault of the product."],
        },
        {
            "store": "S",
            "order": "1",
            "clause": None,
            "clause_text": "",
            "reason": "",
            "changes": [],
        },
    ],
    NoticeKind.WITHDRAWAL_RECEIVED: [
        {"store": "Shop", "order": "1001", "declared_at": SOON, "items": ["CRM Portal", "Support"]},
        {"store": "S", "order": "1", "declared_at": SOON, "items": []},
    ],
    NoticeKind.YOUR_LINK: [{"store": "Shop", "order": "1001", "hours": 72, "address": LINK}],
    NoticeKind.RENEWAL_REMINDER: [
        {
            "store": "Shop",
            "products": ["CRM Portal", "Support"],
            "amount": EUR,
            "on": "2026-03-09",
            "pays_with": "Credit card",
            "account": "•••• 4242",
            "manual": False,
            "address": LINK,
        },
        {
            "store": "S",
            "products": [],
            "amount": EUR,
            "on": "2026-03-09",
            "pays_with": "",
            "account": "",
            "manual": False,
            "address": None,
        },
        {
            "store": "S",
            "products": ["CRM Portal"],
            "amount": EUR,
            "on": "2026-03-09",
            "pays_with": "Bank transfer",
            "account": "",
            "manual": True,
            "address": LINK,
        },
    ],
    NoticeKind.RENEWAL_RECEIPT: [
        {
            "store": "Shop",
            "order": "1001",
            "amount": EUR,
            "paid_on": "2026-03-02",
            "pays_with": "Credit card",
            "account": "•••• 4242",
            "manual": False,
            "next_on": "2027-03-02",
            "next_amount": EUR,
            "back": EUR,
            "until": SOON,
            "address": LINK,
        },
        {
            "store": "S",
            "order": "1",
            "amount": EUR,
            "paid_on": "2026-03-02",
            "pays_with": "",
            "account": "",
            "manual": False,
            "next_on": None,
            "next_amount": None,
            "back": None,
            "until": None,
            "address": LINK,
        },
    ],
    NoticeKind.SUBSCRIPTION_ENDED: [
        {"store": "Shop", "order": "1001", "until": SOON},
        {"store": "S", "order": "1", "until": None},
    ],
    NoticeKind.CREDENTIAL_ASKED: [
        OF_CASE | {"text": "SFTP, please.\nFor the log.", "days": 14, "hours": 72, "address": LINK}
    ],
    NoticeKind.CREDENTIAL_REVEALED: [OF_CASE | {"text": "To read the log.", "at": SOON}],
    NoticeKind.CREDENTIAL_DESTROYED: [
        OF_CASE | {"because": because.value, "at": SOON} for because in Because
    ],
    NoticeKind.STAFF_NEEDED: [
        {
            "store": "Shop",
            "what": "case_opened",
            "about": "case:3",
            "address": "https://desk.test/desk/cases/3",
        }
    ],
    NoticeKind.COMPAT_VERDICT: [
        {
            "store": "Refund Desk",
            "plugin": "crm-portal",
            "plugin_version": "2.1",
            "release": "WordPress 6.9",
            "verdict": "BROKEN",
            "reason": "A removed function is called.",
            "findings": 2,
            "address": "https://desk.test/desk/",
        }
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind), ids=lambda kind: kind.value)
def test_every_notice_can_be_worded(kind: NoticeKind, language: str) -> None:
    for facts in SAMPLES[kind]:
        notice = word(kind, language, facts, UTC)
        assert notice.subject
        for part in (notice.subject, notice.text, notice.html):
            assert not re.search(r"\{\{|\{%|None|\[\]", part), part
        # A sentence begins where its line does: no blank or stray piece of a condition is left.
        assert all(line == line.strip() for line in notice.text.split("\n")), notice.text
        assert "\n\n\n" not in notice.text
        assert len(notice.text) > 60


def test_no_template_is_left_over() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {kind.value for kind in NoticeKind}
    for folder in folders:
        languages = {path.name for path in (TEMPLATES / folder).iterdir()}
        assert languages == {f"{language}.txt" for language in LANGUAGES}


def codes(topic: str) -> set[str]:
    """All codes of a topic that the program can put into a notice."""
    return {
        "missing": set(get_args(claim.MissingFact)),
        "finding": set(get_args(claim.CaseFinding)),
        "verdict": {verdict.value for verdict in Verdict},
        "needed": set(needs_of_staff()),
        "destroyed": {because.value for because in Because},
    }[topic]


def needs_of_staff() -> Iterator[str]:
    for name, call in calls("tell_staff"):
        if name != "services/notices.py":
            what = call.args[1]
            assert isinstance(what, ast.Constant), "a code is written where it is used"
            yield what.value


def calls(function: str) -> Iterator[tuple[str, ast.Call]]:
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and function in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                yield name, node


@pytest.mark.parametrize("topic", ["missing", "finding", "verdict", "needed", "destroyed"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_word(language: str, topic: str) -> None:
    assert codes(topic) - set(words(language)[topic]) == set()


def test_the_languages_have_the_same_words() -> None:
    there = [
        {(topic, code) for topic, said in words(language).items() for code in said}
        for language in LANGUAGES
    ]
    assert there[0] == there[1] == there[2]

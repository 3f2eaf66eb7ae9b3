"""The public page of a policy says what the judge says, in three languages, and nothing hostile."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from refunddesk.cli import main
from refunddesk.money import Money, total
from refunddesk.policy.claim import Store
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import dump_claim, load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.page import PageContent, Publisher, content_policy, page_content, page_html
from refunddesk.policy.page.examples import find_examples
from refunddesk.policy.version import Policy
from refunddesk.policy.wording import LANGUAGES, Language
from refunddesk.policy.wording.catalogue import catalogue

KOLKATA = Store(timezone="Asia/Kolkata")
POLICIES = Path(__file__).parents[2] / "server" / "refunddesk" / "policies"
DOCUMENTS = sorted(POLICIES.rglob("*.toml"))
#: What the stages that touch money do; the rest refuses, asks or waits.
_GIVES_OR_TAKES = {
    "full_refund",
    "pro_rata",
    "stepped_refund",
    "withdrawal",
    "excluded_kinds",
    "tax",
}
_VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = '<script>alert("x")</script> & </style>'


@lru_cache(maxsize=8)
def built_in_page(language: Language) -> PageContent:
    policy = load_policy("crmjetty")
    return page_content(policy, policy.versions[0], Publisher(KOLKATA, "Example"), language)


def text_of(html: str) -> str:
    without_style = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_style)).split())


class Outline(HTMLParser):
    """Checks that tags are closed in order, and collects ids, headings and references."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        if "id" in told:
            self.ids.append(told["id"] or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if (told.get("href") or "").startswith("#"):
            self.targets.append((told["href"] or "")[1:])
        self.targets += (told.get("aria-labelledby") or "").split()
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_well_formed_and_has_its_landmarks(language: Language) -> None:
    html = page_html(built_in_page(language))
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert html.startswith(f'<!doctype html>\n<html lang="{language}">')
    assert {"header", "nav", "main", "title"} <= outline.tags
    assert not outline.tags & {"script", "img", "iframe", "form"}
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.targets) <= set(outline.ids), "every link within the page leads somewhere"
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    steps = zip(outline.levels, outline.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), "no level of heading is skipped"
    assert "style=" not in html, "the content policy forbids it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_has_its_text_and_what_was_chosen_where_it_is_unclear(
    language: Language,
) -> None:
    page = built_in_page(language)
    version = load_policy("crmjetty").versions[0]
    assert [clause.id for clause in page.clauses] == list(
        dict.fromkeys(clause.id for clause in version.clauses)
    )
    for clause in page.clauses:
        assert clause.texts
        assert all(text.language == language for text in clause.texts)
    read = {reading.text.words for clause in page.clauses for reading in clause.readings}
    chosen = {version.reading_texts[name][language] for name in version.readings}
    assert read <= chosen
    assert len(read) >= len(chosen) - len(version.unused_readings) - 2


def test_the_examples_are_the_judges_answers_to_the_cent() -> None:
    policy = load_policy("crmjetty")
    examples = find_examples(policy, policy.versions[0], KOLKATA, "EUR")
    page = text_of(page_html(built_in_page("en")))
    shown = 0
    for each in [example for both in examples.values() for example in both]:
        again = judge(load_claim(dump_claim(each.claim)), policy)
        assert again.to_json() == each.decision.to_json()
        if again.outcome == "refund":
            paid = again.amount + again.tax.refund
            assert f"You get €{paid} back." in page
            shown += 1
    assert shown >= 8


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_clause_that_gives_or_takes_money_has_an_example(document: Path) -> None:
    policy = load_policy(document)
    terms = policy.versions[0]
    examples = find_examples(policy, terms, Store(timezone="UTC", country="DE"), "EUR")
    lacking = [
        clause.id
        for clause in terms.clauses
        if clause.kind.name in _GIVES_OR_TAKES
        and not (clause.kind.name == "tax" and clause.params.tax == "in_proportion")
        and clause.id not in examples
    ]
    assert lacking == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_template_can_be_published_with_a_sentence_for_all_it_says(document: Path) -> None:
    policy = load_policy(document)
    publisher = Publisher(Store(timezone="Europe/Berlin", country="DE"), "Example")
    for language in LANGUAGES:
        page = page_content(policy, policy.versions[0], publisher, language)
        told = [example.answer for clause in page.clauses for example in clause.examples]
        assert told
        unknown = catalogue(language).entries["why"]["unknown"]["customer"]
        assert all(answer.reason != unknown for answer in told)
        assert all(text.language == language for clause in page.clauses for text in clause.texts)


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "JP¥19,900"), ("KWD", "KWD199.000"), ("USD", "US$199.00")]
)
def test_the_examples_are_in_the_stores_own_currency(currency: str, shown: str) -> None:
    policy = load_policy("crmjetty")
    publisher = Publisher(KOLKATA, "", currency)
    page = page_content(policy, policy.versions[0], publisher, "en")
    told = [
        fact for clause in page.clauses for example in clause.examples for fact in example.facts
    ]
    assert any(shown in fact.replace("\u00a0", " ") for fact in told)


def test_a_document_or_a_store_with_hostile_words_stays_words(tmp_path: Path) -> None:
    policy = hostile_policy(tmp_path)
    publisher = Publisher(KOLKATA, HOSTILE, languages={"en": '/a?x=1&y="2"'})
    html = page_html(page_content(policy, policy.versions[0], publisher, "en"))
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert text_of(html).count('<script>alert("x")</script> & </style>') >= 4
    outline = Outline()
    outline.feed(html)
    assert outline.open == []


def hostile_policy(folder: Path) -> Policy:
    file = folder / "hostile.toml"
    words = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    file.write_text(
        f'id = "hostile"\nversion = "{words}"\nin_force_from = 2020-01-01T00:00:00Z\n'
        f'title.en = "{words}"\n[[clause]]\nid = "{words}"\nkind = "full_refund"\n'
        f'text.de = "{words}"\n'
        'params = { within = "30 days", event = "requested", pays = "all" }\n',
        encoding="utf-8",
    )
    return load_policy(file)


def test_a_text_that_is_not_translated_is_shown_and_marked_with_its_own_language(
    tmp_path: Path,
) -> None:
    policy = hostile_policy(tmp_path)
    html = page_html(page_content(policy, policy.versions[0], Publisher(KOLKATA), "fr"))
    assert '<p class="text" lang="de">' in html
    assert '<h1 lang="en">' in html


def test_earlier_versions_are_dated_to_the_day_before_the_next(tmp_path: Path) -> None:
    clause = (
        '[[clause]]\nid = "1"\nkind = "full_refund"\ntext.en = "All."\n'
        'params = { within = "30 days", event = "requested", pays = "all" }\n'
    )
    for name, since in (("1", "2020-01-01T00:00:00Z"), ("2", "2026-04-01T00:00:00Z")):
        head = f'id = "mine"\nversion = "{name}"\nin_force_from = {since}\ntitle.en = "Mine"\n'
        (tmp_path / f"{name}.toml").write_text(head + clause, encoding="utf-8")
    policy = load_policy(tmp_path)
    publisher = Publisher(Store(timezone="UTC"), versions={"1": "/v/1", "2": "/v/2"})
    page = page_content(policy, policy.versions[0], publisher, "en")
    assert page.in_force == "Version 1, in force from 1 January 2020 to 31 March 2026."
    assert [(v.days, v.is_shown) for v in page.versions] == [
        ("Version 2, since 1 April 2026", False),
        ("Version 1, from 1 January 2020 to 31 March 2026", True),
    ]
    assert '<a href="/v/2">' in page_html(page)


def test_the_content_policy_allows_the_pages_own_style_alone() -> None:
    assert content_policy().startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in content_policy()


def test_the_command_writes_a_file_that_needs_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "policy.html"
    arguments = ["policy", "page", "--lang", "de", "--store", "Laden", "--output", str(file)]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.output) == (0, "")
    html = file.read_text("utf-8")
    assert "Erstattungsrichtlinie" in html
    assert not re.search(r'(src|href)="(?!#)', html), "no address outside the page"


@pytest.mark.parametrize(
    "arguments",
    [["--policy", "absent.toml"], ["--version", "9"], ["--timezone", "Mars"], ["--currency", "?"]],
    ids=["no such document", "no such version", "no such zone", "no such currency"],
)
def test_a_page_that_cannot_be_made_gives_one_line_and_exit_code_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, ["policy", "page", *arguments])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_sums_on_the_page_add_up() -> None:
    for clause in built_in_page("en").clauses:
        for example in clause.examples:
            if example.answer.total is None:
                continue
            backs = [line.back.amount for line in example.answer.lines]
            assert total(backs, "EUR") == example.answer.total.amount
            for line in example.answer.lines:
                taken = total((part.amount for part in line.deductions), "EUR")
                assert line.paid.amount + taken == line.back.amount
    assert Money(0, "EUR") == total([], "EUR")

"""What the public page of a policy says, before it becomes HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from refunddesk.policy.claim import Claim, Store
from refunddesk.policy.page.examples import Example, find_examples
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.policy.wording.catalogue import LANGUAGES, Catalogue, Language, catalogue
from refunddesk.policy.wording.explanation import explain
from refunddesk.policy.wording.said import Explanation
from refunddesk.policy.wording.showing import Showing
from refunddesk.worktime import zone

_NAMES: Mapping[Language, str] = {"en": "English", "fr": "Français", "de": "Deutsch"}
_NOT_IN_A_FRAGMENT = re.compile(r"[^A-Za-z0-9.\-]+")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whose policy it is, what its examples are priced in, and where the page's links lead.

    `languages` are the addresses of this page in each language, `versions` those of each version
    by its name; a page that stands alone has none.
    """

    store: Store
    name: str = ""
    currency: str = "EUR"
    decimals: int = -1
    languages: Mapping[Language, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the document in `language`, which is another where it has no translation."""

    words: str
    language: str


@dataclass(frozen=True, slots=True)
class ReadingTold:
    """A choice where the text is unclear: what it is about, and what was chosen."""

    text: Text
    chosen: str


@dataclass(frozen=True, slots=True)
class ExampleTold:
    facts: tuple[str, ...]
    answer: Explanation


@dataclass(frozen=True, slots=True)
class ClauseTold:
    id: str
    anchor: str
    texts: tuple[Text, ...]
    readings: tuple[ReadingTold, ...]
    examples: tuple[ExampleTold, ...]


@dataclass(frozen=True, slots=True)
class VersionTold:
    """A version with the days it was in force; `address` is empty where there is no page of it."""

    name: str
    days: str
    address: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """One version of a policy in one language."""

    language: Language
    title: Text
    store: str
    in_force: str
    zone: str
    clauses: tuple[ClauseTold, ...]
    versions: tuple[VersionTold, ...]
    languages: tuple[tuple[Language, str, str], ...]  # code, own name, address
    labels: Mapping[str, str]


def page_content(
    policy: Policy, terms: PolicyVersion, publisher: Publisher, language: Language
) -> PageContent:
    """The page of the version `terms`, with examples judged by it."""
    return _Page(policy, terms, publisher, catalogue(language)).write()


@dataclass(frozen=True, slots=True)
class _Page:
    """One page in the making."""

    policy: Policy
    terms: PolicyVersion
    publisher: Publisher
    words: Catalogue

    @property
    def showing(self) -> Showing:
        publisher = self.publisher
        tz = zone(self.terms.timezone or publisher.store.timezone)
        return Showing(tz, publisher.currency, publisher.decimals)

    def write(self) -> PageContent:
        publisher, language = self.publisher, self.words.language
        return PageContent(
            language=language,
            title=self.text(self.terms.title),
            store=publisher.name,
            in_force=self.in_force(self.terms, "in_force"),
            zone=self.say("label", "zone", at=self.terms.in_force_from),
            clauses=self.clauses(),
            versions=tuple(self.version(version) for version in reversed(self.policy.versions)),
            languages=tuple(
                (code, _NAMES[code], publisher.languages[code])
                for code in LANGUAGES
                if code in publisher.languages
            ),
            labels=self.words.entries["page"],
        )

    def say(self, *key: str, **facts: object) -> str:
        return self.words.say(*key, showing=self.showing, audience="customer", **facts)

    def text(self, texts: Mapping[str, str]) -> Text:
        for language in (self.words.language, *LANGUAGES):
            if language in texts:
                return Text(texts[language], language)
        return Text("", self.words.language)

    # ------------------------------------------------------------------ versions

    def in_force(self, version: PolicyVersion, key: str) -> str:
        later = [v for v in self.policy.versions if v.in_force_from > version.in_force_from]
        until = self.day(later[0].in_force_from, before=True) if later else ""
        facts = {"version": version.version, "since": self.day(version.in_force_from)}
        return self.say("page", f"{key}_until" if until else key, until=until, **facts)

    def day(self, at: datetime, *, before: bool = False) -> str:
        if not before:
            return self.showing.show(at, "day", self.words)
        return self.showing.show(at - timedelta(days=1), "day", self.words)

    def version(self, version: PolicyVersion) -> VersionTold:
        return VersionTold(
            version.version,
            self.in_force(version, "version_in_force"),
            self.publisher.versions.get(version.version, ""),
            version.version == self.terms.version,
        )

    # ------------------------------------------------------------------ clauses

    def clauses(self) -> tuple[ClauseTold, ...]:
        publisher = self.publisher
        examples = find_examples(
            self.policy, self.terms, publisher.store, publisher.currency, publisher.decimals
        )
        ids = dict.fromkeys(clause.id for clause in self.terms.clauses)
        return tuple(self.clause(id, examples.get(id, ())) for id in ids)

    def clause(self, id: str, examples: tuple[Example, ...]) -> ClauseTold:
        parts = [clause for clause in self.terms.clauses if clause.id == id]
        named = dict.fromkeys(name for part in parts for name in part.readings)
        return ClauseTold(
            id,
            _NOT_IN_A_FRAGMENT.sub("-", f"clause-{id}"),
            tuple(self.text(part.texts) for part in parts if part.texts),
            tuple(self.reading(name) for name in named),
            tuple(self.example(example) for example in examples),
        )

    def reading(self, name: str) -> ReadingTold:
        chosen = self.terms.readings[name]
        return ReadingTold(
            self.text(self.terms.reading_texts.get(name, {})), self.choice(str(chosen))
        )

    def choice(self, chosen: str) -> str:
        """What a reading chose: a length of time, or a word of the document's own."""
        shown = self.showing.show(chosen, "span", self.words)
        return self.words.word("reading_choice", chosen) if shown == chosen else shown

    # ------------------------------------------------------------------ examples

    def example(self, example: Example) -> ExampleTold:
        names = {
            item.id: _capital(self.words.word("item_kind", item.item_kind))
            for item in example.claim.order.items
        }
        answer = explain(
            example.decision,
            example.claim,
            language=self.words.language,
            policy=self.policy,
            looks_ahead=False,
            names=names,
        )
        return ExampleTold(tuple(self.facts(example.claim, example.twist)), answer)

    def facts(self, claim: Claim, twist: str) -> list[str]:
        order, case, request = claim.order, claim.case, claim.request
        assert case
        assert request
        bought = [
            self.say("page", "item", item_kind=item.item_kind, paid=item.paid, tax=item.tax)
            for item in order.items
        ]
        sort = {"order_kind": order.kind, "billing": order.billing}
        told = [_capital(self.say("page", "bought", at=order.paid_at, items=tuple(bought), **sort))]
        if twist not in ("plain", "just_reported", "details_missing"):
            told.append(self.say("page", "twist", twist))
        reported = "reported" if case.finding else "reported_only"
        told.append(
            self.say("page", reported, at=case.opened_at, reason=case.reason, finding=case.finding)
        )
        if twist == "details_missing":
            told.append(self.say("page", "twist", twist))
        told.append(self.say("page", "asked", at=request.at))
        return told


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

"""Decisions in words: every code has its sentences, and the sentences say what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from string import Formatter
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.money import Money, total
from refunddesk.policy import claim as facts
from refunddesk.policy import decision as said
from refunddesk.policy.clauses.notices import NoticeKind
from refunddesk.policy.clauses.preconditions import Counted
from refunddesk.policy.document import load_policy
from refunddesk.policy.facts import ANCHOR_KEYS
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.recorded import load_decision
from refunddesk.policy.wording import LANGUAGES, Audience, Explanation, Language, explain
from refunddesk.policy.wording.catalogue import AUDIENCES, catalogue
from refunddesk.policy.wording.plain import plain_text
from refunddesk.policy.wording.showing import Showing
from refunddesk.worktime import zone
from tests.policy.anyclaim import any_claim
from tests.policy.claims import ONE_TIME, YEARLY, YEARLY_RENEWAL, claim
from tests.policy.codes import CodeNotLiteral, given_codes, read_codes

KOLKATA = Showing(zone("Asia/Kolkata"), "EUR", 2)
NOT_ASKED: dict[str, Any] = {
    "case": None,
    "request": None,
    "license": {"active_sites": ["shop.example"], "destruction_confirmed_at": None},
    "judged_at": "2026-03-03T10:00:00Z",
}
LATE = {
    "case.opened_at": "2026-04-10T09:00:00Z", "case.complete_at": "2026-04-10T09:00:00Z",
    "request.at": "2026-07-15T09:00:00Z", "judged_at": "2026-07-15T09:00:00Z",
}  # fmt: skip


def told(
    form: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    language: Language = "en",
    audience: Audience = "customer",
    **readings: str | int,
) -> Explanation:
    asked, policy = claim(form, changes), load_policy("crmjetty", readings)
    return explain(judge(asked, policy), asked, language=language, audience=audience, policy=policy)


def text(explanation: Explanation) -> str:
    """As plain text, with the spaces that no line may break at as plain ones."""
    return plain_text(explanation).replace("\u00a0", " ").replace("\u202f", " ")


# ------------------------------------------------------------------ every code has its sentences


def templates(entry: object) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, Mapping):
        for key, part in entry.items():
            if key != "by":
                yield from templates(part)


def chosen_by(entry: object) -> Iterator[str]:
    if isinstance(entry, Mapping):
        if "by" in entry:
            yield str(entry["by"])
        for part in entry.values():
            yield from chosen_by(part)


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_everything_awaited_has_its_sentence(language: Language) -> None:
    entries = catalogue(language).entries
    lacking = []
    for given_code in given_codes():
        if given_code.sort == "fact":
            continue
        where = f"{given_code.place}: {given_code.sort}.{given_code.code}"
        entry = entries[given_code.sort].get(given_code.code)
        if entry is None:
            lacking.append(f"{where} has no sentence in {language}.toml")
            continue
        if given_code.facts is None:
            continue
        needs = set(chosen_by(entry)).union(*map(placeholders, templates(entry)))
        if unknown := needs - given_code.facts:
            lacking.append(f"{where} in {language}.toml speaks of {sorted(unknown)}")
    assert lacking == []


def test_the_codes_are_read_off_the_sources_with_the_place_that_gives_them() -> None:
    source = (
        "def keep(context, code): return Why(code, {'amount': 1})\n"
        "def judge(claim):\n"
        "    keep(context, 'fee_kept')\n"
        "    return Await('customer', 'wait') if claim else Why('a' if claim else 'b', {'x': 1})\n"
    )
    found = {(each.code, each.place, each.facts) for each in read_codes({"fees.py": source})}
    assert found == {
        ("fee_kept", "fees.py:3", None),
        ("wait", "fees.py:4", frozenset({"about", "until"})),
        ("a", "fees.py:4", frozenset({"x"})),
        ("b", "fees.py:4", frozenset({"x"})),
    }
    with pytest.raises(CodeNotLiteral, match=r"fees\.py:1: write the code"):
        read_codes({"fees.py": "Why(f'late_{unit}')"})


def optional_facts(shape: type, path: str) -> Iterator[str]:
    """The keys of facts that a claim may lack, as clauses name them."""
    for name, hint in get_type_hints(shape).items():
        parts = get_args(hint) if get_origin(hint) is UnionType else ()
        if NoneType in parts:
            yield f"{path}.{name}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_that_a_clause_may_lack_has_a_name(language: Language) -> None:
    lacked = {each.code for each in given_codes() if each.sort == "fact"}
    lacked |= set(ANCHOR_KEYS.values())
    shapes = {
        "order": facts.Order, "order.items[]": facts.Item, "customer": facts.Customer,
        "case": facts.Case, "request": facts.Request, "license": facts.License,
    }  # fmt: skip
    for path, shape in shapes.items():
        lacked |= set(optional_facts(shape, path))
    assert {
        fact for fact in lacked if fact not in catalogue(language).entries["words"]["fact"]
    } == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_claim_and_a_decision_has_a_word(language: Language) -> None:
    words = {
        "says": said.Says, "outcome": said.Outcome, "who": said.Who,
        "item_kind": facts.ItemKind, "order_kind": facts.OrderKind, "billing": facts.Billing,
        "reason": facts.Reason, "finding": facts.CaseFinding,
        "missing_fact": facts.MissingFact, "notice": NoticeKind,
        "breach": facts.Breach, "counted": Counted,
    }  # fmt: skip
    entries = catalogue(language).entries
    for kind, codes in words.items():
        assert set(entries["words"][kind]) == set(get_args(codes)), kind
    assert set(entries["effect"]) == {*get_args(said.Effect), "unknown"}


def shape_of(entry: object) -> object:
    """The keys of an entry without its words; plural forms differ from language to language."""
    if not isinstance(entry, Mapping):
        return sorted(placeholders(str(entry)))
    return {key: shape_of(part) if key != "by" else part for key, part in entry.items()}


@pytest.mark.parametrize("language", ["fr", "de"])
def test_all_languages_say_the_same_things(language: Language) -> None:
    english, other = catalogue("en").entries, catalogue(language).entries
    assert shape_of(other) == shape_of(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_of_showing_a_fact_is_one_there_is(language: Language) -> None:
    words = catalogue(language)
    ways = {
        (spec or "")
        for template in templates(words.entries)
        for _, name, spec, _ in Formatter().parse(template)
        if name
    }
    shown = {"", "money", "number", "day", "time", "moment", "deadline", "zone", "span"}
    assert ways - shown <= set(words.entries["words"])


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "1 December 2026, 01:05"),
        ("fr", "1er décembre 2026, 01:05"),
        ("de", "1. Dezember 2026, 01:05"),
    ],
)
def test_a_moment_is_told_with_its_day_in_the_store_s_zone(language: Language, shown: str) -> None:
    showing = Showing(zone("Europe/Berlin"), "EUR", 2)
    said = showing.show("2026-12-01T00:05:59Z", "moment", catalogue(language))
    assert said == shown


def test_a_reason_that_no_clause_gives_any_more_is_told_all_the_same() -> None:
    asked = claim(ONE_TIME, {"case.reason": "change_of_mind"})
    kept = judge(asked, load_policy("crmjetty")).to_json()
    kept["findings"][-1]["why"] = {"code": "moon_phase", "phase": "full"}  # type: ignore[index]
    told = explain(load_decision(kept), asked, audience="staff")
    assert told.reason == "It gave a reason that has no sentence here: moon phase."


# ------------------------------------------------------------------ what the sentences say


def test_a_refund_is_told_with_every_deduction_and_its_clause() -> None:
    assert (
        text(told(ONE_TIME))
        == """\
You get €199.00 back.

crm-portal (product)
  Paid                            €199.00
  Goes back                       €199.00
extra-domain (additional domain)
  Paid                             €49.00
  not covered by R-3A             -€49.00
  Goes back                         €0.00
Tax
  Paid                             €47.12
  kept, by R-1G                   -€47.12
  Goes back                         €0.00
In all                            €199.00

What follows:
- Your licence ends with the refund.

Days are counted in this time zone: Kolkata time, UTC+05:30."""
    )


def test_a_share_of_a_year_is_told_in_german_with_what_was_given_back_before() -> None:
    shown = told(YEARLY, LATE | {"order.refunded": "50.00"}, "de", tax="in_proportion")
    assert (
        text(shown)
        == """\
Sie erhalten 84,00 € zurück.
8 von 12 Monatsanteilen des Preises werden erstattet.

crm-portal (Produkt)
  Bezahlt                  120,00 €
  verbraucht, nach R-3B.2  -40,00 €
  Bereits erstattet        -10,00 €
  Erstattet                 70,00 €
Steuer
  Bezahlt                   24,00 €
  anteilig, nach R-3B.2    -10,00 €
  Erstattet                 14,00 €
Insgesamt                   84,00 €

Was daraus folgt:
- Ihre Lizenz endet mit der Erstattung.
- Ihr Abonnement ist gekündigt; es wird nichts mehr abgebucht.

Tage zählen in dieser Zeitzone: Zeit in Kolkata, UTC+05:30."""
    )


def test_money_held_by_the_gate_is_told_in_french_with_the_sites_still_on() -> None:
    on = ["shop.example", "test.example"]
    still_on = {"license.active_sites": on, "license.destruction_confirmed_at": None}
    lines = text(told(YEARLY, still_on, "fr")).splitlines()
    assert lines == [
        "Un montant de 120,00 € est prêt pour vous. Avant de le verser, nous avons besoin de vous.",
        "",
        "crm-portal (produit)",
        "  Payé                   120,00 €",
        "  Serait remboursé       120,00 €",
        "Taxe",
        "  Payé                    24,00 €",
        "  conservée, selon R-1G  -24,00 €",
        "  Serait remboursé         0,00 €",
        "En tout                  120,00 €",
        "",
        "Ce qui est attendu :",
        "- Veuillez désactiver la licence sur shop.example et test.example.",
        "- Veuillez confirmer que vous avez supprimé toutes les copies : sur les serveurs, dans "
        "les e-mails et partout ailleurs.",
        "",
        "Ce qui y changerait quelque chose :",
        "- Dès que ce sera fait, nous vous rembourserons 120,00 €.",
        "",
        "Les jours sont comptés dans ce fuseau horaire : heure de Kolkata, UTC+05:30.",
    ]


def test_who_has_not_asked_yet_is_told_until_when_how_much() -> None:
    shown = told(YEARLY, NOT_ASKED)
    assert shown.headline == "We need something from you before we can decide."
    assert shown.awaits == (
        "Please open a support case and describe the problem. You have time for it until the end "
        "of 1 April 2026 (Kolkata time, UTC+05:30).",
    )
    assert shown.changes == (
        "Once this is done, you get €120.00 back.",
        "This holds until the end of 1 April 2026 (Kolkata time, UTC+05:30).",
        "From 2 April 2026: €110.00.",
        "From 2 May 2026: €100.00.",
        "The amount then falls step by step; from 2 March 2027 on there is nothing any more.",
        "If nothing happens, we have to refuse from 2 March 2027 on.",
    )


def test_where_a_fault_must_be_found_the_promise_says_so() -> None:
    assert told(ONE_TIME, NOT_ASKED).changes[:3] == (
        "Once this is done and a fault is confirmed, you get €199.00 back.",
        "This holds until the end of 1 April 2026 (Kolkata time, UTC+05:30).",
        "From 2 April 2026: nothing any more.",
    )
    assert told(YEARLY_RENEWAL, NOT_ASKED).changes[0] == "Once this is done, you get €120.00 back."


@pytest.mark.parametrize(
    ("language", "headline", "reason"),
    [
        ("en", "We cannot pay anything back for this order.",
         "The time allowed for it (30 days) ended on 1 April 2026."),
        ("fr", "Nous ne pouvons rien rembourser pour cette commande.",
         "Le délai prévu (30 jours) a pris fin le 1er avril 2026."),
        ("de", "Für diese Bestellung können wir nichts erstatten.",
         "Die Frist dafür (30 Tage) endete am 1. April 2026."),
    ],
)  # fmt: skip
def test_a_closed_window_is_told_with_the_day_it_ended(
    language: Language, headline: str, reason: str
) -> None:
    late = LATE | {"case.last_customer_reply_at": None}
    shown = told(ONE_TIME, late, language)
    assert (shown.headline, shown.reason) == (headline, reason)


def test_a_time_of_day_is_told_where_a_deadline_is_not_the_end_of_a_day() -> None:
    last_year = {"case": None, "request": None, "judged_at": "2027-03-01T10:00:00Z"}
    assert "15:29:59 on 2 March 2027" in told(YEARLY, last_year).awaits[0]
    assert "2 mars 2027 à 15:29:59" in told(YEARLY, last_year, "fr").awaits[0]
    assert "2. März 2027, 15:29:59 Uhr" in told(YEARLY, last_year, "de").awaits[0]


def test_staff_read_what_every_clause_said_in_the_documents_order() -> None:
    missing = {"case.missing": ["site_url"], "case.complete_at": None}
    shown = told(ONE_TIME, missing, audience="staff")
    assert [step.clause for step in shown.trace][:3] == ["R-1A", "dispute", "R-0"]
    last = shown.trace[-1]
    assert (last.clause, last.word, last.settles) == ("R-2A", "waits", True)
    assert last.sentence.startswith("The customer still has to give: the address of the site.")
    assert told(ONE_TIME, missing).trace == (), "customers are spared it"


def test_one_and_many_are_told_apart() -> None:
    words = catalogue("de")
    facts = {"unit": "month", "of": 12, "showing": KOLKATA}
    assert words.say("why", "pro_rata", left=1, **facts).endswith("wird erstattet.")  # type: ignore[arg-type]
    assert words.say("why", "pro_rata", left=2, **facts).endswith("werden erstattet.")  # type: ignore[arg-type]
    assert words.say("words", "span", unit="days", count=1, showing=KOLKATA) == "1 Tag"


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        pytest.param(Money(19900, "JPY"), "JP¥19,900", id="no decimals"),
        pytest.param(Money(19999, "KWD"), "KWD19.999", id="three decimals"),
        pytest.param(Money(5, "USD"), "US$0.05", id="a foreign currency"),
        pytest.param(Money(199, "EUR", 0), "€199", id="a store that shows no decimals"),
        pytest.param(Money(123456789012345678, "EUR"), "€1,234,567,890,123,456.78", id="very much"),
    ],
)
def test_amounts_show_all_their_decimals(money: Money, shown: str) -> None:
    assert KOLKATA.money(money, catalogue("en")).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Europe/Paris", "Central European Summer Time"),
        ("Asia/Kathmandu", "Kathmandu time, UTC+05:45"),
        ("UTC", "Coordinated Universal Time"),
        ("-03:30", "UTC-03:30"),
    ],
)
def test_zones_are_named_as_people_call_them(name: str, shown: str) -> None:
    showing = Showing(zone(name), "EUR", 2)
    at = load_claim(ONE_TIME).judged_at.replace(month=7)
    assert showing.show(at, "zone", catalogue("en")) == shown


# ------------------------------------------------------------------ properties


@settings(max_examples=60, deadline=None)
@given(
    form=any_claim(),
    language=st.sampled_from(LANGUAGES),
    audience=st.sampled_from(AUDIENCES),
    tax=st.sampled_from(["kept", "in_proportion"]),
)
def test_any_decision_can_be_told_and_its_sums_add_up(
    form: dict[str, Any], language: Language, audience: Audience, tax: str
) -> None:
    asked, policy = load_claim(form), load_policy("crmjetty", {"tax": tax})
    decision = judge(asked, policy)
    shown = explain(decision, asked, language=language, audience=audience, policy=policy)
    assert plain_text(shown)
    for line in shown.lines:
        taken = total((part.amount for part in line.deductions), "EUR")
        assert line.paid.amount + taken == line.back.amount
    if decision.outcome == "refund":
        assert shown.total
        assert shown.total.amount == decision.amount + decision.tax.refund
        assert total((line.back.amount for line in shown.lines), "EUR") == shown.total.amount
    kept = load_decision(json.loads(json.dumps(decision.to_json())))
    assert explain(kept, asked, language=language, audience=audience, policy=policy) == shown, (
        "read back, it is told in the same words"
    )


def test_every_field_of_an_explanation_is_in_its_json() -> None:
    shown = told(ONE_TIME, audience="staff")
    assert set(shown.to_json()) == {field.name for field in fields(shown)}

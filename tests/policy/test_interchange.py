"""The interchange form of a claim: what is taken, what is refused, and by which words."""

from __future__ import annotations

import json
import string
from typing import Any, get_args

import pytest
from babel.core import Locale, get_global

from refunddesk.compat.verdict import Verdict
from refunddesk.money import is_currency
from refunddesk.policy.claim import CompatVerdict
from refunddesk.policy.countries import GROUPS, is_country
from refunddesk.policy.interchange import (
    ClaimNotValid,
    dump_claim,
    load_claim,
    parse_claim_text,
)
from tests.policy.claims import DATA, ONE_TIME, YEARLY, changed, claim

FULL = changed(
    YEARLY,
    {
        "order": YEARLY["order"] | {
            "delivered_at": "2026-03-02T10:00:01Z", "activated_at": "2026-03-02T10:00:02.5Z",
            "first_used_at": "2026-03-02T10:00:03Z", "trial_ends_at": "2026-03-03T00:00:00Z",
            "list_price": "12.00", "gateway_fee": "0.35", "payment_method": "stripe",
            "linked_order": {
                "id": "900", "relation": "upgrade_of", "paid_at": "2025-01-01T00:00:00Z",
            },
            "promotion": "spring", "refunded": "5.00",
        },
        "customer": YEARLY["customer"] | {"refunds_ever": 2, "accounts": ["7", "9"]},
        "case": YEARLY["case"] | {
            "pauses": [{"from": "2026-03-11T00:00:00Z", "to": "2026-03-12T00:00:00Z"}],
            "proof_given": True,
        },
        "request": YEARLY["request"] | {"withdrawal_waived_at": "2026-03-02T10:00:00Z"},
        "license": YEARLY["license"] | {
            "uses": 4, "last_used_at": "2026-03-17T00:00:00Z", "uninstalled": False,
        },
        "disputes": [{
            "id": "dp_1", "opened_at": "2026-03-03T00:00:00Z", "status": "won",
            "closed_at": "2026-03-04T00:00:00Z",
        }],
    },
) | {
    "notices": [{"kind": "renewal_reminder", "sent_at": "2026-02-20T00:00:00Z"}],
    "compat": {"verdict": "BROKEN", "release": "wordpress 7.0"},
}  # fmt: skip


@pytest.mark.parametrize("form", [ONE_TIME, YEARLY, FULL], ids=["example", "yearly", "all facts"])
def test_a_claim_survives_being_written_and_read(form: dict[str, Any]) -> None:
    facts = load_claim(form)
    assert load_claim(dump_claim(facts)) == facts
    assert parse_claim_text(json.dumps(dump_claim(facts))) == facts


def test_every_further_fact_is_written_again() -> None:
    def keys(value: Any, path: str = "") -> set[str]:
        if isinstance(value, dict):
            return {p for k, v in value.items() for p in keys(v, f"{path}.{k}")} | {path}
        if isinstance(value, list):
            return {p for v in value for p in keys(v, path)} | {path}
        return {path}

    assert keys(FULL) <= keys(dump_claim(load_claim(FULL)))


def test_a_store_with_its_own_number_of_decimals_is_written_with_it() -> None:
    whole = {
        "order": ONE_TIME["order"] | {"decimals": 0, "refunded": "0", "items": [
            ONE_TIME["order"]["items"][0] | {"paid": "199", "tax": "37"},
        ]},
    }  # fmt: skip
    facts = claim(ONE_TIME, whole)
    assert str(facts.order.items[0].paid) == "199"
    assert load_claim(dump_claim(facts)) == facts


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-03-02T15:30:00+05:30", "2026-03-02T10:00:00Z"),
        ("2026-03-02t10:00:00z", "2026-03-02T10:00:00Z"),
        ("2026-03-02T10:00:00.000000001Z", "2026-03-02T10:00:00Z"),
    ],
)
def test_instants_of_any_offset_are_taken(text: str, same: str) -> None:
    assert claim(ONE_TIME, {"order.paid_at": text}) == claim(ONE_TIME, {"order.paid_at": same})


DISPUTE = {
    "id": "dp_1", "opened_at": "2026-03-03T00:00:00Z", "status": "open", "closed_at": None,
}  # fmt: skip
BAD = [
    ("order.items.0.paid", 199, 'order.items[0].paid: an amount is a string such as "12.34"'),
    ("order.items.0.paid", 199.0, 'order.items[0].paid: an amount is a string such as "12.34"'),
    ("order.items.0.paid", None, "order.items[0].paid: must not be null"),
    ("order.items.0.paid", "1,50", "order.items[0].paid: '1,50' is not an amount"),
    ("order.items.0.paid", "1e1", "order.items[0].paid: '1e1' is not an amount"),
    ("order.items.0.paid", "1.505", "order.items[0].paid: '1.505' must have 2 decimals in EUR"),
    ("order.items.0.paid", "15", "order.items[0].paid: '15' must have 2 decimals in EUR"),
    ("order.items.0.paid", "-1.00", "order.items[0].paid: an amount is not below zero"),
    ("order.items.1.tax", "-0.01", "order.items[1].tax: an amount is not below zero"),
    ("order.items.0.quantity", -1, "order.items[0].quantity: must be a quantity"),
    ("order.items.0.quantity", True, "order.items[0].quantity: must be a quantity"),
    ("order.items.0.item_kind", "gift", "order.items[0].item_kind: must be one of product,"),
    ("order.items.1.id", "1", "order.items[1].id: another line of the order has the same id"),
    ("order.items", [], "order.items: an order has at least one line"),
    ("order.items", {}, "order.items: must be a list"),
    ("order.items.0", "x", "order.items[0]: must be an object"),
    ("order.refunded", "248.01", "order.refunded: more was refunded than was paid"),
    ("order.currency", "euro", "order.currency: 'euro' is not a three-letter currency code"),
    ("order.currency", "JPY", "order.items[0].paid: '199.00' must have 0 decimals in JPY"),
    ("order.kind", "gift", "order.kind: must be one of purchase, renewal, upgrade"),
    ("order.paid_at", "2026-03-02T10:00:00", "order.paid_at: must be an instant with its offset"),
    ("order.paid_at", "2026-03-02", "order.paid_at: must be an instant with its offset"),
    ("order.paid_at", 1772445600, "order.paid_at: must be an instant with its offset"),
    ("order.paid_at", "2026-02-30T10:00:00Z", "order.paid_at: names a day or time that does not"),
    ("order.paid_at", "2026-03-02T10:00:60Z", "order.paid_at: names a day or time that does not"),
    ("order.paid_at", "0001-01-01T00:00:00+01:00", "order.paid_at: names a day or time"),
    ("order.paid_at", "9999-01-01T00:00:00Z", "order.paid_at: must lie in the years 1970 to 2199"),
    ("order.paid_at", "2026-03-18T09:00:01Z", "request.at: comes before order.paid_at"),
    ("request.at", "2026-03-18T10:00:01Z", "judged_at: comes before request.at"),
    ("judged_at", "2026-03-01T00:00:00Z", "judged_at: comes before order.paid_at"),
    ("case.complete_at", "2026-03-10T08:59:59Z", "case.complete_at: comes before case.opened_at"),
    ("case.opened_at", "2026-03-19T00:00:00Z", "judged_at: comes before case.opened_at"),
    ("case.missing", ["site_url"], "case.complete_at: a report is not complete while"),
    ("case.missing", ["shoe_size"], "case.missing[0]: must be one of order_id,"),
    ("case.reason", None, "case.reason: must not be null"),
    ("case.resolved", "false", "case.resolved: must be true or false"),
    ("case.pauses", [{"from": "2026-03-12T00:00:00Z", "to": "2026-03-11T00:00:00Z"}],
     "case.pauses[0].to: comes before case.pauses[0].from"),
    ("case.pauses", [{"from": "2026-03-09T00:00:00Z", "to": "2026-03-11T00:00:00Z"}],
     "case.pauses[0].from: comes before case.complete_at"),
    ("order.period", {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:00:00Z"},
     "order.period.end: a period ends after it starts"),
    ("customer.infringement", {"opened_at": "2026-03-02T00:00:00Z"},
     "customer.infringement.opened_by: is missing"),
    ("license.active_sites", [7], "license.active_sites[0]: must be a text"),
    ("license.downloads", "1", "license.downloads: must be a whole number"),
    ("license.downloads", -1, "license.downloads: must be from 0 to"),
    ("store.timezone", "Mars/Olympus", "store.timezone: 'Mars/Olympus' is not a time zone"),
    ("store.timezone", "America", "store.timezone: 'America' is not a time zone"),
    ("policy", " ", "policy: must not be blank"),
    ("colour", "red", "colour: is not a known key"),
    ("order.colour", "red", "order.colour: is not a known key"),
    ("order.items.0.colour\n", "red", 'order.items[0]."colour\\n": is not a known key'),
    ("case", [], "case: must be an object"),
    ("case", False, "case: must be an object"),
    ("store.country", "India", "store.country: must be a country's two letters by ISO 3166"),
    ("store.country", "XX1", "store.country: must be a country's two letters by ISO 3166"),
    ("store.country", "in", "store.country: must be a country's two letters by ISO 3166"),
    ("store.country", "UK", "store.country: must be a country's two letters by ISO 3166"),
    ("store.country", "EU", "store.country: must be a country's two letters by ISO 3166"),
    ("customer.country", "XX", "customer.country: must be a country's two letters by ISO 3166"),
    ("customer.country", 49, "customer.country: must be a country's two letters by ISO 3166"),
    ("customer.is_consumer", 0, "customer.is_consumer: must be true or false"),
    ("order.currency", "XQX", "order.currency: 'XQX' is no currency of ISO 4217"),
    ("order.currency", "eur", "order.currency: 'eur' is not a three-letter currency code"),
    ("order.currency", "XTS", "order.currency: 'XTS' is no currency of ISO 4217"),
    ("order.decimals", True, "order.decimals: must be a whole number"),
    ("order.items.0.quantity", 0, "order.items[0].quantity: must be more than nothing"),
    ("order.items.0.quantity", "0.00", "order.items[0].quantity: must be more than nothing"),
    ("order.items.0.quantity", 1.5, "order.items[0].quantity: must be a quantity"),
    ("order.items.0.quantity", "1,5", "order.items[0].quantity: must be a quantity"),
    ("order.items.0.quantity", "1e1", "order.items[0].quantity: must be a quantity"),
    ("order.items.0.quantity", "\uff11", "order.items[0].quantity: must be a quantity"),
    ("order.items.0.quantity", 10**30, "order.items[0].quantity: must be a quantity"),
    ("order.items.0.paid", "-0.00", "order.items[0].paid: an amount is not below zero"),
    ("order.refunded", "-0.00", "order.refunded: an amount is not below zero"),
    ("order.items.0.paid", "1.99e2", "order.items[0].paid: '1.99e2' is not an amount"),
    ("order.items.0.paid", "+199.00", "order.items[0].paid: '+199.00' is not an amount"),
    ("order.items.0.paid", " 199.00", "order.items[0].paid: ' 199.00' is not an amount"),
    ("order.items.0.paid", "199.00\n", "order.items[0].paid: '199.00\\n' is not an amount"),
    ("order.items.0.paid", "\uff11\uff19\uff19.00", "order.items[0].paid: "),
    ("order.items.0.paid", "9" * 16 + ".00", "order.items[0].paid: '9999"),
    ("order.items.0.paid", "", "order.items[0].paid: '' is not an amount"),
    ("order.items.0.paid", True, "order.items[0].paid: an amount is a string"),
    ("order.items.0.product", "\ud800", "order.items[0].product: holds what is no character"),
    ("order.id", "10\x0001", "order.id: holds what is no character"),
    ("policy", "crm\udfffjetty", "policy: holds what is no character"),
    ("license.active_sites", ["\ud83d"], "license.active_sites[0]: holds what is no character"),
    ("license.active_sites", "https://a.example", "license.active_sites: must be a list"),
    ("\ud800", 1, '"\\ud800": is not a known key'),
    ("case.opened_at", "2026-03-02T09:59:59Z", "case.opened_at: comes before order.paid_at"),
    ("case.complete_at", None, "case.missing: must name what is missing while case.complete_at"),
    ("case.pauses", [{"from": "2026-03-11T00:00:00Z", "to": "2026-03-13T00:00:00Z"},
                     {"from": "2026-03-12T23:59:59Z", "to": "2026-03-14T00:00:00Z"}],
     "case.pauses[1]: overlaps another pause"),
    ("case.pauses", [{"from": "2026-03-11T00:00:00Z"}], "case.pauses[0].to: is missing"),
    ("order.period", {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T09:59:59Z"},
     "order.period.end: comes before its start"),
    ("order.refunded", None, "order.refunded: must not be null"),
    ("disputes", [DISPUTE | {"status": "undecided"}], "disputes[0].status: must be one of open,"),
    ("disputes", [DISPUTE, DISPUTE], "disputes[1].id: another dispute has the same id"),
    ("disputes", [DISPUTE | {"closed_at": "2026-03-02T23:59:59Z"}],
     "disputes[0].closed_at: comes before opened_at"),
    ("notices", [{"kind": "birthday_card", "sent_at": "2026-02-20T00:00:00Z"}],
     "notices[0].kind: must be one of renewal_reminder, renewal_receipt"),
    ("compat", {"verdict": "breaks", "release": "7.0"}, "compat.verdict: must be one of BROKEN,"),
    ("license.downloads", True, "license.downloads: must be a whole number"),
    ("license.downloads", 1.0, "license.downloads: must be a whole number"),
    ("license.downloads", 10**10, "license.downloads: must be from 0 to 1000000000"),
    ("license.destruction_confirmed_at", "2026-03-18T10:00:01Z",
     "judged_at: comes before license.destruction_confirmed_at"),
    ("customer.infringement", {"opened_at": "2026-03-02T00:00:00Z", "opened_by": "staff:1",
                               "evidence": "file 7", "settled_at": "2026-03-01T23:59:59Z"},
     "customer.infringement.settled_at: comes before opened_at"),
    ("customer.earlier_refunds", [{"id": "1"}], "customer.earlier_refunds[0].order_id: is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "message"), BAD, ids=[f"{path}={value!r:.30}" for path, value, _ in BAD]
)
def test_what_is_wrong_is_named_by_its_key_in_one_line(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(ClaimNotValid) as refused:
        claim(ONE_TIME, {path: value})
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_line_refunded_beyond_its_price_is_refused() -> None:
    first, second = ONE_TIME["order"]["items"]
    items = [first | {"refunded": "199.01"}, second]
    with pytest.raises(ClaimNotValid, match=r"^order\.items\[0\]\.refunded: more was refunded"):
        claim(ONE_TIME, {"order.items": items})


@pytest.mark.parametrize(
    "path",
    ["policy", "store", "order", "customer", "case", "request", "license", "disputes", "judged_at"],
)
def test_no_part_of_a_claim_may_be_left_out(path: str) -> None:
    form = {key: value for key, value in ONE_TIME.items() if key != path}
    with pytest.raises(ClaimNotValid, match=f"^{path}: is missing$"):
        load_claim(form)


@pytest.mark.parametrize("part", ["case", "request", "license"])
def test_case_request_and_license_may_be_null(part: str) -> None:
    assert getattr(claim(ONE_TIME, {part: None}), part) is None


EXAMPLE = (DATA / "claim.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "not JSON: Expecting value at line 1 column 1", id="nothing"),
        pytest.param("{", "not JSON: ", id="half an object"),
        pytest.param("[]", "must be an object", id="a list"),
        pytest.param("7", "must be an object", id="a number"),
        pytest.param(EXAMPLE.replace('"199.00"', "NaN"), "order.items[0].paid: NaN is no number",
                     id="NaN"),
        pytest.param(EXAMPLE.replace('"199.00"', "-Infinity"),
                     "order.items[0].paid: -Infinity is no number", id="infinity"),
        pytest.param(EXAMPLE.replace('"199.00"', "199.00"), "order.items[0].paid: an amount is a",
                     id="an amount as a number"),
        pytest.param(EXAMPLE.replace('"199.00"', "1" * 5000),
                     "order.items[0].paid: a number is too long",
                     id="a number of thousands of digits"),
        pytest.param(EXAMPLE.replace('"199.00"', "1e" + "9" * 30),
                     "order.items[0].paid: a number is too long", id="an exponent without end"),
        pytest.param(EXAMPLE.replace('"refunded"', '"kind"'), "order.kind: is given twice",
                     id="a key given twice"),
        pytest.param(EXAMPLE.replace('"disputes"', '"policy"'), "policy: is given twice",
                     id="a key of the claim itself given twice"),
        pytest.param(EXAMPLE.replace('"49.00"', "NaN").replace('"judged_at"', '"policy"'),
                     "policy: is given twice", id="of two faults the outer one"),
        pytest.param(b" " * 4_000_001, "a claim has at most 4000000 bytes", id="too long"),
        pytest.param(EXAMPLE.replace('"portal"', "[" * 10_000 + "]" * 10_000),
                     ("request.channel: must be one of", "not JSON that can be read: nested too"),
                     id="a value nested ten thousand deep"),
        pytest.param("[" * 100_000, "not JSON that can be read: nested too deep", id="deep nest"),
        pytest.param(b"\xff\xfe{}", "the text is not UTF-8", id="not UTF-8"),
    ],
)  # fmt: skip
def test_text_that_is_no_claim_is_refused(
    text: str | bytes, message: str | tuple[str, ...]
) -> None:
    with pytest.raises(ClaimNotValid) as refused:
        parse_claim_text(text)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse_claim_text(b"\xef\xbb\xbf" + EXAMPLE.encode()) == claim(ONE_TIME)


def test_carriage_returns_between_lines_are_no_fault() -> None:
    assert parse_claim_text(EXAMPLE.replace("\n", "\r\n")) == claim(ONE_TIME)


def test_half_of_a_thing_can_be_sold_and_is_told_as_text() -> None:
    text = EXAMPLE.replace('"quantity": 1', '"quantity": "1.5"', 1)
    assert dump_claim(parse_claim_text(text))["order"]["items"][0]["quantity"] == "1.5"  # type: ignore[index]
    with pytest.raises(ClaimNotValid, match=r"^order\.items\[0\]\.quantity: must be a quantity"):
        parse_claim_text(text.replace('"1.5"', "1.5", 1))


def test_a_currency_of_a_stores_own_says_how_many_decimals_it_has() -> None:
    points = ONE_TIME["order"] | {"currency": "PTS"}
    with pytest.raises(ClaimNotValid, match=r"^order\.currency: 'PTS' is no currency of ISO 4217"):
        claim(ONE_TIME, {"order": points})
    facts = claim(ONE_TIME, {"order": points | {"decimals": 2}})
    assert load_claim(dump_claim(facts)) == facts


@pytest.mark.parametrize("kind", ["renewal", "upgrade"])
def test_only_what_follows_a_purchase_may_find_a_case_open(kind: str) -> None:
    older = {"case.opened_at": "2026-03-02T09:59:59Z"}
    with pytest.raises(ClaimNotValid, match=r"^case\.opened_at: comes before order\.paid_at$"):
        claim(ONE_TIME, older)
    same = claim(ONE_TIME, {"case.opened_at": "2026-03-02T10:00:00Z"})
    assert same.case
    assert claim(ONE_TIME, older | {"order.kind": kind}).case


def test_pauses_may_follow_each_other_without_a_gap_in_any_order() -> None:
    first, second, third = (
        {"from": f"2026-03-{day}T00:00:00Z", "to": f"2026-03-{day + 1}T00:00:00Z"}
        for day in (11, 12, 13)
    )
    taken = claim(ONE_TIME, {"case.pauses": [third, first, second]})
    assert taken.case
    assert len(taken.case.pauses) == 3


def test_the_words_for_a_verdict_are_those_of_the_checks() -> None:
    assert get_args(CompatVerdict) == tuple(verdict.value for verdict in Verdict)


def test_the_currencies_known_are_those_in_use_and_those_of_old_orders() -> None:
    in_use = {
        code
        for told in get_global("territory_currencies").values()
        for code, _, end, is_tender in told
        if is_tender and (end is None or end[0] >= 2012)
    }
    assert [code for code in sorted(in_use) if not is_currency(code)] == []
    known = set(Locale("en").currencies) | set("BTC GGP IMP IRT JEP PRB".split())
    letters = string.ascii_uppercase
    codes = {a + b + c for a in letters for b in letters for c in letters}
    assert {code for code in codes if is_currency(code)} <= known - {"XTS", "XAU", "CLF"}


def test_the_countries_known_are_those_of_iso_3166() -> None:
    letters = string.ascii_uppercase
    known = {a + b for a in letters for b in letters if is_country(a + b)}
    # Reserved codes, groupings and made-up locales, which are no countries of ISO 3166-1.
    others = set("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
    named = {code for code in Locale("en").territories if len(code) == 2 and code.isalpha()}
    assert known == named - others
    assert len(known) == 250, "249, and Kosovo"
    assert all(names <= known for names in GROUPS.values())

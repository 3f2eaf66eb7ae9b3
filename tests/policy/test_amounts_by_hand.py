"""Amounts reckoned by hand, in currencies of two, no and three decimals, line by line and with tax.

Minor units are what is divided: 33.33 EUR and 3333 JPY are 3,333 of them, 33.333 KWD are 33,333.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import pytest

from refunddesk.policy.clauses import KINDS
from refunddesk.policy.clauses.stepped import Step
from refunddesk.policy.document import policy_of
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import example_claim
from refunddesk.policy.values import Amounts, Percent

#: Price and tax of the two lines.
LINES = {
    "EUR": (("33.33", "6.33"), ("0.05", "0.01")),
    "JPY": (("3333", "633"), ("5", "1")),
    "KWD": (("33.333", "6.333"), ("0.005", "0.001")),
}
NOTHING = {"EUR": "0.00", "JPY": "0", "KWD": "0.000"}
FIVE = {"EUR": "5.00", "JPY": "500", "KWD": "5.000"}
ONE = {"EUR": "1.00", "JPY": "100", "KWD": "1.000"}
A_TENTH = {"EUR": "0.10", "JPY": "10", "KWD": "0.100"}
FOUR = {"EUR": "4.00", "JPY": "400", "KWD": "4.000"}
FORTY = {"EUR": "40.00", "JPY": "4000", "KWD": "40.000"}

FULL: dict[str, Any] = {"kind": "full_refund", "params": {
    "within": "none", "event": "requested", "pays": "all", "own_address": False,
}}  # fmt: skip


def limit(kind: str, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "params": params}


def pro_rata(**params: Any) -> dict[str, Any]:
    return {"kind": "pro_rata", "params": {"pays": "all", **params}}


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What the clauses give by currency: the amount of each line, and the tax of all."""

    words: str
    clauses: tuple[dict[str, Any], ...]
    gives: dict[str, tuple[tuple[str, str], str]]
    given: dict[str, Any] = field(default_factory=dict)
    #: Further facts that are amounts, by currency.
    amounts: dict[str, dict[str, str]] = field(default_factory=dict)


_YEAR = {
    "order.billing": "yearly",
    "order.period": {"start": "2026-03-02T10:00:00Z", "end": "2027-03-02T10:00:00Z"},
}


def asked(at: str) -> dict[str, Any]:
    return {"request.at": at, "judged_at": at}


ROWS = [
    # 3333 + 5 whole, and 633 + 1 of tax.
    Reckoned("all of it", (FULL,), {
        "EUR": (("33.33", "0.05"), "6.34"),
        "JPY": (("3333", "5"), "634"),
        "KWD": (("33.333", "0.005"), "6.334"),
    }),
    Reckoned("all of it, the tax kept", (FULL, limit("tax", tax="kept")), {
        "EUR": (("33.33", "0.05"), "0.00"),
        "JPY": (("3333", "5"), "0"),
        "KWD": (("33.333", "0.005"), "0.000"),
    }),
    # 90% of 3333 is 2999.7, of 5 is 4.5; both down. Tax: 633 * 2999 / 3333 = 569.5, and
    # 1 * 4 / 5 = 0.8. KWD: 90% of 33333 is 29999.7. Tax: 6333 * 29999 / 33333 = 5699.5.
    Reckoned("a tenth kept, rounded down", (FULL, limit("kept_share", percent="10%")), {
        "EUR": (("29.99", "0.04"), "5.69"),
        "JPY": (("2999", "4"), "569"),
        "KWD": (("29.999", "0.004"), "5.699"),
    }),
    # Both up: 3000 and 5. Tax: 633 * 3000 / 3333 = 569.7, and 1 of 1.
    Reckoned("a tenth kept, rounded up",
             (FULL, limit("kept_share", percent="10%", rounding="up")), {
        "EUR": (("30.00", "0.05"), "5.70"),
        "JPY": (("3000", "5"), "570"),
        "KWD": (("30.000", "0.005"), "5.700"),
    }),
    # 2999.7 is nearer to 3000, and 4.5 is a half, which goes up.
    Reckoned("a tenth kept, to the nearest",
             (FULL, limit("kept_share", percent="10%", rounding="nearest")), {
        "EUR": (("30.00", "0.05"), "5.70"),
        "JPY": (("3000", "5"), "570"),
        "KWD": (("30.000", "0.005"), "5.700"),
    }),
    # 500 over 3333 and 5: 500 * 3333 / 3338 = 499.25, 500 * 5 / 3338 = 0.75. Down are 499 and 0;
    # the one left over goes to the larger remainder, the second: 3333 - 499, 5 - 1.
    # KWD: 5000 * 33333 / 33338 = 4999.25, and 0.75. Tax: 633 * 2834 / 3333 = 538.2;
    # 6333 * 28334 / 33333 = 5383.2; the second line's 4/5 are none.
    Reckoned("a fee of 5 for the order", (FULL, limit("fixed_fee", amount=FIVE)), {
        "EUR": (("28.34", "0.04"), "5.38"),
        "JPY": (("2834", "4"), "538"),
        "KWD": (("28.334", "0.004"), "5.383"),
    }),
    # 500 of the first; of the second all 5 there are.
    # Tax: 633 * 2833 / 3333 = 538.04; 6333 * 28333 / 33333 = 5383.04.
    Reckoned("a fee of 5 for each line", (FULL, limit("fixed_fee", amount=FIVE, per="line")), {
        "EUR": (("28.33", "0.00"), "5.38"),
        "JPY": (("2833", "0"), "538"),
        "KWD": (("28.333", "0.000"), "5.383"),
    }),
    # A tenth keeps 3333 - 2999 and 5 - 4, 335 in all; at least 500 is like the fee of 500.
    Reckoned("a tenth, but at least 5",
             (FULL, limit("kept_share", percent="10%", at_least=FIVE)), {
        "EUR": (("28.34", "0.04"), "5.38"),
        "JPY": (("2834", "4"), "538"),
        "KWD": (("28.334", "0.004"), "5.383"),
    }),
    # 100 over 3333 and 5: 99.85 and 0.15; the one left over goes to the first: 3233 and 5.
    # Tax: 633 * 3233 / 3333 = 614.0, and 1; 6333 * 32333 / 33333 = 6143.0, and 1.
    Reckoned("a tenth, but at most 1", (FULL, limit("kept_share", percent="10%", at_most=ONE)), {
        "EUR": (("32.33", "0.05"), "6.15"),
        "JPY": (("3233", "5"), "615"),
        "KWD": (("32.333", "0.005"), "6.144"),
    }),
    # Three months begun by 10 May, 400 each: 1200 over 3333 and 5: 1198.2 and 1.8, so 1198 and 2.
    # KWD: 12000: 11998.2 and 1.8. Tax: 633 * 2135 / 3333 = 405.5; 6333 * 21335 / 33333 = 4053.5.
    Reckoned("three used months at the list price", (FULL, limit("used_months")), {
        "EUR": (("21.35", "0.03"), "4.05"),
        "JPY": (("2135", "3"), "405"),
        "KWD": (("21.335", "0.003"), "4.053"),
    }, _YEAR | asked("2026-05-10T10:00:00Z"), {"order.list_price": FOUR}),
    # Two uses beyond the free one, 10 each: 20 over 3333 and 5: 19.97 and 0.03, so 20 and 0.
    # Tax: 633 * 3313 / 3333 = 629.2, and 1; 6333 * 33133 / 33333 = 6295.0, and 1.
    Reckoned("uses at a price of their own",
             (FULL, limit("used_value", counted="uses", each=A_TENTH, free=1)), {
        "EUR": (("33.13", "0.05"), "6.30"),
        "JPY": (("3313", "5"), "630"),
        "KWD": (("33.133", "0.005"), "6.296"),
    }, {"license.uses": 3}),
    # 7 credits on each of two lines, 5 used, 9 of 14 left: 3333 * 9 / 14 = 2142.6, and
    # 5 * 9 / 14 = 3.2.
    # KWD: 33333 * 9 / 14 = 21428.4. Tax: 633 * 2142 / 3333 = 406.8; 6333 * 21428 / 33333 = 4071.1.
    Reckoned("credits that are left", (FULL, limit("unused_credits", credits=7)), {
        "EUR": (("21.42", "0.03"), "4.06"),
        "JPY": (("2142", "3"), "406"),
        "KWD": (("21.428", "0.003"), "4.071"),
    }, {"license.uses": 5}),
    # From 2 August five months are begun and 7 of 12 left: 3333 * 7 / 12 = 1944.25, and
    # 5 * 7 / 12 = 2.9.
    # KWD: 33333 * 7 / 12 = 19444.25. Tax: 633 * 1944 / 3333 = 369.2; 6333 * 19444 / 33333 = 3694.2.
    Reckoned("seven of twelve months", (pro_rata(),), {
        "EUR": (("19.44", "0.02"), "3.69"),
        "JPY": (("1944", "2"), "369"),
        "KWD": (("19.444", "0.002"), "3.694"),
    }, _YEAR | asked("2026-08-10T10:00:00Z")),
    # At a tenth for each used month 5 of 10 are left: 1666.5 and 2.5. KWD: 16666.5.
    # Tax: 633 * 1666 / 3333 = 316.4; 6333 * 16666 / 33333 = 3166.4.
    Reckoned("five of ten paid months", (pro_rata(paid_months=10),), {
        "EUR": (("16.66", "0.02"), "3.16"),
        "JPY": (("1666", "2"), "316"),
        "KWD": (("16.666", "0.002"), "3.166"),
    }, _YEAR | asked("2026-08-10T10:00:00Z")),
    # 29 + 30 + 31 + 30 + 31 + 10 = 161 days to 10 August, 204 of 365 left:
    # 3333 * 204 / 365 = 1862.8, 5 * 204 / 365 = 2.8. KWD: 33333 * 204 / 365 = 18629.9.
    # Tax: 633 * 1862 / 3333 = 353.6; 6333 * 18629 / 33333 = 3539.4.
    Reckoned("204 of 365 days", (pro_rata(unit="day"),), {
        "EUR": (("18.62", "0.02"), "3.53"),
        "JPY": (("1862", "2"), "353"),
        "KWD": (("18.629", "0.002"), "3.539"),
    }, _YEAR | asked("2026-08-10T10:00:00Z")),
    # 121 days and 16 hours are a third of 365 days; two thirds of 3333 are 2222, of 5 are 3.3.
    # KWD: 22222. Tax: two thirds of 633 are 422, of 6333 are 4222.
    Reckoned("two thirds of all seconds", (pro_rata(unit="second"),), {
        "EUR": (("22.22", "0.03"), "4.22"),
        "JPY": (("2222", "3"), "422"),
        "KWD": (("22.222", "0.003"), "4.222"),
    }, _YEAR | asked("2026-07-02T02:00:00Z")),
    # Half of 3333 is 1666.5, of 5 is 2.5, of 33333 is 16666.5.
    Reckoned("a step of a half", ({"kind": "stepped_refund", "params": {
        "pays": "all", "own_address": False, "steps": [{"within": "30 days", "share": "50%"}],
    }},), {
        "EUR": (("16.66", "0.02"), "3.16"),
        "JPY": (("1666", "2"), "316"),
        "KWD": (("16.666", "0.002"), "3.166"),
    }),
    # Each by itself off the price: 2999 and 4, and 2834 and 4. The lesser of both, line by line.
    Reckoned("the least of a tenth and a fee of 5",
             (FULL, limit("kept_share", percent="10%", of="price"),
              limit("fixed_fee", amount=FIVE, of="price")), {
        "EUR": (("28.34", "0.04"), "5.38"),
        "JPY": (("2834", "4"), "538"),
        "KWD": (("28.334", "0.004"), "5.383"),
    }),
    # One after the other: 500 over 2999 and 4: 499.3 and 0.7, so 499 and 1.
    # KWD: 5000 over 29999 and 4. Tax: 633 * 2500 / 3333 = 474.8; 6333 * 25000 / 33333 = 4749.8.
    Reckoned("a tenth, and then a fee of 5",
             (FULL, limit("kept_share", percent="10%"), limit("fixed_fee", amount=FIVE)), {
        "EUR": (("25.00", "0.03"), "4.74"),
        "JPY": (("2500", "3"), "474"),
        "KWD": (("25.000", "0.003"), "4.749"),
    }),
    # A fee of 500 that the gateway kept, whole: as a fee of 5.
    Reckoned("the gateway's fee of 5", (FULL, limit("gateway_fee")), {
        "EUR": (("28.34", "0.04"), "5.38"),
        "JPY": (("2834", "4"), "538"),
        "KWD": (("28.334", "0.004"), "5.383"),
    }, {}, {"order.gateway_fee": FIVE}),
    # 100 were given back for no line: the first has 3233 left. Tax as above.
    Reckoned("1 given back before, for no line", (FULL,), {
        "EUR": (("32.33", "0.05"), "6.15"),
        "JPY": (("3233", "5"), "615"),
        "KWD": (("32.333", "0.005"), "6.144"),
    }, {}, {"order.refunded": ONE}),
    # The same for the first line, as the store says.
    Reckoned("1 given back before, for the first line", (FULL,), {
        "EUR": (("32.33", "0.05"), "6.15"),
        "JPY": (("3233", "5"), "615"),
        "KWD": (("32.333", "0.005"), "6.144"),
    }, {}, {"order.refunded": ONE, "order.items.0.refunded": ONE}),
    # 500 of which 100 on the first: the 400 of no line are not taken off it, since its own refunds
    # are told. They take all of the second. 3333 - 100 = 3233, but the order has 3338 - 500 = 2838.
    # Tax: 633 * 2838 / 3333 = 538.99. KWD: 33338 - 5000 = 28338; 6333 * 28338 / 33333 = 5383.99.
    Reckoned("never more than the order has left", (FULL,), {
        "EUR": (("28.38", "0.00"), "5.38"),
        "JPY": (("2838", "0"), "538"),
        "KWD": (("28.338", "0.000"), "5.383"),
    }, {}, {"order.refunded": FIVE, "order.items.0.refunded": ONE}),
    # A tenth is kept of the price, and then no more than is left: min(2999, 3333 - 500).
    # Tax: 633 * 2833 / 3333 = 538.04, none of 1 * 4 / 5; 6333 * 28333 / 33333 = 5383.04.
    Reckoned("a share is capped by what is left", (FULL, limit("kept_share", percent="10%")), {
        "EUR": (("28.33", "0.04"), "5.38"),
        "JPY": (("2833", "4"), "538"),
        "KWD": (("28.333", "0.004"), "5.383"),
    }, {}, {"order.refunded": FIVE}),
]  # fmt: skip


def judged(row: Reckoned, currency: str, items: list[dict[str, Any]]) -> Any:
    document = {
        "id": "hand", "version": "1", "in_force_from": "2020-01-01T00:00:00Z",
        "title": {"en": "By hand"},
        "clause": [
            clause | {"id": f"{number}", "text": {"en": "."}}
            for number, clause in enumerate(row.clauses)
        ],
    }  # fmt: skip
    facts = {"order.currency": currency, "order.items": items, "order.refunded": NOTHING[currency]}
    amounts = {path: by_currency[currency] for path, by_currency in row.amounts.items()}
    claim = example_claim({**facts, **row.given, **amounts})
    return judge(claim, policy_of(document, "hand.json"))


def lines_of(currency: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "product": "portal", "item_kind": "product", "paid": paid, "tax": tax} | more
        for n, (paid, tax) in enumerate(LINES[currency])
    ]


@pytest.mark.parametrize("currency", LINES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_each_line_and_the_tax_are_what_a_person_reckons(row: Reckoned, currency: str) -> None:
    decision = judged(row, currency, lines_of(currency))
    lines, tax = row.gives[currency]
    assert tuple(str(line.refund) for line in decision.lines) == lines
    assert str(decision.tax.refund) == tax


def test_every_amount_and_percentage_that_a_kind_can_set_is_reckoned_here() -> None:
    reckoned = {
        (clause["kind"], name)
        for row in ROWS
        for clause in row.clauses
        for name in [*clause["params"], *clause["params"].get("steps", [{}])[0]]
    }
    settable = {
        (kind.name, name)
        for kind in KINDS.values()
        for shape in (kind.params, *([Step] if kind.name == "stepped_refund" else []))
        for name, hint in get_type_hints(shape).items()
        if {Amounts, Percent} & {hint, *get_args(hint)}
    }
    assert len(settable) == 6
    assert settable - reckoned == set()


@pytest.mark.parametrize("currency", LINES)
def test_a_fee_of_more_than_was_paid_leaves_nothing_and_owes_nothing(currency: str) -> None:
    row = Reckoned("", (FULL, limit("fixed_fee", amount=FORTY)), {})
    decision = judged(row, currency, lines_of(currency))
    assert (decision.outcome, str(decision.amount)) == ("refuse", NOTHING[currency])


@pytest.mark.parametrize(
    ("currency", "paid", "fee", "quantity", "rest"),
    [
        pytest.param("EUR", "30.00", "2.01", 3, "23.97", id="3 * 2.01 = 6.03"),
        pytest.param("JPY", "3000", "201", 3, "2397", id="3 * 201 = 603"),
        pytest.param("KWD", "30.000", "2.005", 3, "23.985", id="3 * 2.005 = 6.015"),
        pytest.param("EUR", "30.00", "2.01", "1.5", "26.99", id="1.5 * 2.01 = 3.015, down to 3.01"),
        pytest.param("JPY", "3000", "201", "1.5", "2699", id="1.5 * 201 = 301.5, down to 301"),
        pytest.param("KWD", "30.000", "2.005", "1.5", "26.993", id="1.5 * 2.005 = 3.0075"),
    ],
)
def test_a_fee_for_each_unit_is_taken_for_all_of_the_quantity(
    currency: str, paid: str, fee: str, quantity: object, rest: str
) -> None:
    row = Reckoned("", (FULL, limit("fixed_fee", amount={currency: fee}, per="unit")), {})
    item = {"id": "1", "product": "portal", "item_kind": "product", "quantity": quantity,
            "paid": paid, "tax": NOTHING[currency]}  # fmt: skip
    assert [str(line.refund) for line in judged(row, currency, [item]).lines] == [rest]


@pytest.mark.parametrize(
    ("currency", "fee", "rest"),
    [
        # 3333 of 5000 are offered: 100 * 3333 / 5000 = 66.66, down to 66.
        pytest.param("EUR", ("33.33", "16.67", "1.00"), "32.67", id="100 * 3333 / 5000"),
        pytest.param("JPY", ("3333", "1667", "100"), "3267", id="the same in yen"),
        # 33333 of 50000: 1000 * 33333 / 50000 = 666.66.
        pytest.param("KWD", ("33.333", "16.667", "1.000"), "32.667", id="1000 * 33333 / 50000"),
    ],
)
def test_a_gateways_fee_goes_with_the_part_that_is_paid_back(
    currency: str, fee: tuple[str, str, str], rest: str
) -> None:
    product, support, took = fee
    full = FULL | {"params": FULL["params"] | {"pays": ["product"]}}
    row = Reckoned("", (full, limit("gateway_fee", part="in_proportion")), {},
                   {"order.gateway_fee": took})  # fmt: skip
    items = [
        {"id": "1", "product": "portal", "item_kind": "product", "paid": product,
         "tax": NOTHING[currency]},
        {"id": "2", "product": "help", "item_kind": "support", "paid": support,
         "tax": NOTHING[currency]},
    ]  # fmt: skip
    decision = judged(row, currency, items)
    assert [str(line.refund) for line in decision.lines] == [rest, NOTHING[currency]]


@pytest.mark.parametrize(("currency", "unit", "cent"), [
    ("EUR", "1.00", "0.01"), ("JPY", "100", "1"), ("KWD", "1.000", "0.001"),
])  # fmt: skip
def test_the_odd_unit_of_a_fee_is_taken_from_the_earlier_of_equal_lines(
    currency: str, unit: str, cent: str
) -> None:
    row = Reckoned("", (FULL, limit("fixed_fee", amount={currency: cent})), {})
    item = {"product": "portal", "item_kind": "product", "paid": unit, "tax": NOTHING[currency]}
    decision = judged(row, currency, [item | {"id": each} for each in "abc"])
    first, *others = [str(line.refund) for line in decision.lines]
    assert (first, others) == ({"EUR": "0.99", "JPY": "99", "KWD": "0.999"}[currency], [unit] * 2)

"""Money refuses nonsense and loses no cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.money import CurrencyMismatch, Money, NotMoney, decimals_of, total

minors = st.integers(min_value=0, max_value=10**15 - 1)
currencies = st.sampled_from(["EUR", "JPY", "KWD"])
weights = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=20).filter(any)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("199.00", "EUR", 19900),
        ("-0.01", "EUR", -1),
        ("120", "JPY", 120),
        ("0.500", "KWD", 500),
        ("999999999999999.99", "EUR", 99999999999999999),
    ],
    ids=["euros", "less than nothing", "yen", "fils", "the largest"],
)
def test_an_amount_is_read_as_the_store_writes_it(text: str, currency: str, minor: int) -> None:
    amount = Money.parse(text, currency)
    assert amount == Money(minor, currency)
    assert str(amount) == text


@pytest.mark.parametrize(
    "text",
    [
        "1,50",
        "1e1",
        "1.5",
        "1.500",
        "1.",
        ".50",
        "",
        " 1.00",
        "1.00\n",
        "+1.00",
        "1 000.00",
        "٣.٠٠",
        "NaN",
        "Infinity",
        "1" * 16 + ".00",
        199.0,
        19900,
        Decimal("1.00"),
        None,
        True,
    ],
)
def test_what_is_not_an_amount_is_refused(text: object) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("5", 500), ("5.1", 510), ("5.100000", 510)],
    ids=["no decimals", "one decimal", "zeros to spare"],
)
def test_a_store_that_writes_decimals_freely_is_understood(text: str, minor: int) -> None:
    assert Money.parse(text, "EUR", exact=False).minor == minor


def test_but_a_fraction_of_a_cent_is_never_dropped() -> None:
    with pytest.raises(NotMoney, match="more than the 2 decimals"):
        Money.parse("5.001", "EUR", exact=False)


@pytest.mark.parametrize("minor", [1.0, Decimal(1), "1", True])
def test_money_is_counted_in_whole_minor_units(minor: object) -> None:
    with pytest.raises(NotMoney):
        Money(minor, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "€"])
def test_a_currency_has_three_capital_letters(currency: str) -> None:
    with pytest.raises(NotMoney):
        Money(1, currency)


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("IRT", 0), ("KWD", 3), ("XYZ", 2)]
)
def test_each_currency_has_its_own_decimals(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


def test_different_currencies_are_never_reckoned_together() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "EUR") < Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR", 2) - Money(1, "EUR", 4)
    assert Money(1, "EUR") != Money(1, "USD")
    with pytest.raises(TypeError):
        _ = Money(1, "EUR") + 1  # type: ignore[operator]


def test_a_share_is_rounded_down_and_the_rest_stays() -> None:
    assert Money(100, "EUR").share(1, 3) == Money(33, "EUR")
    assert Money(100, "EUR").share(3, 3) == Money(100, "EUR")
    assert Money(100, "EUR").share(0, 3) == Money(0, "EUR")


@pytest.mark.parametrize(("part", "whole"), [(4, 3), (-1, 3), (1, 0)])
def test_a_share_lies_between_nothing_and_all(part: int, whole: int) -> None:
    with pytest.raises(NotMoney):
        Money(100, "EUR").share(part, whole)


def test_the_odd_cent_goes_to_the_largest_remainder_and_then_to_the_earlier_part() -> None:
    assert [part.minor for part in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(100, "EUR").allocate([1, 2, 3])] == [17, 33, 50]
    assert [part.minor for part in Money(1, "JPY").allocate([0, 1])] == [0, 1]


def test_something_cannot_be_split_over_nothing() -> None:
    with pytest.raises(NotMoney):
        Money(1, "EUR").allocate([0, 0])
    assert Money(0, "EUR").allocate([0, 0]) == [Money(0, "EUR")] * 2
    with pytest.raises(NotMoney):
        Money(-1, "EUR").allocate([1])
    with pytest.raises(NotMoney):
        Money(1, "EUR").allocate([1, -1])


@given(minor=minors, currency=currencies, parts=weights)
def test_splitting_loses_no_cent_and_is_fair_to_a_cent(
    minor: int, currency: str, parts: list[int]
) -> None:
    amount = Money(minor, currency)
    split = amount.allocate(parts)
    assert total(split, currency) == amount
    whole = sum(parts)
    for share, weight in zip(split, parts, strict=True):
        fair = minor * weight // whole
        assert fair <= share.minor <= fair + 1
        assert weight or not share


@given(minor=minors, currency=currencies, part=st.integers(0, 10**6), more=st.integers(0, 10**6))
def test_a_share_never_gives_more_than_there_is(
    minor: int, currency: str, part: int, more: int
) -> None:
    whole = part + more + 1
    amount = Money(minor, currency)
    share = amount.share(part, whole)
    assert Money.zero(currency) <= share <= amount
    rest = amount.share(whole - part, whole)
    assert (amount - share - rest).minor in (0, 1)


@given(minor=st.integers(-(10**15) + 1, 10**15 - 1), currency=currencies)
def test_what_is_written_is_read_back_the_same(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(str(amount), currency) == amount
    assert amount.decimal == Decimal(str(amount))


@given(minor=minors, currency=currencies)
def test_another_amount_of_the_same_currency_is_like_one_made_anew(
    minor: int, currency: str
) -> None:
    assert Money.zero(currency).like(minor) == Money(minor, currency)


def test_another_amount_too_is_whole_minor_units() -> None:
    with pytest.raises(NotMoney, match="whole minor units"):
        Money.zero("EUR").like(Decimal("1.5"))  # type: ignore[arg-type]

"""Site names that mean one site, licence keys that notice a slip, and room on a licence."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk import licensing
from refunddesk.licensing import NotALicenseKey, NotASite

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        pytest.param("example.com", "example.com", id="a bare name"),
        pytest.param("https://example.com", "example.com", id="with a scheme"),
        pytest.param("HTTP://Example.COM", "example.com", id="in capitals"),
        pytest.param("//example.com/", "example.com", id="without a scheme but with slashes"),
        pytest.param("https://www.example.com/", "example.com", id="with www"),
        pytest.param("www.www.example.com", "example.com", id="with www twice"),
        pytest.param("https://www.com", "www.com", id="a site that is called www"),
        pytest.param("https://example.com:8443", "example.com", id="on a port"),
        pytest.param("example.com:8080/shop", "example.com", id="on a port without a scheme"),
        pytest.param("https://example.com/a/b?c=d#e", "example.com", id="a page of the site"),
        pytest.param("example.com//b", "example.com", id="a page with two slashes"),
        pytest.param("example.com.", "example.com", id="with the dot of the root"),
        pytest.param(" example.com ", "example.com", id="with spaces around it"),
        pytest.param("https://bücher.example", "xn--bcher-kva.example", id="with an umlaut"),
        pytest.param("https://BÜCHER.example", "xn--bcher-kva.example", id="a capital umlaut"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="an umlaut in ASCII"),
        pytest.param("faß.example", "xn--fa-hia.example", id="a sharp s is no double s"),
        pytest.param("localhost", "localhost", id="a development machine"),
        pytest.param("my_shop.local", "my_shop.local", id="an underscore in a local name"),
        pytest.param("http://192.0.2.7:8080/", "192.0.2.7", id="an IPv4 address"),
        pytest.param("http://[2001:DB8:0:0::1]/", "[2001:db8::1]", id="an IPv6 address"),
    ],
)
def test_however_a_site_is_written_it_has_one_name(address: str, name: str) -> None:
    assert licensing.site_name(address) == name
    assert licensing.site_name(name) == name


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="only spaces"),
        pytest.param("https://", id="only a scheme"),
        pytest.param("ftp://example.com", id="another scheme"),
        pytest.param("javascript:alert(1)//x", id="a script"),
        pytest.param("example .com", id="a space inside"),
        pytest.param("example\n.com", id="a line break inside"),
        pytest.param("example\x00.com", id="a zero byte"),
        pytest.param("exa\\mple.com", id="a backslash"),
        pytest.param("user:secret@example.com", id="with a password"),
        pytest.param("example..com", id="an empty label"),
        pytest.param(".example.com", id="beginning with a dot"),
        pytest.param("-example.com", id="beginning with a dash"),
        pytest.param("example.com:99999", id="a port that is none"),
        pytest.param("[::1", id="half an IPv6 address"),
        pytest.param("http://[fe80::1%25eth0]/", id="an address of one network card"),
        pytest.param("256.1.1.1", id="not quite an IPv4 address"),
        pytest.param("12345", id="a number"),
        pytest.param("a" * 64 + ".example", id="a label of 64 letters"),
        pytest.param(".".join(["abcdefg"] * 32), id="a name of 255 letters"),
        pytest.param("a/" * 1001, id="an address of 2002 characters"),
        pytest.param("\ud800.example", id="half a character"),
        pytest.param("\u202eexample.com", id="a text that runs backwards"),
    ],
)
def test_a_text_that_is_no_site_is_refused_by_name(address: str) -> None:
    with pytest.raises(NotASite):
        licensing.site_name(address)


def test_the_longest_label_is_63_letters() -> None:
    assert licensing.site_name("a" * 63 + ".example") == "a" * 63 + ".example"


@given(st.text())
def test_any_text_has_a_lasting_name_or_is_refused(text: str) -> None:
    try:
        name = licensing.site_name(text)
    except NotASite:
        return
    assert licensing.site_name(name) == name
    assert name.isascii()


def test_a_key_has_seven_groups_of_four() -> None:
    key = licensing.new_key(secrets.token_bytes)
    assert [len(group) for group in key.split("-")] == [4] * 7
    assert licensing.check_key(key) == key


def test_two_keys_are_never_the_same() -> None:
    assert len({licensing.new_key(secrets.token_bytes) for _ in range(1000)}) == 1000


@given(st.binary(min_size=16, max_size=16))
def test_a_key_keeps_all_128_random_bits(random: bytes) -> None:
    key = licensing.check_key(licensing.new_key(lambda _: random)).replace("-", "")
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for character in key[:26]:
        number = number * 32 + alphabet.index(character)
    assert number.to_bytes(16, "big") == random


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(str.lower, id="in small letters"),
        pytest.param(lambda key: key.replace("-", ""), id="without dashes"),
        pytest.param(lambda key: f" {key} ", id="with spaces"),
        pytest.param(lambda key: key.replace("0", "O").replace("1", "l"), id="letters for digits"),
    ],
)
def test_a_key_may_be_typed_carelessly(typed) -> None:  # type: ignore[no-untyped-def]
    key = licensing.new_key(lambda count: bytes(count - 1) + b"\x21")
    assert licensing.check_key(typed(key)) == key
    assert licensing.key_hash(typed(key)) == licensing.key_hash(key)


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 27),
    st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
)
def test_one_wrong_character_is_always_noticed(random: bytes, place: int, wrong: str) -> None:
    key = licensing.new_key(lambda _: random).replace("-", "")
    if key[place] == wrong:
        return
    with pytest.raises(NotALicenseKey):
        licensing.check_key(key[:place] + wrong + key[place + 1 :])


@given(st.binary(min_size=16, max_size=16), st.integers(0, 24))
def test_two_swapped_neighbours_are_always_noticed(random: bytes, place: int) -> None:
    key = licensing.new_key(lambda _: random).replace("-", "")
    if key[place] == key[place + 1]:
        return
    with pytest.raises(NotALicenseKey):
        licensing.check_key(key[:place] + key[place + 1] + key[place] + key[place + 2 :])


@pytest.mark.parametrize("text", ["", "RD", "U" * 28, "0" * 27, "0" * 29, "é" * 28, "\ud800" * 28])
def test_what_is_no_key_is_refused_but_still_has_a_hash(text: str) -> None:
    with pytest.raises(NotALicenseKey):
        licensing.check_key(text)
    assert len(licensing.key_hash(text)) == 32


def test_a_token_has_256_random_bits() -> None:
    assert len(licensing.new_token(lambda count: b"\xff" * count)) == 43
    assert licensing.token_hash("a") != licensing.token_hash("b")


@pytest.mark.parametrize(
    ("site", "active", "limit", "room"),
    [
        pytest.param("a.example", [], 1, True, id="the first site"),
        pytest.param("b.example", ["a.example"], 2, True, id="the last site allowed"),
        pytest.param("b.example", ["a.example"], 1, False, id="one site too many"),
        pytest.param("a.example", ["a.example"], 1, True, id="a site it is on already"),
        pytest.param("a.example", [], 0, False, id="a licence for no site"),
    ],
)
def test_a_licence_has_room_up_to_its_limit(
    site: str, active: list[str], limit: int, room: bool
) -> None:
    assert licensing.has_room(site, active, limit) is room


@pytest.mark.parametrize(
    ("state", "expires_at", "usable"),
    [
        pytest.param("active", None, True, id="bought once"),
        pytest.param("active", NOW + timedelta(seconds=1), True, id="in its last second"),
        pytest.param("active", NOW, False, id="one second too late"),
        pytest.param("ended", None, False, id="ended"),
    ],
)
def test_a_licence_is_usable_until_it_ends(
    state: str, expires_at: datetime | None, usable: bool
) -> None:
    assert licensing.is_usable(state, expires_at, NOW) is usable


# ---------------------------------------------------------------- sites for trying out


@pytest.mark.parametrize(
    "site",
    [
        "localhost",
        "shop.test",
        "shop.local",
        "10.1.2.3",
        "127.0.0.1",
        "[::1]",
        "staging.ada.example",
        "dev.shop.ada.example",
        "ada.wpengine.com",
        "ada.kinsta.cloud",
        "4f2a.ngrok-free.app",
    ],
)
def test_a_site_for_trying_out_is_one(site: str) -> None:
    assert licensing.is_staging(licensing.site_name(site))


@pytest.mark.parametrize(
    "site",
    [
        "ada.example",
        "test.example",  # a shop may be called so
        "devices.ada.example",
        "mystaging.ada.example",
        "kinsta.cloud",
        "contest.test.example",
        "93.184.216.34",
    ],
)
def test_a_site_that_sells_is_none(site: str) -> None:
    assert not licensing.is_staging(licensing.site_name(site))


def test_a_stores_own_pattern_counts_beside_the_shipped_ones() -> None:
    own = [licensing.staging_pattern("*.copies.ada.example")]
    assert licensing.is_staging("x.copies.ada.example", own)
    assert not licensing.is_staging("copies.ada.example", own)


@pytest.mark.parametrize("text", ["", "*", "*.", "a b", "*.*", "*.a.*", "http://a.b", "é.example"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(licensing.NotAPattern):
        licensing.staging_pattern(text)


def test_a_name_in_letters_that_look_alike_is_another_site() -> None:
    """Cyrillic a: whoever owns the one does not own the other."""
    assert licensing.site_name("\u0430da.example") != licensing.site_name("ada.example")
    # Full-width letters are only another way of writing the same name.
    assert licensing.site_name("\uff41da.example") == "ada.example"


# ---------------------------------------------------------------- how a licence stands

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "ended_as", "expires_at", "accused", "standing"),
    [
        pytest.param("active", None, None, False, "valid", id="for ever"),
        pytest.param("active", None, NOON + timedelta(microseconds=1), False, "valid", id="last"),
        pytest.param("active", None, NOON, False, "expired", id="one moment too late"),
        pytest.param("active", None, NOON, True, "blocked", id="accused and expired"),
        pytest.param("ended", "refunded", None, True, "ended_refunded", id="refunded"),
        pytest.param("ended", "revoked", NOON, False, "ended", id="revoked"),
    ],
)
def test_how_a_licence_stands_has_one_name(
    state: str, ended_as: str | None, expires_at: datetime | None, accused: bool, standing: str
) -> None:
    found = licensing.license_standing(
        state, ended_as, expires_at, is_customer_accused=accused, now=NOON
    )
    assert found == standing


def test_with_fewer_places_the_sites_switched_on_last_are_over() -> None:
    in_use = [
        licensing.InUse("a.example", False),
        licensing.InUse("staging.a.example", True),
        licensing.InUse("b.example", False),
    ]
    found = {one: licensing.site_standing(one, in_use, 1) for one in ("a.example", "b.example")}
    assert found == {"a.example": "valid", "b.example": "over_limit"}
    assert licensing.site_standing("staging.a.example", in_use, 0) == "valid"
    assert licensing.site_standing("c.example", in_use, 9) == "site_not_activated"


def test_an_imported_key_is_taken_as_it_was_handed_out() -> None:
    assert licensing.imported_key(" abcd-EFGH-1234-5678 ") == "abcd-EFGH-1234-5678"
    with pytest.raises(NotALicenseKey, match="from 16"):
        licensing.imported_key("abcd-EFGH-1234-567")

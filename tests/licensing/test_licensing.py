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

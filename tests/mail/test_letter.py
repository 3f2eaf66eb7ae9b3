"""No fact of an order and no word of a customer reaches a header or another reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.mail.letter import AddressNotUsable, Letter, Sender, compose, usable_address

SENDER = Sender("support@store.test", "Lisa's Shop")
LETTER = Letter(
    key="notice.7.1772445600",
    thread="case.3",
    to="ada@example.com",
    language="de",
    subject="Ihre Erstattung: 12,50 €",
    text="Guten Tag,\n\nalles gut.\n",
    html="<!doctype html><p>alles gut</p>",
    written_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
)
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "Content-Language",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}


def test_a_letter_is_read_as_it_was_written() -> None:
    read = message_from_bytes(compose(LETTER, SENDER).as_bytes(), policy=policy.default)
    assert read["To"] == "ada@example.com"
    assert read["From"].addresses[0].display_name == "Lisa's Shop"
    assert read["Subject"] == LETTER.subject
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html
    assert "alles gut" in html.get_content()


def test_the_same_letter_always_has_the_same_message_id() -> None:
    first, second = compose(LETTER, SENDER), compose(LETTER, SENDER)
    assert first["Message-ID"] == second["Message-ID"] == "<notice.7.1772445600@store.test>"
    other = compose(replace(LETTER, key="notice.8.1772445600"), SENDER)
    assert other["Message-ID"] != first["Message-ID"]


@settings(deadline=None)
@given(
    subject=st.text(max_size=300) | st.just("Hello\r\nBcc: eve@evil.test\r\n\r\n<script>"),
    name=st.text(max_size=100) | st.just("Shop\nTo: eve@evil.test"),
)
def test_no_subject_and_no_name_makes_a_header_of_its_own(subject: str, name: str) -> None:
    try:
        written = compose(replace(LETTER, subject=subject), replace(SENDER, name=name)).as_bytes()
    except UnicodeEncodeError:
        # Half a surrogate pair: no database hands one out, see web/bodies.py.
        return
    read = message_from_bytes(written, policy=policy.default)
    assert set(read.keys()) <= HEADERS
    assert [str(value) for value in read.get_all("To")] == ["ada@example.com"]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="none"),
        pytest.param("ada", id="no place"),
        pytest.param("ada@", id="nothing behind the at sign"),
        pytest.param("ada@example.com, eve@evil.test", id="two"),
        pytest.param("ada@example.com\r\nBcc: eve@evil.test", id="a header behind it"),
        pytest.param("ada@example.com\nRCPT TO:<eve@evil.test>", id="a command behind it"),
        pytest.param('"ada bcc:eve"@example.com', id="quoted"),
        pytest.param("Ada <ada@example.com>", id="with a name"),
        pytest.param("zoë@example.com", id="letters that most servers cannot write to"),
        pytest.param("ada@[127.0.0.1]", id="a machine by its number"),
        pytest.param(f"{'a' * 65}@example.com", id="too long before the at sign"),
        pytest.param(f"ada@{'e' * 300}.com", id="too long"),
    ],
)
def test_nothing_is_written_to_what_is_no_single_plain_address(address: str) -> None:
    with pytest.raises(AddressNotUsable):
        usable_address(address)


def test_blanks_around_an_address_and_a_domain_of_any_language_are_fine() -> None:
    assert usable_address(" zoe+shop@exämple.test ") == "zoe+shop@xn--exmple-cua.test"

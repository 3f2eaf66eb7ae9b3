"""Whatever comes in as a mail is read as far as it can be, and breaks nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refunddesk.mail import reading
from refunddesk.mail.plain import text_of_html, without_history
from refunddesk.mail.reading import MailUnreadable, ReadMail, read_mail
from tests.replying import RECEIVER, REPLY_TO, TAKEN, incoming


def read(raw: bytes) -> ReadMail:
    return read_mail(raw, RECEIVER)


def part(kind: str, data: bytes, *more: str) -> bytes:
    lines = [f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *more, "", ""]
    return "\r\n".join(lines).encode() + base64.encodebytes(data)


def joined(*parts: bytes, kind: str = "mixed", boundary: str = "b1") -> bytes:
    mark = f"--{boundary}".encode()
    inner = b"".join(b"\r\n" + mark + b"\r\n" + one for one in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + inner + b"\r\n" + mark + b"--\r\n"


def test_a_plain_answer_is_read_whole() -> None:
    mail = read(
        incoming(
            REPLY_TO,
            "Ja, noch immer.\r\n\r\nAda\r\n\r\nAm 2.3.26 schrieb Store:\r\n> alt\r\n",
            message_id="<x@example.com>",
            headers=["In-Reply-To: <n1@desk.test>", "References: <a@desk.test> <n1@desk.test>"],
        )
    )
    assert mail.words == "Ja, noch immer.\n\nAda"
    assert mail.sender == "ada@example.com"
    assert mail.subject == "Re: your case"
    assert mail.message_id == "x@example.com"
    assert mail.answers == ("n1@desk.test", "a@desk.test")
    assert mail.recipients == (REPLY_TO,)
    assert mail.is_proven
    assert mail.received_at == TAKEN, "never what the sender dates it"
    assert mail.automatic is None


@pytest.mark.parametrize(
    ("charset", "data", "words"),
    [
        pytest.param("utf-8", "Grüße €".encode("cp1252"), "Grüße €", id="windows-1252 mislabelled"),
        pytest.param("iso-8859-1", "„Müller“ €".encode("cp1252"), "„Müller“ €", id="as browsers"),
        pytest.param("no-such-set", "Grüße".encode(), "Grüße", id="unknown"),
        pytest.param("us-ascii", "Grüße".encode(), "Grüße", id="said to be ascii"),
        pytest.param("unicode_escape", rb"\u0041", r"\u0041", id="a codec that is no charset"),
        pytest.param("idna", b"xn--a", "xn--a", id="a codec that is slow"),
        pytest.param("utf-7", b"+AGE-", "+AGE-", id="one that nobody needs"),
        pytest.param("koi8-r", "Привет".encode("koi8-r"), "Привет", id="Russian"),
        pytest.param(
            "utf-8", b"a\x00b\x1bc\xed\xa0\x80d", "abc\u00edd", id="NUL, half a character"
        ),
    ],
)
def test_odd_encodings_are_read_as_far_as_they_can_be(
    charset: str, data: bytes, words: str
) -> None:
    read_words = read(incoming(REPLY_TO, body=part(f'text/plain; charset="{charset}"', data))).words
    # A surrogate's bytes are no UTF-8, so those are read as windows-1252, whose \x80 is a euro.
    assert read_words.replace("\u00a0€", "") == words


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%!!!\r\n",
            id="base64 that is none",
        ),
        pytest.param(b'Content-Type: ;;;="\r\n\r\nhello', id="a kind that is none"),
        pytest.param(b"Content-Type: multipart/mixed\r\n\r\nno boundary", id="no boundary"),
        pytest.param(b"Content-Transfer-Encoding: x-odd\r\n\r\nhello", id="an unknown encoding"),
        pytest.param(b"Content-Disposition: attachment; filename*=x'y'%ff\r\n\r\nz", id="a name"),
        pytest.param(b"", id="nothing at all"),
    ],
)
def test_broken_mails_are_read_and_keep_what_is_known_of_them(body: bytes) -> None:
    mail = read(incoming(REPLY_TO, body=body))
    assert mail.sender == "ada@example.com"
    assert mail.is_proven


def test_broken_headers_are_shown_as_they_came() -> None:
    raw = incoming(REPLY_TO).replace(
        b"Subject: Re: your case", b"Subject: =?utf-8?b?%%%?= =?x-no?q?=80?= \xff\xfe ok"
    )
    assert read(raw).subject.endswith("ok")


@pytest.mark.parametrize(
    "line",
    [
        b"From: ada@example.com, bob@example.com",
        b"From: a@example.com\r\nFrom: ada@example.com",
        b"From: ",
        b"From: group: ada@example.com, bob@example.com;",
        b"From: =?utf-8?q?ada=40example.com?=",
    ],
)
def test_more_than_one_sender_is_none(line: bytes) -> None:
    mail = read(incoming(REPLY_TO).replace(b"From: Ada <ada@example.com>", line))
    assert mail.sender is None
    assert not mail.is_proven


def test_of_two_forms_the_plain_one_is_read_unless_it_is_empty() -> None:
    html = part("text/html; charset=utf-8", b"<p>In <b>HTML</b>.</p><script>x</script>")
    both = joined(part("text/plain", b"In plain."), html, kind="alternative")
    assert read(incoming(REPLY_TO, body=both)).words == "In plain."
    empty = joined(part("text/plain", b" \r\n"), html, kind="alternative")
    assert read(incoming(REPLY_TO, body=empty)).words == "In HTML."
    assert read(incoming(REPLY_TO, body=html)).words == "In HTML."


def test_files_come_along_and_a_logo_does_not() -> None:
    body = joined(
        part("text/plain", b"See here."),
        part("image/png", b"p" * 20, "Content-ID: <logo>", "Content-Disposition: inline"),
        part("image/png", b"p" * 20_000, "Content-ID: <shot>"),
        part("text/plain", b"log", 'Content-Disposition: attachment; filename="../a\\"b.log"'),
        part("text/plain", b"My signature."),
        part("application/pdf", b"", 'Content-Disposition: attachment; filename="e.pdf"'),
        b"Content-Type: message/rfc822\r\n\r\nSubject: old\r\n\r\nsecret history\r\n",
    )
    mail = read(incoming(REPLY_TO, body=body))
    assert mail.words == "See here.\n\nMy signature."
    assert [len(file.data) for file in mail.files] == [20_000, 3]
    assert [name for name, _ in mail.left_out] == ["e.pdf", "file"]


def nested(depth: int) -> bytes:
    head = b"".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode()
        for n in range(depth)
    )
    return head + b"Content-Type: text/plain\r\n\r\nhi\r\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(incoming(REPLY_TO, body=nested(10_000)), "parts", id="10,000 parts in others"),
        pytest.param(
            incoming(REPLY_TO, body=joined(*[part("text/plain", b"a")] * 200)), "parts", id="200"
        ),
        pytest.param(b"X: y\r\n" * 100_000 + b"\r\nhi", "headers", id="1e5 headers"),
        pytest.param(incoming(REPLY_TO, "\n" * 600_000), "lines", id="600,000 lines"),
    ],
)
def test_what_no_mail_program_makes_is_named_unreadable(raw: bytes, why: str) -> None:
    with pytest.raises(MailUnreadable, match=why):
        read(raw)


def test_the_last_that_is_read_is_read_whole() -> None:
    body = joined(*[part("text/plain", b"a")] * (reading._MOST_PARTS - 1))
    assert read(incoming(REPLY_TO, body=body)).words.count("a") == reading._MOST_PARTS - 1
    assert read(incoming(REPLY_TO, "x" * reading.MOST_WORDS)).words == "x" * reading.MOST_WORDS
    longer = read(incoming(REPLY_TO, "x" * (reading.MOST_WORDS + 1))).words
    assert len(longer) == reading.MOST_WORDS
    assert longer.endswith("[…]")


def test_a_header_of_a_megabyte_costs_no_more_than_its_beginning() -> None:
    raw = b"To: " + b'"a;,"' * 250_000 + b"\r\n" + incoming(REPLY_TO)
    assert read(raw).sender == "ada@example.com"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "List-Id: <news.example.com>",
        "Return-Path: <>",
    ],
)
def test_what_a_machine_wrote_is_told_by_its_headers(header: str) -> None:
    assert read(incoming(REPLY_TO, headers=[header])).automatic == header.partition(":")[0].lower()
    assert read(incoming(REPLY_TO, headers=["Auto-Submitted: no"])).automatic is None


def report(action: str, status: str) -> bytes:
    told = (
        "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; ada@example.com\r\n"
        f"Action: {action}\r\nStatus: {status}\r\n"
    )
    return joined(
        part("text/plain", b"Sorry."),
        b"Content-Type: message/delivery-status\r\n\r\n" + told.encode(),
        b"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <notice.7.1@desk.test>\r\n",
        kind="report; report-type=delivery-status",
    )


@pytest.mark.parametrize(
    ("action", "status", "is_final"), [("failed", "5.1.1", True), ("delayed", "4.4.1", False)]
)
def test_a_report_names_the_mail_that_did_not_arrive(
    action: str, status: str, is_final: bool
) -> None:
    bounce = read(incoming(REPLY_TO, body=report(action, status))).bounce
    assert bounce
    assert (bounce.message_id, bounce.is_final) == ("notice.7.1@desk.test", is_final)
    assert bounce.said.startswith(status)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Yes.\n\nOn Mon, Nov 2, 2026 at 10:00 AM Store\n<s@x> wrote:\n> hi\n", "Yes."),
        ("Oui.\n\nLe lun. 2 mars 2026 à 10:00, Store a écrit :\n> vieux", "Oui."),
        ("Ok\n________________\nVon: Store <a@b>\nGesendet: Montag\nAn: x\n\nalt", "Ok"),
        ("Ok\n\n-----Original Message-----\nFrom: x\n\nold", "Ok"),
        ("> is it on?\nYes.\n> and the other?\nNo.", "> is it on?\nYes.\n> and the other?\nNo."),
        ("> all that I have to say", "> all that I have to say"),
        ("From: here it works.\nThank you.", "From: here it works.\nThank you."),
    ],
)
def test_the_history_below_is_cut_and_no_answer_with_it(text: str, kept: str) -> None:
    assert without_history(text) == kept


def test_html_is_read_as_words() -> None:
    page = (
        "<title>x</title><p>Hello&nbsp;&amp; you<div>1 < 2<br>two</div><blockquote>old</blockquote>"
    )
    assert text_of_html(page) == "Hello & you\n1 < 2\ntwo\n\n> old"


@pytest.mark.parametrize(
    "piece", ["<a", "<a ", "<!--", "</a", "&#", "<a b='", "< ", "<blockquote>", "<script>"]
)
def test_html_made_to_take_for_ever_is_read_in_one_pass(piece: str) -> None:
    page = piece * 100_000
    assert len(text_of_html(page)) <= len(page)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 300))
@example(b'Content-Type: multipart/mixed; boundary="\r\n\r\n--\r\n', 0)
def test_no_bytes_break_the_reading(noise: bytes, place: int) -> None:
    base = incoming(REPLY_TO, body=joined(part("text/plain", b"a"), part("image/png", b"b")))
    for raw in (noise, base[:place] + noise + base[place:], base + noise):
        try:
            mail = read(raw)
        except MailUnreadable:
            continue
        mail.words.encode()
        mail.subject.encode()
        assert "\0" not in mail.words + mail.subject

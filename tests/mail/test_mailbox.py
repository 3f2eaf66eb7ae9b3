"""The mailbox is read over an encrypted way, never changed, and its troubles have one name."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from refunddesk import clock
from refunddesk.mail.mailbox import MailboxAccess, MailboxUnavailable, Waiting, open_mailbox
from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.sandbox.certificates import Certificates, ensure_certificates
from tests.mail.postoffice import Postoffice, open_postoffice

LONG_AGO = date(2026, 1, 1)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("ca"), clock.now())


@pytest.fixture
def office(certificates: Certificates) -> Iterator[Postoffice]:
    files = certificates
    with open_postoffice(files.certificate_file, files.key_file, files.ca_file) as opened:
        yield opened


def numbers_after(access: MailboxAccess, uid: int) -> list[int]:
    with open_mailbox(access, 5).open() as folder:
        return folder.list_after(uid, LONG_AGO)


def test_a_mail_is_measured_and_fetched_byte_for_byte(office: Postoffice) -> None:
    raw = b"Subject: \xff\r\n\r\n) * {5}\r\nA1 OK\r\n"
    office.put(b"first", raw)
    with open_mailbox(office.access(), 5).open() as folder:
        assert (folder.validity, folder.next_uid) == (7, 3)
        assert folder.list_after(1, LONG_AGO) == [2]
        at = datetime(2026, 3, 2, 9, 31, tzinfo=UTC)
        assert folder.measure(2) == Waiting(2, len(raw), at)
        assert folder.fetch(2) == raw
        assert folder.measure(9) is None
        assert folder.fetch(9) is None
    assert not any("STORE" in line or "SELECT" in line for line in office.asked)
    assert office.asked[-1] == "LOGOUT"


def test_the_last_mail_is_not_new_again_and_an_empty_folder_has_none(office: Postoffice) -> None:
    assert numbers_after(office.access(), 0) == []
    office.put(b"a")
    assert numbers_after(office.access(), 0) == [1]
    assert numbers_after(office.access(), 1) == []


def test_no_more_is_fetched_than_is_taken_whatever_the_server_says_of_the_size(
    office: Postoffice,
) -> None:
    office.put(b"x" * (LONGEST_MAIL + 50))
    office.lies_of_size = 100
    with open_mailbox(office.access(), 5).open() as folder:
        fetched = folder.fetch(1)
    assert fetched is not None
    assert len(fetched) == LONGEST_MAIL + 1


@pytest.mark.parametrize(
    ("password", "folder", "why"),
    [("wrong", "INBOX", "who"), ("secret", "Elsewhere", "no folder"), ("naïve", "INBOX", "ascii")],
)
def test_who_is_not_let_in_is_told_why(
    office: Postoffice, password: str, folder: str, why: str
) -> None:
    with pytest.raises(MailboxUnavailable, match=why):
        numbers_after(office.access(password, folder), 0)


@pytest.mark.parametrize("command", ["LOGIN", "EXAMINE", "UID SEARCH"])
def test_a_server_that_breaks_off_or_refuses_is_tried_again(
    office: Postoffice, command: str
) -> None:
    office.cuts_at = command
    with pytest.raises(MailboxUnavailable):
        numbers_after(office.access(), 0)
    office.cuts_at, office.refuses = "", (command,)
    with pytest.raises(MailboxUnavailable):
        numbers_after(office.access(), 0)


def test_a_server_that_nobody_vouches_for_learns_no_password(office: Postoffice) -> None:
    with pytest.raises(MailboxUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        numbers_after(replace(office.access(), ca_file=None), 0)
    assert office.asked == []


def test_a_server_that_is_away_or_silent_is_tried_again(office: Postoffice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        access = replace(office.access(), port=silent.getsockname()[1])
        with (
            pytest.raises(MailboxUnavailable, match="could not be read"),
            open_mailbox(access, answer_seconds=1).open(),
        ):
            pass
    with pytest.raises(MailboxUnavailable):
        numbers_after(access, 0)

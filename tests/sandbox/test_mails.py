"""Whoever tries the desk out reads the mails that it would have sent, and they do no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from refunddesk.mail.letter import compose
from refunddesk.mail.reading import read_mail
from refunddesk.mail.sending import into_folder
from refunddesk.sandbox.answering import AnswerNotTaken, Postman
from refunddesk.sandbox.app import create_sandbox_app
from refunddesk.sandbox.store import SandboxStore
from tests.mail.test_letter import LETTER, SENDER


@pytest.fixture
def browser(store: SandboxStore, tmp_path: Path) -> FlaskClient:
    send = into_folder(tmp_path / "mails")
    send(compose(replace(LETTER, subject="<b>12,50 €</b>"), SENDER))
    (tmp_path / "mails" / "notes.txt").write_text("no mail")
    return create_sandbox_app(store, tmp_path / "mails").test_client()


def test_a_mail_is_listed_and_read(browser: FlaskClient) -> None:
    listed = browser.get("/sandbox/mails").text
    assert "ada@example.com" in listed
    assert "&lt;b&gt;12,50 €&lt;/b&gt;" in listed
    path = "/sandbox/mails/notice.7.1772445600@store.test.eml"
    assert "alles gut." in browser.get(path).text


def test_the_html_of_a_mail_can_do_nothing(browser: FlaskClient) -> None:
    page = browser.get("/sandbox/mails/notice.7.1772445600@store.test.eml/html")
    assert page.text.startswith("<!doctype html>")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


@pytest.mark.parametrize("name", ["notes.txt", "..%2Fstore.db", "nothing.eml"])
def test_no_other_file_is_shown(browser: FlaskClient, name: str) -> None:
    assert browser.get(f"/sandbox/mails/{name}").status_code == 404


def test_a_sandbox_without_a_folder_has_no_mails(store: SandboxStore) -> None:
    page = create_sandbox_app(store).test_client().get("/sandbox/mails")
    assert "Nothing was written yet." in page.text


@pytest.mark.parametrize("forged", [{}, {"forged": "yes"}])
def test_a_mail_is_answered_as_its_reader_or_as_somebody_who_pretends(
    store: SandboxStore, tmp_path: Path, forged: dict[str, str]
) -> None:
    letter = replace(LETTER, reply_to="reply+c3.abc@store.test")
    into_folder(tmp_path)(compose(letter, SENDER))
    handed_in: list[bytes] = []
    postman = Postman("mx.store.test", handed_in.append)
    browser = create_sandbox_app(store, tmp_path, postman).test_client()
    path = "/sandbox/mails/notice.7.1772445600@store.test.eml"
    assert "Answer as ada@example.com" in browser.get(path).text
    form = {"words": "Ja, für 12 €.", **forged}
    assert browser.post(f"{path}/answer", data=form).status_code == 303
    (raw,) = handed_in
    mail = read_mail(raw, "mx.store.test")
    assert (mail.sender, mail.words) == ("ada@example.com", "Ja, für 12 €.")
    assert mail.recipients == ("reply+c3.abc@store.test",)
    assert mail.answers == ("notice.7.1772445600@store.test",)
    assert mail.is_proven is not bool(forged)
    assert mail.received_at is not None
    assert browser.post(f"{path}/answer", data={"words": " "}).status_code == 400


def test_an_answer_that_the_desk_does_not_take_says_so(store: SandboxStore, tmp_path: Path) -> None:
    def refuse(_: bytes) -> None:
        raise AnswerNotTaken("The desk answered 401.")

    into_folder(tmp_path)(compose(LETTER, SENDER))
    browser = create_sandbox_app(store, tmp_path, Postman("mx", refuse)).test_client()
    path = "/sandbox/mails/notice.7.1772445600@store.test.eml/answer"
    answer = browser.post(path, data={"words": "Hello."})
    assert answer.status_code == 502
    assert "The desk answered 401." in answer.text

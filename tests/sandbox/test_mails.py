"""Whoever tries the desk out reads the mails that it would have sent, and they do no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from refunddesk.mail.letter import compose
from refunddesk.mail.sending import into_folder
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

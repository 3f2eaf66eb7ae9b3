"""Mails that came in, over HTTP: handed in by a mail service, read and settled by staff."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.cli.serve import serving_options
from refunddesk.db import arrivals
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.mail.mailbox import MailIn
from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.services import arrivals as coming
from refunddesk.services import landing
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import buy, report
from tests.building import add_store
from tests.people import browser_of, hire
from tests.replying import RECEIVER, REPLY_TO, incoming

TOKEN = "the token of the mail service, long enough"


@pytest.fixture
def ready(edges: Edges) -> Edges:
    return replace(edges, mail_in=MailIn(REPLY_TO, RECEIVER))


@pytest.fixture
def app(settings: Settings, ready: Edges) -> Flask:
    return create_app(replace(settings, mail_in_token=TOKEN), edges=ready)


def hand_in(app: Flask, raw: bytes, token: str = TOKEN) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
    return app.test_client().post("/mails", data=raw, headers=headers)


def test_a_mail_is_kept_whole_before_it_is_acknowledged_and_once(app: Flask, ready: Edges) -> None:
    raw = incoming("support@desk.test", "\x00\xff")
    first, second = hand_in(app, raw), hand_in(app, raw)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == {"mail": 1, "new": True}
    assert second.json == {"mail": 1, "new": False}
    with ready.database.read() as transaction:
        assert arrivals.find_raw(transaction, 1) == raw


def test_who_has_no_token_hands_nothing_in(app: Flask, settings: Settings, ready: Edges) -> None:
    assert hand_in(app, b"From: x", token="wrong").status_code == 401
    unset = create_app(settings, edges=ready)
    assert hand_in(unset, b"From: x", token="").status_code == 401
    with ready.database.read() as transaction:
        assert arrivals.list_last(transaction) == []


def test_too_much_and_nothing_get_one_clear_line(app: Flask) -> None:
    large = hand_in(app, b"x" * (LONGEST_MAIL + 1))
    assert large.status_code == 413
    assert large.json
    assert large.json["error"] == "mail_too_large"
    assert "20 MB at most" in large.json["message"]
    assert hand_in(app, b" ").status_code == 422


def test_the_server_takes_bodies_as_large_as_a_mail_only_where_mails_are_handed_in(
    settings: Settings,
) -> None:
    handing_in = replace(settings, mail_in_token=TOKEN)
    most, usual = (serving_options(one)["max_request_body_size"] for one in (handing_in, settings))
    assert usual < LONGEST_MAIL < most


def test_staff_read_a_forged_mail_save_it_as_text_and_settle_it(app: Flask, ready: Edges) -> None:
    order = buy(ready, add_store(ready))
    case = report(ready, order, finding=None, gives_up=False)
    raw = incoming("support@desk.test", "<script>alert(1)</script>", found=None)
    mail_id, _ = coming.keep_mail(ready, raw)
    landing.read_arrival(ready, mail_id)
    browser = browser_of(app, ready, hire(ready, Role.SUPPORT))
    page = browser.get(f"/desk/mails/{mail_id}").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "not proven" in page
    assert f"/desk/mails/{mail_id}" in browser.get("/desk/").text, "it waits on the first page"
    saved = browser.get(f"/desk/mails/{mail_id}/raw")
    assert saved.data == raw
    assert saved.mimetype == "text/plain"
    assert saved.headers["Content-Disposition"] == f"attachment; filename=mail-{mail_id}.txt"
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "kind": "case", "number": str(case.id)}
    assert browser.post(f"/desk/mails/{mail_id}/lead", data=form).status_code == 303
    taken = browser.post(f"/desk/mails/{mail_id}/reply", data={"csrf_token": token})
    assert taken.status_code == 303
    of_case = browser.get(f"/desk/cases/{case.id}").text
    assert "&lt;script&gt;alert(1)" in of_case
    assert "whose sender staff vouch for" in of_case
    again = browser.post(f"/desk/mails/{mail_id}/aside", data={"csrf_token": token})
    assert again.status_code == 409
    assert "handled already" in again.text

"""The mails that a program put into a folder, for people to read and to answer."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.sandbox.answering import AnswerNotTaken, Postman, answer_to
from refunddesk.sandbox.store import SandboxStore

#: How many mails the page lists, the newest.
_SHOWN = 100
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True)
class Mail:
    """One file of the folder; `name` is the file's."""

    name: str
    message: EmailMessage

    @property
    def at(self) -> str:
        return f"{parsedate_to_datetime(str(self.message['Date'])):%Y-%m-%d %H:%M:%S}"

    def part(self, subtype: str) -> str:
        body = self.message.get_body((subtype,))
        return str(body.get_content()) if body else ""


def install(app: Flask, store: SandboxStore, folder: Path | None, postman: Postman | None) -> None:
    """The pages below /sandbox/mails; without a folder they are empty.

    Without a postman nobody can answer.
    """
    _install_answering(app, store, folder, postman)

    @app.get("/sandbox/mails")
    def show_mails() -> str:
        return render_template("mails.html", mails=_newest(folder))

    @app.get("/sandbox/mails/<name>")
    def show_mail(name: str) -> str:
        return render_template(
            "mail.html",
            mail=_find(folder, name),
            may_answer=postman is not None,
            was_answered="answered" in request.args,
        )

    @app.get("/sandbox/mails/<name>/html")
    def show_mail_html(name: str) -> Response:
        page = Response(_find(folder, name).part("html"), content_type="text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = _ALONE
        page.headers["X-Content-Type-Options"] = "nosniff"
        return page


def _install_answering(
    app: Flask, store: SandboxStore, folder: Path | None, postman: Postman | None
) -> None:
    @app.post("/sandbox/mails/<name>/answer")
    def answer_mail(name: str) -> ResponseReturnValue:
        message, words = _find(folder, name).message, request.form.get("words", "")[:20_000]
        if postman is None or not words.strip():
            abort(400, "There are no words, or nobody who takes them to the desk.")
        is_proven = "forged" not in request.form
        raw = answer_to(message, words, store.now(), postman.receiver, is_proven=is_proven)
        try:
            postman.hand_in(raw)
        except AnswerNotTaken as refused:
            abort(502, str(refused))
        return redirect(url_for("show_mail", name=name, answered=1), code=303)


def _newest(folder: Path | None) -> list[Mail]:
    files = list(folder.glob("[!.]*.eml")) if folder else []
    files.sort(key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [_read(file) for file in files[:_SHOWN]]


def _find(folder: Path | None, name: str) -> Mail:
    files = list(folder.glob("[!.]*.eml")) if folder else []
    found = next((file for file in files if file.name == name), None)
    if found is None:
        abort(404)
    return _read(found)


def _read(file: Path) -> Mail:
    return Mail(file.name, message_from_bytes(file.read_bytes(), policy=policy.default))

"""The mails that a program put into a folder, for people to read: nobody else gets them."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Flask, Response, abort, render_template

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


def install(app: Flask, folder: Path | None) -> None:
    """The pages below /sandbox/mails; without a folder they are empty."""

    @app.get("/sandbox/mails")
    def show_mails() -> str:
        return render_template("mails.html", mails=_newest(folder))

    @app.get("/sandbox/mails/<name>")
    def show_mail(name: str) -> str:
        return render_template("mail.html", mail=_find(folder, name))

    @app.get("/sandbox/mails/<name>/html")
    def show_mail_html(name: str) -> Response:
        page = Response(_find(folder, name).part("html"), content_type="text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = _ALONE
        page.headers["X-Content-Type-Options"] = "nosniff"
        return page


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

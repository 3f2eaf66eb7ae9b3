"""In by a link, out again, and a new link for whoever has lost theirs."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug import Response

from refunddesk.policy.wording.catalogue import LANGUAGES
from refunddesk.services import customer_links
from refunddesk.web.auth import VISIT_COOKIE, By, guard, visit_token
from refunddesk.web.current import desk
from refunddesk.web.forms import renew_forms
from refunddesk.web.portal.blueprint import portal

#: A token of 256 bits is not guessed; this keeps whoever tries from costing anything.
_ENTERING = "60/5minutes"
_ASKING = "10/hour"


class AskForLink(Schema):
    """What the page for a new link posts."""

    class Meta:
        unknown = EXCLUDE

    # PostgreSQL takes no text with a NUL in it.
    number = fields.String(
        required=True, validate=[validate.Length(1, 60), validate.ContainsNoneOf("\0")]
    )
    email = fields.String(
        required=True, validate=[validate.Length(3, 254), validate.ContainsNoneOf("\0")]
    )


@portal.get("/enter/<string(minlength=20,maxlength=100):token>")
@guard(By.NOBODY)
def see_link(token: str) -> ResponseReturnValue:
    """Only a button: programs that look through mails follow links, and must not use them up."""
    return render_template("portal/enter.html")


@portal.post("/enter/<string(minlength=20,maxlength=100):token>")
@guard(By.NOBODY)
def enter(token: str) -> ResponseReturnValue:
    desk().throttle.attempt(_ENTERING, "enter from", request.remote_addr or "")
    visit = customer_links.enter(desk().edges, token)
    renew_forms()
    page = request.args.get("to")
    to = page if page in customer_links.PAGES_BEHIND_LINKS else "home"
    response = redirect(url_for(f".{to}"), code=303)
    _keep_visit(response, visit)
    return response


@portal.get("/link")
@guard(By.NOBODY)
def new_link() -> ResponseReturnValue:
    return render_template("portal/link.html", told=False)


@portal.post("/link")
@guard(By.NOBODY)
def ask_for_link() -> ResponseReturnValue:
    """The same answer whether there is such an order or not."""
    desk().throttle.attempt(_ASKING, "ask for a link from", request.remote_addr or "")
    try:
        form = AskForLink().load(request.form)
    except ValidationError:
        return render_template("portal/link.html", told=False, is_wrong=True), 422
    customer_links.ask_for_link(desk().edges, form["number"], form["email"])
    return render_template("portal/link.html", told=True)


@portal.post("/language")
@guard(By.VISIT)
def speak() -> ResponseReturnValue:
    wanted = request.form.get("language")
    for known in LANGUAGES:
        if wanted == known:
            customer_links.speak(desk().edges, visit_token() or "", known)
    return redirect(url_for(".home"), code=303)


@portal.post("/leave")
@guard(By.VISIT)
def leave() -> ResponseReturnValue:
    customer_links.leave(desk().edges, visit_token() or "")
    g.pop("refunddesk_visit", None)
    renew_forms()
    response = redirect(url_for(".new_link"), code=303)
    _keep_visit(response, None)
    return response


def _keep_visit(response: Response, token: str | None) -> None:
    """Give the browser its visit, or take it back."""
    settings = desk().settings
    path = f"{settings.url_prefix}/my"
    is_secure = settings.public_url.startswith("https:")
    if token is None:
        response.delete_cookie(VISIT_COOKIE, path=path, secure=is_secure, httponly=True)
        return
    response.set_cookie(
        VISIT_COOKIE,
        token,
        max_age=customer_links.VISIT_TIME,
        path=path,
        secure=is_secure,
        httponly=True,
        samesite="Lax",
    )

"""The pages staff read. Nothing on them changes anything but signing out."""

from __future__ import annotations

from pathlib import Path

from flask import render_template, request
from flask.typing import ResponseReturnValue

from refunddesk import embedded_queue
from refunddesk.db.search import MOST_FOUND
from refunddesk.services import desk as shown
from refunddesk.services import health, searching
from refunddesk.web import looks
from refunddesk.web.auth import EVERY_ROLE, By, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages

#: What the databases can hold as a number; a longer one is no page of ours.
_ID = "int(max=9223372036854775807)"
_OWN_STYLE = Path(__file__).parent / "static" / "desk.css"


@desk_pages.get("/")
@guard(By.SESSION, *EVERY_ROLE)
def status() -> ResponseReturnValue:
    mounted = desk()
    parts = health.check(mounted.edges, lambda: embedded_queue.answers(mounted.settings.redis_url))
    return render_template("desk/status.html", status=health.look(mounted.edges), parts=parts)


@desk_pages.get(f"/refunds/<{_ID}:refund_id>")
@guard(By.SESSION, *EVERY_ROLE)
def refund(refund_id: int) -> ResponseReturnValue:
    edges = desk().edges
    page = shown.show_refund(edges, refund_id)
    return render_template("desk/refund.html", page=page, now=edges.clock())


@desk_pages.get("/search")
@guard(By.SESSION, *EVERY_ROLE)
def search() -> ResponseReturnValue:
    # PostgreSQL takes no text with a NUL in it; longer than an address is nothing we look for.
    words = request.args.get("q", "").replace("\0", "").strip()[:254]
    found = searching.search_orders(desk().edges, words) if words else None
    return render_template("desk/search.html", words=words, found=found, most=MOST_FOUND)


@desk_pages.get("/desk.css")
@guard(By.NOBODY)
def stylesheet() -> ResponseReturnValue:
    return looks.stylesheet(_OWN_STYLE)


@desk_pages.get("/icon.svg")
@guard(By.NOBODY)
def icon() -> ResponseReturnValue:
    return looks.icon()

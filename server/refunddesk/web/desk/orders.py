"""The page of one order: what was bought, what it would get, and all that hangs on it."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from refunddesk.services.order_pages import show_staff_order
from refunddesk.web.auth import EVERY_ROLE, By, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages

_ID = "int(max=9223372036854775807)"


@desk_pages.get(f"/orders/<{_ID}:order_id>")
@guard(By.SESSION, *EVERY_ROLE)
def order(order_id: int) -> ResponseReturnValue:
    edges = desk().edges
    page = show_staff_order(edges, order_id)
    return render_template("desk/order.html", page=page, now=edges.clock())

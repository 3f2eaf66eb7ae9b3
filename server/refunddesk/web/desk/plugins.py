"""The pages of the compatibility checks: plugins and releases, one check, the upload."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from refunddesk.db.staff import Role
from refunddesk.services import check_pages, checks, plugins
from refunddesk.services.plugins import PluginZipRefused
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.forms import MOST_FORM_BYTES

_ID = "int(max=9223372036854775807)"
_WORKERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT)


@desk_pages.get("/plugins")
@guard(By.SESSION, *EVERY_ROLE)
def plugin_matrix() -> ResponseReturnValue:
    edges = desk().edges
    matrix = check_pages.show_matrix(edges)
    return render_template(
        "desk/plugins.html",
        matrix=matrix,
        now=edges.clock(),
        may_upload=current_caller().role in _WORKERS,
        most_bytes=MOST_FORM_BYTES,
    )


@desk_pages.post("/plugins")
@guard(By.SESSION, *_WORKERS)
def upload_plugin() -> ResponseReturnValue:
    given = request.files.get("zip")
    if given is None or not given.filename:
        raise PluginZipRefused("No file was chosen. Nothing was kept.")
    products = request.form.get("products", "").replace("\0", "").split()
    _take_in(given, given.filename, products)
    return redirect(url_for(".plugin_matrix"), code=303)


@desk_pages.get(f"/checks/<{_ID}:check_id>")
@guard(By.SESSION, *EVERY_ROLE)
def check(check_id: int) -> ResponseReturnValue:
    edges = desk().edges
    page = check_pages.show_check(edges, check_id)
    may_ask = current_caller().role in _WORKERS
    return render_template("desk/check.html", page=page, now=edges.clock(), may_ask=may_ask)


@desk_pages.post(f"/checks/<{_ID}:check_id>/again")
@guard(By.SESSION, *_WORKERS)
def check_again(check_id: int) -> ResponseReturnValue:
    checks.check_again(desk().edges, check_id, by=current_caller().actor)
    return redirect(url_for(".check", check_id=check_id), code=303)


def _take_in(given: FileStorage, file_name: str, products: list[str]) -> None:
    # A browser may send a whole path; on our side the name is only shown.
    name = file_name.replace("\\", "/").rpartition("/")[2].replace("\0", "")[:200]
    with tempfile.TemporaryDirectory(prefix="upload") as folder:
        place = Path(folder) / "upload.zip"
        given.save(place)
        plugins.add_plugin(
            desk().edges, place, name, by=current_caller().actor, products=products[:50]
        )

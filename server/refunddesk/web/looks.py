"""How pages look: stylesheets, each the palette that all share and what is its own; the icon."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from flask import Response, request

_HERE = Path(__file__).parent
_PALETTE = _HERE / "palette.css"
_ICON = _HERE / "icon.svg"
#: How long a browser shows a page as it looked before, in seconds.
_FRESH = 3600


def stylesheet(own: Path) -> Response:
    """The palette and `own` as one file, so that a page waits for one answer and not for two."""
    return _kept(_joined(_PALETTE, own), "text/css")


def icon() -> Response:
    """What a browser shows beside a page's title; without one it asks the host for /favicon.ico."""
    return _kept(_joined(_ICON), "image/svg+xml")


def _kept(text: str, mimetype: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.set_etag(sha256(text.encode()).hexdigest()[:16])
    response.cache_control.public = True
    response.cache_control.max_age = _FRESH
    return cast(Response, response.make_conditional(request))


@cache
def _joined(*files: Path) -> str:
    return "\n".join(file.read_text("utf-8") for file in files)

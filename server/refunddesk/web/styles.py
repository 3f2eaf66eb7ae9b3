"""The stylesheets of the pages: each is the palette that all share, then what is its own."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from flask import Response, request

_PALETTE = Path(__file__).parent / "palette.css"
#: How long a browser shows a page in the colours it has, in seconds.
_FRESH = 3600


def stylesheet(own: Path) -> Response:
    """The palette and `own` as one file, so that a page waits for one answer and not for two."""
    text, tag = _joined(own)
    response = Response(text, mimetype="text/css")
    response.set_etag(tag)
    response.cache_control.public = True
    response.cache_control.max_age = _FRESH
    return cast(Response, response.make_conditional(request))


@cache
def _joined(own: Path) -> tuple[str, str]:
    text = f"{_PALETTE.read_text('utf-8')}\n{own.read_text('utf-8')}"
    return text, sha256(text.encode()).hexdigest()[:16]

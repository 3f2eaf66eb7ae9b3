"""Files that people sent in are handed out to be saved, never to be opened as a page."""

from __future__ import annotations

import io

from flask import Response, send_file

from refunddesk.services.attachments import Served


def saved_file(served: Served) -> Response:
    """The file as something to be saved: no browser opens it as a page or guesses what it is."""
    response = send_file(
        io.BytesIO(served.data),
        mimetype=served.attachment.media_type,
        as_attachment=True,
        download_name=served.attachment.name,
        conditional=False,
        etag=False,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response

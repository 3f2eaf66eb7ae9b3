"""The desk of the staff: sign-in, the status page, and a page per refund and per request."""

from __future__ import annotations

from refunddesk.web.desk import pages as pages
from refunddesk.web.desk import signing_in as signing_in
from refunddesk.web.desk.blueprint import desk_pages as desk_pages

"""A customer's browser on the page of their order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from refunddesk.db import licenses
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.services import customer_links
from refunddesk.services.edges import Edges


@dataclass(slots=True)
class Customer:
    """A browser with no script, that fills in the forms it is shown."""

    client: FlaskClient
    edges: Edges
    order: Order

    def enter(self, purpose: Purpose = Purpose.REFUND, language: str = "en") -> TestResponse:
        """Come by a new link, and have the pages in `language` (a German buyer's are German)."""
        token = customer_links.make_link(self.edges, self.order.id, purpose, by="staff:1")
        entered = self.follow(token)
        self.post("/my/language", language=language)
        return entered

    def follow(self, token: str) -> TestResponse:
        return self.post(f"/my/enter/{token}", seen=f"/my/enter/{token}")

    def see(self) -> str:
        answer = self.client.get("/my/")
        assert answer.status_code == 200, answer.text
        return answer.text

    def form(self, path: str = "/my/") -> dict[str, str]:
        """The hidden fields of a page's forms."""
        found = re.findall(r'name="(csrf_token|request_key)" value="([^"]+)"', self.page(path))
        return dict(found)

    def page(self, path: str) -> str:
        return self.client.get(path).text

    def post(self, path: str, seen: str = "/my/", **fields: str) -> TestResponse:
        return self.client.post(path, data={**self.form(seen), **fields})

    def sites(self) -> dict[str, int]:
        with self.edges.database.read() as transaction:
            held = licenses.list_licenses(transaction, self.order.id, None)
            in_use = licenses.list_active(transaction, [one.id for one in held])
        return {one.site: one.id for one in in_use}

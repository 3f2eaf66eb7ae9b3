"""A delivery address for the tests of what stores may send."""

from __future__ import annotations

import pytest

from refunddesk.extension import create_app
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.building import add_store
from tests.web.receiving import Receiver


@pytest.fixture
def receiver(settings: Settings, edges: Edges) -> Receiver:
    store_id = add_store(edges)
    endpoint = stores.add_endpoint(edges, store_id, "order.updated")
    return Receiver(create_app(settings, edges=edges), edges, store_id, endpoint)

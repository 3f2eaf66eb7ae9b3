"""Takes in what a store's bridge reports: proven, kept once, and durable before it is taken."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import inbox as rows
from refunddesk.db import stores
from refunddesk.journal.writer import JournalWriter
from refunddesk.services import inbox
from refunddesk.services.bridge_calls import (
    BridgeAnswer,
    BridgeCall,
    check_address,
    get_connection,
    keys_of,
    prove,
    read_said,
)
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import KnownEndpoints, OpenEndpoint
from refunddesk.woocommerce.events import read_event


def receive_event(
    edges: Edges,
    writer: JournalWriter,
    known: KnownEndpoints,
    endpoint_id: str,
    call: BridgeCall,
) -> BridgeAnswer:
    """Acknowledge the event by returning; its object will be looked at.

    One that comes again under its id is acknowledged once more and nothing else. While the
    database does not answer it is kept, as other deliveries are. Raises a Refusal for an event
    that is not acknowledged: the bridge sends it again.
    """
    endpoint = get_connection(known, endpoint_id)
    prove(call, keys_of(endpoint), edges.clock())
    said = read_said(call)
    try:
        with edges.database.read() as transaction:
            check_address(stores.get_store(transaction, endpoint.store_id), said)
            is_known = rows.has_event(transaction, endpoint.id, call.call_id)
    except SQLAlchemyError:
        is_known = False
    if not is_known:
        _keep(edges, writer, endpoint, call)
    return BridgeAnswer(keys_of(endpoint)[0], {})


def _keep(edges: Edges, writer: JournalWriter, endpoint: OpenEndpoint, call: BridgeCall) -> None:
    reading = read_event(call.body)
    delivery = inbox.as_kept(endpoint, call.body, call.call_id, reading, edges.clock())
    inbox.keep(edges, writer, delivery)

"""A customer's access to their site, asked for and handed over, as the tests of it begin."""

from __future__ import annotations

from refunddesk.access import Access
from refunddesk.db.cases import Case
from refunddesk.db.credentials import Credential, find_credential
from refunddesk.services import credentials
from refunddesk.services.edges import Edges
from tests.asking import STAFF

ACCESS = Access("sftp.ada.example", "sftp", "ada-support", "correct horse", "Port 2222")


def asked(edges: Edges, case: Case) -> Credential:
    return credentials.ask_access(edges, case.id, "SFTP, to read the log.", by=STAFF)


def given(edges: Edges, case: Case, access: Access = ACCESS) -> Credential:
    """Asked for, and given by the customer."""
    credential = asked(edges, case)
    credentials.give_access(edges, case.order_id, credential.id, access)
    return now_of(edges, credential)


def now_of(edges: Edges, credential: Credential) -> Credential:
    with edges.database.read() as transaction:
        found = find_credential(transaction, credential.id)
    assert found
    return found

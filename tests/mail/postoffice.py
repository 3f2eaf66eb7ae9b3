"""A small IMAP server: one mailbox with one folder, which speaks as much as a reader needs.

It keeps what it was asked, answers with `trouble` where that is set, and can renumber its mails.
"""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from refunddesk.mail.mailbox import MailboxAccess


@dataclass(slots=True)
class Postoffice:
    """The folder's mails by number. `lies_of_size` is told instead of each mail's own size."""

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    next_uid: int = 1
    #: When the mails that are put in now arrive, and when each of those there did.
    arrived_at: datetime = datetime(2026, 3, 2, 9, 31, tzinfo=UTC)
    arrived: dict[bytes, datetime] = field(default_factory=dict)
    lies_of_size: int | None = None
    asked: list[str] = field(default_factory=list)
    #: Commands answered with NO, and one at which the connection is cut.
    refuses: tuple[str, ...] = ()
    cuts_at: str = ""
    port: int = 0
    ca_file: Path | None = None

    def put(self, *raws: bytes) -> None:
        for raw in raws:
            self.mails[self.next_uid] = raw
            self.arrived.setdefault(raw, self.arrived_at)
            self.next_uid += 1

    def renumber(self) -> None:
        """As after a restored backup: every mail gets another number."""
        self.validity += 1
        kept = list(self.mails.values())
        self.mails, self.next_uid = {}, 1
        self.put(*kept)

    def access(self, password: str = "secret", folder: str = "INBOX") -> MailboxAccess:
        return MailboxAccess("127.0.0.1", self.port, "tls", "desk", password, folder, self.ca_file)

    def counted(self, command: str) -> int:
        return sum(command in line for line in self.asked)


class _Talk(socketserver.StreamRequestHandler):
    office: Postoffice

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        with suppress(ConnectionError, ssl.SSLError):
            while line := self.rfile.readline():
                if not self._answer(line.decode("ascii", "replace").strip()):
                    return

    def _answer(self, line: str) -> bool:
        tag, _, asked = line.partition(" ")
        self.office.asked.append(asked)
        command = asked.upper()
        if self.office.cuts_at and self.office.cuts_at in command:
            return False
        if any(command.startswith(one) for one in self.office.refuses):
            self._say(f"{tag} NO not now")
        elif command.startswith("LOGIN"):
            self._say(f"{tag} OK in" if asked.endswith('desk "secret"') else f"{tag} NO who?")
        elif command.startswith("CAPABILITY"):
            self._say("* CAPABILITY IMAP4rev1", f"{tag} OK done")
        elif command.startswith("EXAMINE"):
            self._open(tag, asked)
        elif command.startswith("UID SEARCH"):
            self._search(tag, asked)
        elif command.startswith("UID FETCH"):
            self._fetch(tag, asked)
        else:
            self._say(f"{tag} OK done")
        return not command.startswith("LOGOUT")

    def _open(self, tag: str, asked: str) -> None:
        if '"INBOX"' not in asked:
            self._say(f"{tag} NO no such folder")
            return
        office = self.office
        self._say(
            f"* {len(office.mails)} EXISTS",
            f"* OK [UIDVALIDITY {office.validity}] as is",
            f"* OK [UIDNEXT {office.next_uid}] next",
            f"{tag} OK [READ-ONLY]",
        )

    def _search(self, tag: str, asked: str) -> None:
        found = re.search(r"UID (\d+):\* SINCE (\d\d-[A-Z][a-z][a-z]-\d{4})$", asked)
        assert found, asked
        last = max(self.office.mails, default=0)
        # As RFC 3501 has it: "9:*" names the last mail too, where that is below 9.
        since = datetime.strptime(found[2], "%d-%b-%Y").replace(tzinfo=UTC)
        numbers = [
            uid
            for uid, raw in self.office.mails.items()
            if (uid >= int(found[1]) or uid == last) and self.office.arrived[raw] >= since
        ]
        self._say(f"* SEARCH {' '.join(map(str, sorted(numbers)))}".strip(), f"{tag} OK done")

    def _fetch(self, tag: str, asked: str) -> None:
        found = re.match(r"UID FETCH (\d+) \(UID (.*)\)$", asked)
        assert found, asked
        uid = int(found[1])
        raw = self.office.mails.get(uid)
        if raw is None:
            self._say(f"{tag} OK done")
        elif "SIZE" in asked:
            size = self.office.lies_of_size or len(raw)
            on = self.office.arrived[raw].strftime("%d-%b-%Y %H:%M:%S +0000")
            inner = f'UID {uid} RFC822.SIZE {size} INTERNALDATE "{on}"'
            self._say("* 3 EXISTS", f"* 1 FETCH ({inner})", f"{tag} OK done")
        else:
            part = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", asked)
            assert part, asked
            sent = raw[: int(part[1])]
            self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(sent)}}}\r\n".encode())
            self.wfile.write(sent + b")\r\n")
            self._say(f"{tag} OK done")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext

    def finish_request(self, request: object, client_address: object) -> None:
        with suppress(ssl.SSLError, ConnectionError):
            secured = self.context.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
            with secured:
                super().finish_request(secured, client_address)  # type: ignore[arg-type]


@contextmanager
def open_postoffice(certificate: Path, key: Path, ca_file: Path) -> Iterator[Postoffice]:
    office = Postoffice(ca_file=ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    talk = type("Talk", (_Talk,), {"office": office})
    with _Server(("127.0.0.1", 0), talk) as server:
        server.context = context
        office.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield office
        finally:
            server.shutdown()
            thread.join()

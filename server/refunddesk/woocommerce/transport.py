"""One HTTP exchange with a store: to a checked address, without redirects, and never too much.

The `woocommerce` package signs and spells the requests; this module replaces the function it
sends them with, because that one follows redirects (a POST then arrives as a GET and reads like
success), waits 5 s whatever is asked, opens a connection per call and reads without limit.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
import woocommerce.api
from requests.adapters import DEFAULT_POOLBLOCK, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

MOST_BYTES = 5 * 1024 * 1024
#: What is said where a name leads only into our own network.
PRIVATE_ADDRESS = "its address is inside a private network"
_NOT_RESOLVED = "its name could not be resolved"
_REFUSED = "it refused the connection"
_NO_CONNECTION = "connecting took too long"
#: What is said where a name leads nowhere, or nobody takes the connection.
NOBODY_THERE = frozenset({_NOT_RESOLVED, _REFUSED, _NO_CONNECTION})
_CHUNK = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds to wait for a connection, and for the whole answer after that."""

    connect: float = 5.0
    read: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; `body` is complete and at most MOST_BYTES long.

    `attempt` is how far the refund asked for came, where the store's bridge says so.
    """

    status: int
    body: bytes = field(repr=False)
    location: str | None = field(default=None, repr=False)
    date: str | None = None
    attempt: str | None = None


class NoAnswer(Exception):
    """No complete answer came. `not_sent` is True only when no byte of the request left.

    The text names the kind of trouble alone: addresses may carry signatures and keys.
    """

    def __init__(self, trouble: str, *, not_sent: bool, too_slow: bool = False) -> None:
        super().__init__(trouble)
        self.not_sent = not_sent
        self.too_slow = too_slow


class AnswerTooLong(Exception):
    """The answer was longer than MOST_BYTES; the rest was not read."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the answer is longer than {MOST_BYTES} bytes")
        self.status = status


class _AddressRefused(Exception):
    """The store's name leads only to addresses inside our own network."""


@dataclass(slots=True)
class _Sending:
    """Whether a byte of the current request was handed to the network."""

    begun: bool = False


_current: ContextVar[_Sending | None] = ContextVar("refunddesk_sending", default=None)


def is_public(address: str) -> bool:
    """Whether an IP address lies on the internet, also when it wraps an IPv4 address."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    # Python counts the old site-local range (fec0::/10) and all of ::/8 among the global ones.
    is_site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or is_site_local)


class _Checked(HTTPConnection):
    """A connection that only goes where it was allowed to, and remembers when sending began."""

    allow_private = False

    def _new_conn(self) -> socket.socket:
        # Resolved once, and connected to the very address that was checked: a name that answers
        # differently the second time gains nothing. TLS still verifies the name.
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, reason) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [one for one in addresses if self.allow_private or is_public(one)]
        if not allowed:
            raise _AddressRefused
        return self._connect_to_first(allowed)

    def _connect_to_first(self, addresses: Iterable[str]) -> socket.socket:
        failure: Exception = NewConnectionError(self, "no address")
        for address in addresses:
            try:
                return create_connection(
                    (address, self.port), self.timeout, socket_options=self.socket_options
                )
            except TimeoutError:
                failure = ConnectTimeoutError(self, "connecting took too long")
            except OSError as error:
                failure = NewConnectionError(self, str(error))
        raise failure

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()  # what fails in here fails before the first byte
        sending = _current.get()
        if sending is not None:
            sending.begun = True
        super().send(data)


class _CheckedTls(_Checked, HTTPSConnection):
    """The same over TLS; the handshake belongs to connecting, not to sending."""


class _PrivateToo(_Checked):
    allow_private = True


class _PrivateTooTls(_CheckedTls):
    allow_private = True


class _CheckedAdapter(HTTPAdapter):
    """Lets requests use the checked connections; retries nothing by itself."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        super().__init__(pool_connections=1, pool_maxsize=4, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **kwargs: Any
    ) -> None:
        plain = _PrivateToo if self._allow_private else _Checked
        tls = _PrivateTooTls if self._allow_private else _CheckedTls
        manager = urllib3.PoolManager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)
        manager.pool_classes_by_scheme = {
            "http": type("_Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }
        self.poolmanager = manager


def open_session(*, allow_private: bool) -> requests.Session:
    """A session that keeps connections alive and nothing else: no cookies, no environment.

    Without `trust_env` neither proxies, nor ~/.netrc, nor a foreign certificate bundle set for
    the machine can redirect the store's keys.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter(allow_private=allow_private))
    return session


class Monotonic(Protocol):
    def __call__(self) -> float: ...


def send(
    method: str,
    url: str,
    *,
    session: requests.Session,
    waits: Waits,
    monotonic: Monotonic,
    verify: bool | str,
    headers: Mapping[str, str],
    auth: Any = None,
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
    key: str | None = None,
    timeout: object = None,
) -> Answer:
    """Send one request and read the whole answer; raises NoAnswer or AnswerTooLong.

    Takes the place of `requests.request` inside the `woocommerce` package, which passes the
    arguments of its caller on. Its own `timeout` counts for nothing: `waits` are per call.
    """
    if "oauth_signature=" in url:
        params = None  # already in the signed address; sent twice, the signature fails
    all_headers = dict(headers) | ({"Idempotency-Key": key} if key else {})
    sending = _Sending()
    token = _current.set(sending)
    try:
        response = session.request(
            method,
            url,
            params=params,
            data=data,
            headers=all_headers,
            auth=auth,
            timeout=(waits.connect, waits.read),
            allow_redirects=False,
            stream=True,
            verify=verify,
        )
        with response:
            body = _read_all(response, monotonic() + waits.read, monotonic)
            heads = response.headers
            return Answer(
                response.status_code,
                body,
                heads.get("Location"),
                heads.get("Date"),
                heads.get("X-Refund-Desk-Attempt"),
            )
    except (AnswerTooLong, NoAnswer):
        raise
    except _AddressRefused:
        raise NoAnswer(PRIVATE_ADDRESS, not_sent=True) from None
    # Anything a store or a network can provoke below HTTP; what it was matters less than
    # whether the request had left.
    except Exception as error:
        raise NoAnswer(
            _trouble(error),
            not_sent=not sending.begun,
            too_slow=sending.begun and _is_timeout(error),
        ) from None
    finally:
        _current.reset(token)


def _read_all(response: requests.Response, deadline: float, monotonic: Monotonic) -> bytes:
    parts: list[bytes] = []
    length = 0
    # read1() hands over what is there: a store that drips cannot stretch one read for ever.
    while part := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        length += len(part)
        if length > MOST_BYTES:
            raise AnswerTooLong(response.status_code)
        if monotonic() > deadline:
            raise NoAnswer("the answer took too long", not_sent=False, too_slow=True)
    return b"".join(parts)


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)


def _trouble(error: BaseException) -> str:
    """The kind of an error in words, without its text: that may quote the address."""
    causes: list[BaseException] = [error]
    while len(causes) < 8:
        inner = causes[-1]
        reason = getattr(inner, "reason", None) or next(
            (one for one in inner.args if isinstance(one, BaseException)), None
        )
        following = reason if isinstance(reason, BaseException) else inner.__cause__
        if following is None:
            break
        causes.append(following)
    for kind, words in _TROUBLES:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return f"the connection failed ({type(causes[-1]).__name__})"


_TROUBLES: tuple[tuple[type[BaseException], str], ...] = (
    (NameResolutionError, _NOT_RESOLVED),
    (NewConnectionError, _REFUSED),  # before the kind it derives from
    (ConnectTimeoutError, _NO_CONNECTION),
    (requests.exceptions.SSLError, "its TLS certificate or handshake was not acceptable"),
    (requests.Timeout, "the answer took too long"),
    (urllib3.exceptions.TimeoutError, "the answer took too long"),
    (ConnectionResetError, "the connection was reset"),
)


def host_of(url: str) -> str:
    """The host name in `url` for messages; never its user, path or query."""
    return urlsplit(url).hostname or ""


def encode_exactly(value: object, ensure_ascii: bool = False) -> str:
    """JSON in which a Decimal is a number of just its own digits: 19.90, not 19.899999."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        pairs = (f"{json.dumps(str(key))}:{encode_exactly(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(encode_exactly(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=ensure_ascii, allow_nan=False)


def _mend(package: Any, sender: Callable[..., Answer]) -> None:
    package.request = sender
    package.jsonencode = encode_exactly


_mend(woocommerce.api, send)

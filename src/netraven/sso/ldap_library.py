"""The one file that names ldap3: connections to a directory, encrypted before anything is said.

ldap3 is the only LDAP client for Python with a wheel that needs no headers of the system; it has
rested since 2021. What must be right beyond doubt is therefore not left to it: certificates and
host names are checked by `ssl`, referrals are not followed, and a deadline cuts the line.
"""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from typing_extensions import override

from netraven.errors import SignOnUnavailable
from netraven.sso.reach import resolved, why_guarded

with warnings.catch_warnings():
    # It takes names from pyasn1 that are called otherwise today.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.conv import escape_filter_chars
    from ldap3.utils.dn import escape_rdn

__all__ = ["Entry", "Line", "broken", "escape_filter_chars", "escape_rdn", "opened_line"]

Attributes: TypeAlias = Mapping[str, tuple[str, ...]]

_CONNECT_S: Final = 5
_ANSWER_S: Final = 10
_DEADLINE_S: Final = 15.0
_SUCCESS: Final = 0
_SIZE_LIMIT_EXCEEDED: Final = 4
_INVALID_CREDENTIALS: Final = 49
_LDAPS_PORT: Final = 636
_LDAP_PORT: Final = 389


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that was found: its distinguished name, and its attributes in small letters."""

    dn: str
    attributes: Attributes


class Line:
    """An open connection; whatever goes wrong on it is SignOnUnavailable."""

    def __init__(self, connection: ldap3.Connection, url: str) -> None:
        self.url = url
        self._connection = connection

    def bind(self, dn: str, password: str) -> bool:
        """Tell whether the directory takes the password for this entry.

        An empty password is refused here: to a directory it means to be nobody (RFC 4513, 5.1.2).
        """
        if not dn or not password or "\x00" in password:
            return False
        with self.told():
            self._connection.rebind(
                user=dn, password=password.encode(), authentication=ldap3.SIMPLE
            )
        code = self._code()
        if code not in {_SUCCESS, _INVALID_CREDENTIALS}:
            raise self._refused("refuses to check a password")
        return code == _SUCCESS

    def bind_anonymously(self) -> None:
        """Be nobody."""
        with self.told():
            self._connection.rebind(authentication=ldap3.ANONYMOUS)
        if self._code() != _SUCCESS:
            raise self._refused("lets nobody in anonymously; set sso.ldap.bind_dn")

    def search(
        self, base: str, condition: str, attributes: Iterable[str], *, most: int
    ) -> list[Entry]:
        """Return the entries below the base that meet the condition, at most so many and one."""
        with self.told():
            self._connection.search(
                base,
                condition,
                search_scope=ldap3.SUBTREE,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=sorted(set(attributes)) or [ldap3.NO_ATTRIBUTES],
                size_limit=most + 1,
                time_limit=_ANSWER_S,
            )
        if self._code() not in {_SUCCESS, _SIZE_LIMIT_EXCEEDED}:
            raise self._refused(f"refuses to search below {base!r}")
        found: list[dict[str, Any]] = self._connection.response or []
        return [_entry(each) for each in found if each.get("type") == "searchResEntry"]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Translate what can go wrong on the line."""
        try:
            yield
        except (LDAPException, OSError) as error:
            raise broken(self.url, f"fails: {str(error) or type(error).__name__}") from None

    def _code(self) -> int:
        return int(self._result().get("result", -1))

    def _refused(self, what: str) -> SignOnUnavailable:
        return broken(self.url, f"{what} ({self._result().get('description', 'no reason told')})")

    def _result(self) -> dict[str, Any]:
        return self._connection.result or {}


@contextmanager
def opened_line(
    url: str,
    context: ssl.SSLContext,
    *,
    allows_cleartext: bool = False,
    allows_link_local: bool = False,
) -> Iterator[Line]:
    """Yield a line to the server, encrypted unless that is waived; closed after, or when overdue.

    `ldaps://` is encrypted from its first byte, `ldap://` by StartTLS. Raises SignOnUnavailable.
    """
    addresses = _addresses(url, allows_link_local=allows_link_local)
    connection = _connected(url, context, addresses, allows_cleartext=allows_cleartext)
    overdue = threading.Timer(_DEADLINE_S, _cut, [connection])
    overdue.daemon = True
    overdue.start()
    try:
        yield Line(connection, url)
    finally:
        overdue.cancel()
        _close(connection)


def broken(url: str, why: str) -> SignOnUnavailable:
    """Return the error that says which directory cannot be used, and why."""
    return SignOnUnavailable(f"the directory {url} cannot be used: it {why}")


def _connected(
    url: str, context: ssl.SSLContext, addresses: Iterable[str], *, allows_cleartext: bool
) -> ldap3.Connection:
    """Return a connection to the first of the host's addresses that lets itself be connected to."""
    host, port, is_ldaps = _place(url)
    why = "has no address"
    for address in addresses:
        # By address: where a name has several, ldap3 forgets to close those that failed.
        tls = _CheckedTls(context, host)
        server = ldap3.Server(
            address,
            port=port,
            use_ssl=is_ldaps,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=_CONNECT_S,
        )
        connection = ldap3.Connection(
            server,
            authentication=ldap3.ANONYMOUS,
            auto_referrals=False,
            check_names=False,
            receive_timeout=_ANSWER_S,
            read_only=True,
        )
        try:
            connection.open(read_server_info=False)
            if not is_ldaps and not allows_cleartext:
                connection.start_tls(read_server_info=False)
        except (LDAPException, OSError) as error:
            _close(connection)
            why = f"cannot be connected to: {tls.fault or error}"
        else:
            return connection
    raise broken(url, why)


def _place(url: str) -> tuple[str, int, bool]:
    """Return host and port, and whether the line is encrypted from its first byte."""
    parts = urlsplit(url)
    is_ldaps = parts.scheme == "ldaps"
    return parts.hostname or "", parts.port or (_LDAPS_PORT if is_ldaps else _LDAP_PORT), is_ldaps


def _addresses(url: str, *, allows_link_local: bool) -> list[str]:
    """Return the addresses that are connected to, which are those that were looked at."""
    host, port, _ = _place(url)
    try:
        found = resolved(host, port)
    except (OSError, UnicodeError) as error:
        raise broken(url, f"cannot be found: {error}") from None
    if not allows_link_local and (why := why_guarded(host, found)):
        raise broken(url, f"is not called: {why}")
    return found


class _CheckedTls(ldap3.Tls):
    """Has `ssl` check the certificate and the host's name, instead of ldap3's copy of old code."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.fault: OSError | None = None
        self._context = context
        self._host = host

    @override
    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        plain: socket.socket = connection.socket
        plain.settimeout(_CONNECT_S)
        try:
            connection.socket = self._context.wrap_socket(plain, server_hostname=self._host)
        except OSError as error:
            self.fault = error  # ldap3 loses its words on the way
            raise
        connection.socket.settimeout(_ANSWER_S)


def _entry(found: Mapping[str, Any]) -> Entry:
    raw: Mapping[str, Iterable[bytes]] = found.get("raw_attributes") or {}
    return Entry(
        dn=str(found.get("dn", "")),
        attributes={
            name.lower(): tuple(value.decode("utf-8", "replace") for value in values)
            for name, values in raw.items()
        },
    )


def _cut(connection: ldap3.Connection) -> None:
    """Have whoever waits on the line see its end."""
    line = connection.socket
    if line is not None:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it ended by itself


def _close(connection: ldap3.Connection) -> None:
    line = connection.socket
    try:
        connection.unbind()
    except (LDAPException, OSError):
        pass  # a line that is gone needs no farewell
    finally:
        if line is not None:
            line.close()

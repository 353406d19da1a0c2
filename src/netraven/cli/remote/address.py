"""Which server the command line works on, if any, and how it may be spoken to."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from netraven.cli.ending import at_end
from netraven.errors import Invalid
from netraven.settings import Settings

_LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address, and what its certificate is checked against: a file, or the system's."""

    url: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What was said of a server behind `netraven` itself."""

    server: str | None = None
    ca_file: Path | None = None
    is_plain_http: bool = False


_named: ContextVar[Named] = ContextVar("netraven_cli_server")
_NOTHING = Named()


def name_server(named: Named) -> None:
    """Remember for the running command what was said of a server."""
    token = _named.set(named)
    at_end(lambda: _named.reset(token))


def named_server(settings: Settings) -> str | None:
    """Return the server that `--server` or else NETRAVEN_SERVER names."""
    return _named.get(_NOTHING).server or settings.server


def read_address(settings: Settings, url: str) -> Address:
    """Return the address with what options and settings say of it; raises Invalid("server").

    Without TLS only this machine itself is spoken to, unless that was asked for.
    """
    named = _named.get(_NOTHING)
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid("server", f"{url} is no address such as https://netraven.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid("server", "the address must hold no user, password or query")
    is_plain_http = named.is_plain_http or settings.server_plain_http
    if parts.scheme == "http" and not (is_plain_http or _is_loopback(parts.hostname)):
        raise Invalid(
            "server",
            f"{url} is not encrypted, so everybody on the way would read token and "
            "configurations; use https, or say --plain-http",
        )
    ca_file = named.ca_file or settings.server_ca
    return Address(url=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", ca_file=ca_file)


def _is_loopback(host: str) -> bool:
    if host == _LOCALHOST:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""From what was said of a server to the installation there."""

from __future__ import annotations

from netraven.cli.remote.address import read_address
from netraven.cli.remote.bearers import FILE, Bearer, GivenToken, KeptLogin, read_login
from netraven.cli.remote.installation import RemoteHome
from netraven.cli.remote.server import Server
from netraven.errors import NotAuthenticated
from netraven.settings import Settings


def reach_server(settings: Settings, url: str | None) -> RemoteHome | None:
    """Return the installation at this address, else at the one where somebody is logged in.

    None where there is neither. Raises Invalid for the address, NotAuthenticated without a token
    and a login, and StorageFailed for a login that cannot be read.
    """
    path = settings.home / FILE
    login = read_login(path)
    if url is None:
        return None if login is None else RemoteHome(Server(login.address, KeptLogin(path)))
    address = read_address(settings, url)
    if settings.token is not None:
        bearer: Bearer = GivenToken(settings.token.get_secret_value())
    elif login is not None and login.url == address.url:
        bearer = KeptLogin(path)
        address = login.address if address.ca_file is None else address
    else:
        message = (
            f"nobody is logged in at {address.url}; run `netraven login {address.url}`, or set "
            "NETRAVEN_TOKEN"
        )
        raise NotAuthenticated(message)
    return RemoteHome(Server(address, bearer))

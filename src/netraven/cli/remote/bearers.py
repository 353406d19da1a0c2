"""What the command line proves itself with: a token of the environment, or a login that is kept.

A login lies in one file for its owner only. Its access token is renewed by its refresh token,
which works once; so that no two commands use one at the same time, the file is locked meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from netraven import clock
from netraven.cli.remote.address import Address
from netraven.errors import NotAuthenticated, StorageFailed

FILE = "login.json"

# Before it ends by the clock of a server that is a little ahead.
_AHEAD = timedelta(seconds=45)


class Tokens(BaseModel):
    """A client's tokens, as the server gives them."""

    access_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_in: int


class Login(BaseModel):
    """A login that is kept: at which server, whose, and its tokens."""

    model_config = ConfigDict(frozen=True)

    url: str
    ca_file: Path | None = None
    username: str
    access_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    access_until: datetime

    @classmethod
    def of(cls, address: Address, username: str, tokens: Tokens) -> Login:
        """Return a login that has just begun."""
        return cls(
            url=address.url,
            ca_file=address.ca_file,
            username=username,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            access_until=clock.now() + timedelta(seconds=tokens.expires_in),
        )

    @property
    def address(self) -> Address:
        """The server's address."""
        return Address(url=self.url, ca_file=self.ca_file)

    def renewed(self, tokens: Tokens) -> Login:
        """Return the login with other tokens."""
        return self.model_copy(
            update={
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "access_until": clock.now() + timedelta(seconds=tokens.expires_in),
            }
        )


class Exchange(Protocol):
    """Gets new tokens for a refresh token from the server."""

    def __call__(self, refresh_token: str) -> Tokens:
        """Return new tokens; raises NotAuthenticated where the login is over."""
        ...


class Bearer(Protocol):
    """Whom the command line works as."""

    def token(self, exchange: Exchange) -> str:
        """Return what to send along; raises NotAuthenticated where there is none any more."""
        ...

    def another(self, refused: str, exchange: Exchange) -> str | None:
        """Return what to send instead of what was refused; None where there is no more."""
        ...


class GivenToken(Bearer):
    """A token that the environment holds."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @override
    def token(self, exchange: Exchange) -> str:
        return self._secret

    @override
    def another(self, refused: str, exchange: Exchange) -> str | None:
        return None


class KeptLogin(Bearer):
    """A login that `netraven login` keeps."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def token(self, exchange: Exchange) -> str:
        login = _present(self._path)
        if login.access_until - _AHEAD > clock.now():
            return login.access_token
        return self._renewed(login.access_token, exchange)

    @override
    def another(self, refused: str, exchange: Exchange) -> str | None:
        return self._renewed(refused, exchange)

    def _renewed(self, used: str, exchange: Exchange) -> str:
        with locked(self._path):
            login = _present(self._path)
            if login.access_token == used:  # else another command was first
                login = login.renewed(exchange(login.refresh_token))
                write_login(self._path, login)
            return login.access_token


def read_login(path: Path) -> Login | None:
    """Return the login that is kept there, or None; raises StorageFailed for a broken file."""
    try:
        return Login.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        message = f"the login in {path} cannot be read; delete it and log in again"
        raise StorageFailed(message) from None


def write_login(path: Path, login: Login) -> None:
    """Keep the login, readable for its owner only, in the place of the one before."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".login-")  # its mode is 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(login.model_dump_json(indent=2))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other command from renewing the login meanwhile."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _present(path: Path) -> Login:
    login = read_login(path)
    if login is None:
        message = "nobody is logged in here any more; run `netraven login URL`"
        raise NotAuthenticated(message)
    return login

"""Private keys of logins, opened once and kept as long as a sweep lasts."""

from __future__ import annotations

import asyncio

import asyncssh

from netraven.collect.target import Login
from netraven.collect.walk import Step
from netraven.errors import LoginWithheld


class PrivateKeys:
    """Opens each private key once: deriving the key of a passphrase takes a tenth of a second."""

    def __init__(self) -> None:
        self._opened: dict[tuple[str, str | None], asyncio.Future[asyncssh.SSHKey]] = {}

    async def open(self, login: Login) -> asyncssh.SSHKey | None:
        """Return the login's key, None where it has none; `LoginWithheld` where it cannot be read.

        The work is done in a thread.
        """
        if login.private_key is None:
            return None
        found = (login.private_key, login.private_key_passphrase)
        opening = self._opened.get(found)
        if opening is None:
            opening = asyncio.ensure_future(asyncio.to_thread(asyncssh.import_private_key, *found))
            self._opened[found] = opening
        try:
            return await asyncio.shield(opening)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise LoginWithheld(
                f"the private key of credential {login.name} cannot be opened: {error};"
                " set it anew, with its passphrase",
                step=Step.LOGIN,
                awaited="a readable private key",
            ) from None

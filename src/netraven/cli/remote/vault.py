"""Credentials of a server; their secrets go there and never come back."""

from __future__ import annotations

from types import MappingProxyType

from pydantic import ConfigDict

from netraven.cli.remote.asking import (
    Asked,
    Table,
    changed,
    counted,
    deleted,
    found_by,
    listed,
    made,
    shown,
)
from netraven.cli.remote.server import Server
from netraven.db import name_key
from netraven.schemas.credential import CredentialRead
from netraven.vault import credentials

_PATH = "/credentials"


class _Credential(CredentialRead):
    """A credential whose links to tags also bear the name that its row gives them."""

    model_config = ConfigDict(from_attributes=True, validate_by_name=True)

    @property
    def tag_links(self) -> object:
        """The tags whose devices get it, each with its priority."""
        return self.tags


def _of_device(server: Server, asked: Asked) -> list[_Credential]:
    told = server.get(f"/devices/{asked['device_id']}/credentials")
    return server.read(list[_Credential], told)


TABLE: Table = MappingProxyType(
    {
        credentials.get_credentials: listed(_PATH, _Credential),
        credentials.count_credentials: counted(_PATH),
        credentials.get_credential: shown(_PATH, _Credential),
        credentials.get_credential_by_name: found_by(
            _PATH, _Credential, lambda row, name: name_key(row.name) == name_key(name)
        ),
        credentials.create_credential: made(_PATH, _Credential),
        credentials.update_credential: changed(_PATH, _Credential),
        credentials.delete_credential: deleted(_PATH),
        credentials.get_credentials_for_device: _of_device,
    }
)
"""How each operation is asked for."""

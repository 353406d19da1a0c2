"""One frozen Settings object, built once at a door and handed down as values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from netraven.errors import SettingsInvalid

PREFIX = "NETRAVEN_"
_TEST_PREFIX = "NETRAVEN_TEST_"


class Settings(BaseSettings):
    """What the environment decides; each field is the variable `NETRAVEN_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".netraven",
        description="Directory of the SQLite database, the key file and the lock file.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of a PostgreSQL database; SQLite in the home without it.",
    )
    keyring: SecretStr | None = Field(
        default=None,
        description="The key ring itself (`version state base64-key`, several joined by `;`); "
        "without it the file `keyring` in the home.",
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines are written to standard error."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="The least severe log line that is written."
    )

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Addresses or networks of proxies, joined by commas, whose X-Forwarded-For "
        "and X-Forwarded-Proto are believed.",
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="PEM file of the certificate that `netraven serve` shows, with its chain.",
    )
    tls_key: Path | None = Field(
        default=None, description="PEM file of the certificate's private key."
    )
    request_timeout_s: float = Field(
        default=30.0, ge=1, le=600, description="The longest that a request may take, in seconds."
    )
    max_body_mib: int = Field(
        default=16, ge=1, le=256, description="The largest body of a request, in MiB."
    )

    requests_per_minute: int = Field(
        default=1200,
        ge=10,
        le=1_000_000,
        description="How many requests one token or login may send in a minute to a server "
        "process; so many may also come at once.",
    )
    server: str | None = Field(
        default=None,
        description="Address of the NetRaven that the command line works on, instead of this "
        "machine's; `--server` names it too.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="API token for that server; without it what `netraven login` kept.",
    )
    server_ca: Path | None = Field(
        default=None,
        description="PEM file of the authorities that the server's certificate is checked "
        "against, instead of the system's.",
    )
    server_plain_http: bool = Field(
        default=False,
        description="Let the command line speak to a server without TLS that is not on this "
        "machine.",
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the environment to `load_settings`: read here, lists would have to be JSON."""
        return (init_settings,)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _parted(cls, networks: object) -> object:
        if not isinstance(networks, str):
            return networks
        return tuple(part.strip() for part in networks.split(",") if part.strip())

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def database_path(self) -> Path:
        """Return where the SQLite database lies when no database URL is set."""
        return self.home / "netraven.sqlite3"

    @property
    def keyring_path(self) -> Path:
        """Return where the key ring lies when the environment does not hold it."""
        return self.home / "keyring"

    @property
    def url(self) -> str:
        """Return the database's SQLAlchemy URL; it may hold a password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.database_path}"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; raises SettingsInvalid naming the variable."""
    present = os.environ if environment is None else environment
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in present.items()
        if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX)
    }
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        known = ", ".join(PREFIX + name.upper() for name in Settings.model_fields)
        message = f"{PREFIX}{unknown[0].upper()} is not a setting; known are {known}"
        raise SettingsInvalid(message)
    try:
        # Empty variables count as unset, as a shell's `VAR= command` means it.
        return Settings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper()
        raise SettingsInvalid(f"{PREFIX}{name}: {first['msg']}") from None


def read_variable(name: str) -> str | None:
    """Return a variable of the environment that a user named to hold a secret; None if unset."""
    return os.environ.get(name)

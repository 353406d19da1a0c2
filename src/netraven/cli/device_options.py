"""Options of the commands that add and change devices."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer

Policy = Literal["tofu", "pinned", "ignore"]
PlatformName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--platform",
        help="NetRaven's name for the platform, or Netmiko's, Oxidized's, RANCID's; without one "
        "the device is asked.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="TCP port: 22 for SSH, 23 for telnet unless given."),
]
Telnet = Annotated[
    bool | None,
    typer.Option(
        "--telnet/--ssh",
        help="Talk telnet to it: passwords and configurations pass in clear.",
    ),
]
LegacySsh = Annotated[
    bool | None,
    typer.Option(
        "--legacy-ssh/--no-legacy-ssh", help="Allow SHA-1, CBC and MD5 for this device alone."
    ),
]
HostKeyPolicy = Annotated[
    Policy | None,
    typer.Option(
        "--host-key-policy",
        help="tofu trusts the first key and refuses a change, pinned refuses any unknown key, "
        "ignore takes any.",
    ),
]
CredentialName = Annotated[
    str | None,
    typer.Option("--credential", metavar="NAME", help="Use this credential, whatever the tags."),
]
JumpName = Annotated[
    str | None, typer.Option("--jump", metavar="NAME", help="Device to pass on the way.")
]
Text = Annotated[str | None, typer.Option(metavar="TEXT")]

PORTS = {"ssh": 22, "telnet": 23}
"""The port of a protocol where none is given."""

"""`netraven platform record` and `platform test`: recorded sessions that prove platforms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.evidence import show_proof
from netraven.cli.options import AsJson, Deadline

if TYPE_CHECKING:
    from netraven.collect.recorder import RecordedSession
    from netraven.collect.recording import Recording
    from netraven.collect.target import Login, Target
    from netraven.platforms.platform import Platform
    from netraven.tasks.proving import Proving


PlatformName = Annotated[
    str, typer.Argument(metavar="PLATFORM", help="The device's platform, by any tool's name.")
]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The device's address.")]
Username = Annotated[str, typer.Option(help="Whom the device logs in.")]
PortNumber = Annotated[
    int | None, typer.Option(min=1, max=65535, help="TCP port, where it is not the usual one.")
]
OverTelnet = Annotated[
    bool, typer.Option("--telnet", help="By telnet, which sends the password in clear.")
]
LegacySsh = Annotated[
    bool, typer.Option("--legacy-ssh", help="Allow SHA-1, CBC and MD5 for this session.")
]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read the password from standard input, the enable secret from the line below.",
    ),
]
PasswordEnv = Annotated[
    str | None, typer.Option(metavar="VARIABLE", help="Read the password from a variable.")
]
AskEnable = Annotated[bool, typer.Option("--ask-enable", help="Ask for an enable secret.")]
EnableStdin = Annotated[
    bool, typer.Option("--enable-stdin", help="Read the enable secret from standard input.")
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to (PLATFORM.recording.yaml)."),
]


def record_session(
    name: PlatformName,
    address: Address,
    *,
    username: Username,
    port: PortNumber = None,
    telnet: OverTelnet = False,
    legacy_ssh: LegacySsh = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    ask_enable: AskEnable = False,
    enable_stdin: EnableStdin = False,
    file: OutputFile = None,
    deadline: Deadline = None,
    as_json: AsJson = False,
) -> None:
    """Record a session with a device as a file that proves the platform and can be shared.

    Each secret in it is replaced, the same one by the same text; names and addresses stay. The
    file is tried at once as `netraven platform test` does.
    """
    from netraven.cli.secrets import Source, read_secrets
    from netraven.collect.target import Login
    from netraven.tasks.proving import prove

    platform = _recordable(name)
    path = _free(file or Path(f"{platform.name}.recording.yaml"))
    is_asked = not password_stdin and password_env is None
    password, enable = (
        None if secret is None else secret.get_secret_value()
        for secret in read_secrets(
            Source("password", "password", is_asked, password_stdin, password_env, is_new=False),
            Source("enable secret", "enable", ask_enable, enable_stdin, is_new=False),
        )
    )
    login = Login(name=username, username=username, password=password, enable_secret=enable)
    target = _target(address, port, telnet=telnet, legacy_ssh=legacy_ssh)
    with output.waiting(f"Recording {address}", is_quiet=as_json):
        session = _record(target, login, platform, deadline)
        recording = _disguised(session, login, platform)
        _write(path, recording)
        proving = prove(recording, platform)
    if as_json:
        output.say_json({"file": path, **_told(platform, proving)})
    else:
        output.say(f"The session is in {path}; no secret of the device is in it.")
        output.note("Names and addresses are. Read it before you share it.", style="dim")
        _show(platform, proving)
    _end(proving)


def prove_platform(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recorded session.")],
    *,
    platform: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Prove this platform, not the one that the file names."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove a platform against a recorded session, and show step by step where it differs.

    Reads what `netraven platform record` wrote, and the simulations of Oxidized's tests.
    """
    from netraven.collect.recording import read_recording
    from netraven.errors import Invalid
    from netraven.tasks.proving import prove

    recording = read_recording(_read(file), str(file))
    name = platform or recording.platform
    if name is None:
        raise Invalid("platform", f"{file} names none; say which with --platform NAME")
    known = _recordable(name)
    with output.waiting(f"Proving {known.name}", is_quiet=as_json):
        proving = prove(recording, known)
    if as_json:
        output.say_json({"file": file, **_told(known, proving)})
    else:
        _show(known, proving)
    _end(proving)


_MAX_BYTES = 128 * 1024 * 1024
_USUAL_PORTS = {False: 22, True: 23}


def _recordable(name: str) -> Platform:
    from netraven.cli.home import known_platforms, read_settings
    from netraven.cli.names import platform_name
    from netraven.errors import Invalid
    from netraven.platforms.bridge import is_bridged

    platforms = known_platforms(read_settings())
    platform = platforms.get(platform_name(name, platforms))
    if platform is None:
        raise Invalid("platform", f"{name} is not known here; `netraven platform list` names all")
    if not platform.commands:
        raise Invalid("platform", f"{name} says nothing of a session; name the device's own")
    if is_bridged(platform):
        raise Invalid("platform", f"{name} is read by Netmiko, whose sessions are not recorded")
    if any(command.file for command in platform.commands):
        raise Invalid("platform", f"{name} is read by copying a file, which is no session")
    return platform


def _free(path: Path) -> Path:
    from netraven.errors import Invalid

    if path.exists():
        raise Invalid("output", f"{path} exists already; name another file")
    return path


def _target(address: str, port: int | None, *, telnet: bool, legacy_ssh: bool) -> Target:
    from netraven.collect.target import Protocol, Target
    from netraven.inventory.addresses import canonical_address

    return Target(
        device_id=address,
        hostname=address,
        address=canonical_address(address),
        port=port or _USUAL_PORTS[telnet],
        protocol=Protocol.TELNET if telnet else Protocol.SSH,
        legacy_ssh=legacy_ssh,
    )


def _record(
    target: Target, login: Login, platform: Platform, deadline: int | None
) -> RecordedSession:
    import asyncio

    from netraven.collect.hostkeys import fingerprint
    from netraven.collect.limits import Limits
    from netraven.collect.recorder import record

    limits = Limits() if deadline is None else Limits(deadline_s=deadline)
    session = asyncio.run(record(target, (login,), platform, limits))
    if session.host_key:
        output.note(f"The device showed the host key {fingerprint(session.host_key)}.")
    return session


def _disguised(session: RecordedSession, login: Login, platform: Platform) -> Recording:
    from netraven.tasks.disguise import disguise

    typed = filter(None, (login.password, login.enable_secret))
    return disguise(session, platform, typed)


def _write(path: Path, recording: Recording) -> None:
    from netraven.collect.recording import write_recording
    from netraven.errors import Invalid

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(write_recording(recording))
    except OSError as error:
        raise Invalid("output", f"{path} cannot be written: {error.strerror}") from None


def _read(file: Path) -> str:
    from netraven.errors import Invalid

    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise Invalid("file", f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise Invalid("file", f"{file} is too large for a recorded session")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("file", f"{file} is no text in UTF-8, so no recorded session") from None


def _show(platform: Platform, proving: Proving) -> None:
    show_proof(proving.steps)
    output.say("")
    if proving.is_proven:
        fact = "proves" if proving.is_compared else "says nothing against"
        output.say(f"The recording {fact} {platform.name}.", style="green")
    else:
        output.say(f"The recording does not prove {platform.name}.", style="red")


def _told(platform: Platform, proving: Proving) -> dict[str, object]:
    return {"platform": platform.name, "proven": proving.is_proven, "steps": proving.steps}


def _end(proving: Proving) -> None:
    from netraven.errors import ExitCode

    if not proving.is_proven:
        raise typer.Exit(ExitCode.DEVICES_FAILED)

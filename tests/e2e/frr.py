"""A router that nobody here wrote: Debian's FRR, reached through Debian's OpenSSH server.

zebra, bgpd and staticd run on their own configuration, and an sshd of their own listens on
loopback for one user whose login shell is `vtysh`. Everything is stopped and removed at the end.
`python -m tests.e2e.frr` says whether this machine can do it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

DAEMONS = {"zebra": (), "staticd": (), "bgpd": ("--bgp_port", "0")}
DAEMON_DIRECTORY = Path("/usr/lib/frr")
SOCKET_DIRECTORY = Path("/run/frr")
SSHD = Path("/usr/sbin/sshd")
START_DEADLINE_S = 30.0
# CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN: zebra and bgpd refuse to start without them.
CAPABILITIES = 1 << 12 | 1 << 13 | 1 << 21


@dataclass(frozen=True, slots=True)
class FrrRouter:
    """A running router: where its SSH server listens, and who may log in."""

    address: str
    port: int
    username: str
    password: str = field(repr=False)
    host_key: str

    def configure(self, *lines: str) -> None:
        """Enter the lines in configuration mode, as an operator on the console would."""
        steps = ("configure terminal", *lines, "end")
        _run(["vtysh", *(part for step in steps for part in ("-c", step))])

    def running_configuration(self) -> str:
        """Return what this user is shown without any network between, below its heading."""
        own = ["runuser", "--user", self.username, "--", "vtysh", "-c", "show running-config"]
        _, _, text = _run(own).partition("Current configuration:\n")
        return text


def why_absent() -> str | None:
    """Return one sentence why no router can run here, or None when it can."""
    missing = [
        str(path)
        for path in (*(DAEMON_DIRECTORY / name for name in DAEMONS), Path("/usr/bin/vtysh"), SSHD)
        if not path.exists()
    ]
    if missing:
        return f"FRR takes no part: {missing[0]} is absent; install Debian's frr and openssh-server"
    if os.geteuid() != 0:
        return "FRR takes no part: only root may start its daemons and make its user"
    if _effective_capabilities() & CAPABILITIES != CAPABILITIES:
        return "FRR takes no part: this container lacks NET_ADMIN, NET_RAW or SYS_ADMIN"
    return None


def versions() -> str:
    """Return the versions of the router and of the SSH server before it."""
    frr = _run([str(DAEMON_DIRECTORY / "zebra"), "--version"]).splitlines()[0]
    package = _run(["dpkg-query", "--show", "--showformat=${Version}", "openssh-server"])
    return f"{frr} behind OpenSSH {package}"


@contextmanager
def run_router() -> Iterator[FrrRouter]:
    """Start a router; stop it and remove its user and files at the end."""
    with ExitStack() as stack:
        stack.enter_context(_only_one())
        if _is_served(SOCKET_DIRECTORY / "zebra.vty"):
            message = f"another zebra serves {SOCKET_DIRECTORY}; it is left alone"
            raise RuntimeError(message)
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="netraven-frr-")))
        directory.chmod(0o755)  # the daemons drop root, and pytest's own directories are closed
        for name, options in DAEMONS.items():
            stack.enter_context(_daemon(name, options, directory))
        username = stack.enter_context(_user(directory, password := secrets.token_urlsafe(18)))
        port, host_key = stack.enter_context(_ssh_server(directory, username))
        yield FrrRouter("127.0.0.1", port, username, password, host_key)


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the machine's one place for a router; other test processes wait their turn."""
    with Path("/run/lock/netraven-test-frr.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _daemon(name: str, options: Sequence[str], directory: Path) -> Iterator[None]:
    configuration = directory / f"{name}.conf"
    configuration.write_text("")
    SOCKET_DIRECTORY.mkdir(exist_ok=True)
    for path in (directory, configuration, SOCKET_DIRECTORY):
        shutil.chown(path, "frr", "frr")
    vty = SOCKET_DIRECTORY / f"{name}.vty"
    command = [
        str(DAEMON_DIRECTORY / name),
        *("--vty_addr", "127.0.0.1", "--vty_port", "0"),
        *("--config_file", str(configuration), "--pid_file", str(directory / f"{name}.pid")),
        *options,
    ]
    with _process(command, directory / f"{name}.log", lambda: _is_served(vty)):
        yield
    vty.unlink(missing_ok=True)


@contextmanager
def _user(directory: Path, password: str) -> Iterator[str]:
    """Make a user who lands in vtysh, as FRR's manual has it: a member of `frrvty`."""
    name = f"nrv-{secrets.token_hex(4)}"
    home = directory / "home"
    home.mkdir()
    places = ["--no-create-home", "--home-dir", str(home), "--shell", "/usr/bin/vtysh"]
    _run(["useradd", *places, "--no-user-group", "--groups", "frrvty", name])
    try:
        _run(["chpasswd"], text=f"{name}:{password}\n")
        shutil.chown(home, name)
        yield name
    finally:
        _run(["userdel", name])


@contextmanager
def _ssh_server(directory: Path, username: str) -> Iterator[tuple[int, str]]:
    """Run an sshd for that user alone; yield its port and its host key's public line."""
    key = directory / "host_key"
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)])
    port = _free_port()
    configuration = directory / "sshd_config"
    configuration.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\n"
        f"AllowUsers {username}\nUsePAM no\nPasswordAuthentication yes\n"
        "KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\n"
    )
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's empty directory, else it refuses
    command = [str(SSHD), "-D", "-e", "-f", str(configuration)]
    with _process(command, directory / "sshd.log", lambda: _accepts(port)):
        yield port, key.with_suffix(".pub").read_text().strip()


@contextmanager
def _process(command: Sequence[str], log: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _await_ready(process, log, is_ready)
        yield
    finally:
        process.terminate()
        process.wait(timeout=START_DEADLINE_S)


def _await_ready(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            message = f"{process.args!r} did not start: {log.read_text()}"
            raise RuntimeError(message)
        time.sleep(0.05)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: Sequence[str], *, text: str = "") -> str:
    """Return the command's standard output; raise with both outputs when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{command[0]} failed ({done.returncode}): {done.stdout}{done.stderr}"
        raise RuntimeError(message)
    return done.stdout


def _effective_capabilities() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1], 16) for line in status if line.startswith("CapEff:")), 0)


if __name__ == "__main__":
    sys.stdout.write(f"{why_absent() or versions()}\n")

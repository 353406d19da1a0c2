"""The seven command lines, from the vendors' command references and from using them."""

from __future__ import annotations

import re

from netraven.lab.configs.voice import Topic
from netraven.lab.dialect import (
    Dialect,
    Does,
    Enable,
    Filter,
    Mode,
    Pager,
    Refusals,
    TelnetManners,
    Verb,
)


def _including(lines: list[str], pattern: str) -> list[str]:
    return [line for line in lines if re.search(pattern, line)]


def _excluding(lines: list[str], pattern: str) -> list[str]:
    return [line for line in lines if not re.search(pattern, line)]


def _counting(lines: list[str], pattern: str) -> list[str]:
    del pattern
    return [f"Count: {len(lines)} lines"]


def _passing(lines: list[str], pattern: str) -> list[str]:
    del pattern
    return lines


_FILTERS: dict[str, Filter] = {"include": _including, "exclude": _excluding}
_LEAVE = tuple(Verb(syntax=word, does=Does.LEAVE) for word in ("exit", "quit", "logout"))
_END = Verb(syntax="end", does=Does.LEAVE, mode=Mode.CONFIGURING)
_PAGE_LENGTH = Verb(syntax="terminal length <n>", does=Does.PAGE_LENGTH)
_PRIVILEGES = (
    Verb(syntax="enable", does=Does.ENABLE),
    Verb(syntax="disable", does=Does.DISABLE, mode=Mode.ENABLED),
    Verb(syntax="configure terminal", does=Does.CONFIGURE, mode=Mode.ENABLED),
)


def _show(syntax: str, topic: Topic, mode: Mode = Mode.USER) -> Verb:
    return Verb(syntax=f"show {syntax}", topic=topic, mode=mode)


_CISCO_TELNET = TelnetManners(
    greeting="\n\nUser Access Verification\n\n",
    asks_name="Username: ",
    refused="% Authentication failed\n\n",
)

_IOS = Dialect(
    ssh_version="Cisco-1.25",
    telnet=_CISCO_TELNET,
    greeting=(
        "\n************************************************************\n"
        "  {host} belongs to Example Corp.  Go away>\n"
        "  Access is logged. #\n"
        "************************************************************\n\n"
    ),
    prompts={Mode.USER: "{host}>", Mode.ENABLED: "{host}#", Mode.CONFIGURING: "{host}(config)#"},
    verbs=(
        *_LEAVE,
        _END,
        *_PRIVILEGES,
        _PAGE_LENGTH,
        Verb(syntax="terminal width <n>"),
        Verb(syntax="terminal no monitor"),
        _show("running-config", Topic.RUNNING, Mode.ENABLED),
        _show("startup-config", Topic.STARTUP, Mode.ENABLED),
        _show("version", Topic.VERSION),
        _show("inventory", Topic.INVENTORY),
        _show("clock", Topic.CLOCK),
    ),
    refusals=Refusals(
        unknown="{caret}\n% Invalid input detected at '^' marker.\n\n",
        incomplete="% Incomplete command.\n\n",
        ambiguous='% Ambiguous command:  "{line}"\n',
    ),
    read_error="% Error: the running configuration could not be read to its end",
    enable=Enable(wrong="% Access denied\n", denied="% Bad secrets\n\n"),
    pager=Pager(prompt=" --More-- ", erase="\b" * 9 + " " * 8 + "\b" * 9, rows=24),
    filters=_FILTERS,
    after_running="\n",
)

_ASA = Dialect(
    ssh_version="Cisco-1.25",
    telnet=_CISCO_TELNET,
    greeting=(
        "User {user} logged in to {host}\n"
        "Logins over the last 91 days: 21.  Last login: 20:01:14 UTC Feb 21 2026 from 10.0.0.17\n"
        "Failed logins since the last login: 0.  \n"
        "Type help or '?' for a list of available commands.\n"
    ),
    before_prompt="\r",
    prompts={Mode.USER: "{host}> ", Mode.ENABLED: "{host}# ", Mode.CONFIGURING: "{host}(config)# "},
    verbs=(
        *_LEAVE,
        _END,
        *_PRIVILEGES,
        Verb(syntax="terminal pager <n>", does=Does.PAGE_LENGTH),
        Verb(syntax="terminal pager lines <n>", does=Does.PAGE_LENGTH),
        Verb(syntax="terminal width <n>", mode=Mode.CONFIGURING),
        Verb(syntax="more system:running-config", topic=Topic.UNMASKED, mode=Mode.ENABLED),
        Verb(
            syntax="show curpriv",
            says="Username : {user}\nCurrent privilege level : 15\nCurrent Mode/s : P_PRIV\n",
        ),
        Verb(syntax="show mode", says="Security context mode: single \n", mode=Mode.ENABLED),
        _show("running-config", Topic.RUNNING, Mode.ENABLED),
        _show("startup-config", Topic.STARTUP, Mode.ENABLED),
        _show("version", Topic.VERSION),
        _show("inventory", Topic.INVENTORY, Mode.ENABLED),
        _show("clock", Topic.CLOCK),
    ),
    refusals=Refusals(
        unknown="{caret}\nERROR: % Invalid input detected at '^' marker.\n",
        incomplete="ERROR: % Incomplete command\n",
        ambiguous="ERROR: % Ambiguous command:  {line}\n",
    ),
    read_error="ERROR: % Unable to read the configuration to its end",
    enable=Enable(wrong="Invalid password\n", denied="Access denied.\n", mask="*"),
    pager=Pager(prompt="<--- More --->", erase="\r              \r", rows=24),
    filters=_FILTERS | {"grep": _including},
    after_running="\n",
)

_EOS = Dialect(
    ssh_version="OpenSSH_8.7",
    greeting="Last login: Mon Mar  2 07:01:12 2026 from 10.0.0.17\n",
    prompts={Mode.USER: "{host}>", Mode.ENABLED: "{host}#", Mode.CONFIGURING: "{host}(config)#"},
    verbs=(
        *_LEAVE,
        _END,
        *_PRIVILEGES,
        Verb(syntax="terminal length 0", does=Does.PAGE_OFF, says="Pagination disabled.\n"),
        Verb(
            syntax="terminal length <n>",
            does=Does.PAGE_LENGTH,
            says="Pagination set to {n} lines.\n",
        ),
        Verb(syntax="terminal width <n>", says="Width set to {n} columns.\n"),
        _show("running-config", Topic.RUNNING, Mode.ENABLED),
        _show("startup-config", Topic.STARTUP, Mode.ENABLED),
        _show("version", Topic.VERSION),
        _show("inventory", Topic.INVENTORY),
        _show("clock", Topic.CLOCK),
    ),
    refusals=Refusals(
        unknown="% Invalid input\n",
        incomplete="% Incomplete command\n",
        ambiguous="% Ambiguous command\n",
        forbidden="% Invalid input (privileged mode required)\n",
    ),
    read_error="% Internal error: the configuration could not be read to its end",
    enable=Enable(wrong="", denied="% Bad secret\n"),
    pager=Pager(prompt=" --More-- ", erase="\r\x1b[K"),
    filters=_FILTERS | {"no-more": _passing},
)

_JUNOS = Dialect(
    ssh_version="OpenSSH_7.5",
    greeting=(
        "Last login: Mon Mar  2 07:01:12 2026 from 10.0.0.17\n"
        "--- JUNOS {version} Kernel 64-bit  JNPR-11.0-20230410.235019\n"
    ),
    prompts={Mode.USER: "{user}@{host}> ", Mode.CONFIGURING: "{user}@{host}# "},
    before_prompt="\n{role}",
    verbs=(
        *_LEAVE,
        Verb(
            syntax="set cli screen-length <n>",
            does=Does.PAGE_LENGTH,
            says="Screen length set to {n}\n",
        ),
        Verb(syntax="set cli screen-width <n>", says="Screen width set to {n}\n"),
        Verb(syntax="set cli complete-on-space off", says="Disabling complete-on-space\n"),
        _show("configuration", Topic.RUNNING),
        _show("version", Topic.VERSION),
        _show("chassis hardware", Topic.INVENTORY),
        _show("system uptime", Topic.SYSTEM),
    ),
    refusals=Refusals(
        unknown="{caret}\nunknown command.\n",
        misplaced="{caret}\nsyntax error, expecting <command>.\n",
        incomplete="{caret}\nsyntax error, expecting <command>.\n",
        ambiguous="{caret}\n'{word}' is ambiguous.\n",
    ),
    read_error="error: communication failure with mgd",
    pager=Pager(prompt="---(more)---", erase="\r" + " " * 40 + "\r"),
    filters={
        "match": _including,
        "except": _excluding,
        "count": _counting,
        "no-more": _passing,
        "display omit": _passing,
    },
)

_AOSCX = Dialect(
    ssh_version="OpenSSH_8.8",
    greeting=(
        "Last login: 2026-03-02 07:01:12 from 10.0.0.17\n"
        'User "{user}" has logged in 49 times in the past 30 days\n'
    ),
    prompts={Mode.ENABLED: "{host}# ", Mode.CONFIGURING: "{host}(config)# "},
    verbs=(
        *_LEAVE,
        _END,
        *_PRIVILEGES[1:],
        Verb(syntax="no page", does=Does.PAGE_OFF),
        Verb(syntax="page", does=Does.PAGE_ON),
        Verb(syntax="page <n>", does=Does.PAGE_LENGTH),
        _show("running-config", Topic.RUNNING),
        _show("startup-config", Topic.STARTUP),
        _show("version", Topic.VERSION),
        _show("module", Topic.INVENTORY),
        _show("system", Topic.SYSTEM),
        _show("clock", Topic.CLOCK),
    ),
    refusals=Refusals(
        unknown="Invalid input: {word}\n",
        incomplete="% Command incomplete.\n",
        ambiguous="% Ambiguous command.\n",
    ),
    read_error="Error: cannot read the configuration from the database",
    pager=Pager(prompt="-- MORE --, next page: Space, next line: Enter, quit: q", erase="\r\x1b[K"),
    filters=_FILTERS,
)

_FRR = Dialect(
    ssh_version="OpenSSH_9.2p1 Debian-2+deb12u3",
    greeting=(
        "\nHello, this is FRRouting (version {version}).\n"
        "Copyright 1996-2005 Kunihiro Ishiguro, et al.\n\n"
    ),
    prompts={Mode.ENABLED: "{host}# ", Mode.CONFIGURING: "{host}(config)# "},
    verbs=(
        *_LEAVE,
        _END,
        *_PRIVILEGES,
        _PAGE_LENGTH,
        Verb(syntax="terminal paginate", does=Does.PAGE_ON),
        Verb(syntax="no terminal paginate", does=Does.PAGE_OFF),
        _show("running-config", Topic.RUNNING),
        Verb(syntax="write terminal", topic=Topic.RUNNING),
        _show("version", Topic.VERSION),
    ),
    refusals=Refusals(
        unknown="% Unknown command: {line}\n",
        incomplete="% Command incomplete: {line}\n",
        ambiguous="% Ambiguous command: {line}\n",
    ),
    read_error="vtysh: error reading from bgpd: Connection reset by peer (104)",
    pager=Pager(prompt="--More--", erase="\r        \r"),
    filters={"include": _including},
)

_LINUX = Dialect(
    ssh_version="OpenSSH_9.2p1 Debian-2+deb12u3",
    greeting=(
        "Linux {host} {image} #1 SMP PREEMPT_DYNAMIC Debian x86_64\n\n"
        "Last login: Mon Mar  2 07:01:12 2026 from 10.0.0.17\n"
    ),
    prompts={Mode.USER: "{user}@{host}:~$ "},
    may_abbreviate=False,
    is_posix=True,
    verbs=_LEAVE,
    refusals=Refusals(unknown="-bash: {word}: command not found\n"),
    read_error="cat: /etc/network/interfaces: Input/output error",
)

DIALECTS: dict[str, Dialect] = {
    "cisco_ios": _IOS,
    "cisco_asa": _ASA,
    "arista_eos": _EOS,
    "juniper_junos": _JUNOS,
    "aruba_aoscx": _AOSCX,
    "frr": _FRR,
    "linux": _LINUX,
}

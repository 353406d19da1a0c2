"""HPE Aruba ArubaOS: mobility controllers and gateways."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

ARUBA_OS = Platform(
    name="aruba_os",
    vendor="HPE Aruba Networking",
    label="HPE Aruba ArubaOS controllers",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("aruba_os", "aruba_os_ssh"), oxidized=("aosw",), rancid=("arubaos",)),
    prompt=re.compile(
        r"\((?P<name>[\w.:-]+(?: [\w.:-]+)*)\) ?\^?\*?(?:\[[\w./:-]+\])?"
        r" ?(?:\([^()\n]{1,60}\))? ?[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("no paging",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Building Configuration\.\.\."),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=(
        free("manager-key", r"^mgmt-user (?:ssh-pubkey|webui-cacert) .*"),
        hidden("manager", r"^mgmt-user \S+ \S+ {word}"),
        hidden("ospf", r"^ip ospf message-digest-key \d+ (?:md5 )?{word}"),
        hidden("ike-key", r" (?:isakmp|ipsec) key {word}"),
        hidden(
            "ipsec-peer",
            r"^(?:localip|masterip|conductorip|cluster-member-ip|peer-ip) \S+"
            r" (?:\S+ )*?ipsec {word}",
        ),
        hidden("ldap", r" admin-passwd {word}"),
        hidden(
            "snmp-user", r"^snmp-server user \S+ auth-prot \S+ {word}(?: priv-prot \S+ {word})?"
        ),
        hidden("vrrp", r"^authentication {word}$", inside=r"^vrrp "),
        hidden("wlan", r" (?:wpa-passphrase|wpa-hexkey|weptxkey|wepkey\d) {word}"),
        hidden("ap-key", r"^(?:ap-)?(?:ap-console-password|bkup-passwords|cpsec-key) {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"\(MODEL: ([^)]+)\)"),),
        serial=(re.compile(r"(?m:^System Serial# +: (\S+))"),),
        version=(re.compile(r"(?m:^ArubaOS .*Version (\S+))"),),
    ),
)

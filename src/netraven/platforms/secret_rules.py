r"""The rules that say where secrets stand, shared by platforms that write their lines alike.

Sources: the vendors' command references for the commands named in each rule, and the lists of
secrets of recorded sessions. A platform takes one of the sets at the end of this file.
"""

from __future__ import annotations

from netraven.platforms.secrets import FreeText, HiddenBlock, HiddenValue, SecretRule, free, hidden

_CRYPT = (
    r"\$(?:[0-9]c?|1[0-9]|[ch]|2[abxy]|y|gy|7y|apr1|md5|argon2(?:i|d|id)|scrypt|sha1|sha256|sha512"
    r"|pbkdf2(?:-sha\d+)?)\$[./A-Za-z0-9$=,+_-]{3,}"
)

UNIVERSAL: tuple[SecretRule, ...] = (
    HiddenBlock(
        name="private-key",
        begin="-----BEGIN [A-Z0-9 ]*(?:PRIVATE|STATIC) KEY[A-Z0-9 ]*-----",
        end="-----END ",
    ),
    HiddenBlock(
        name="private-key-ssh2", begin="---- BEGIN [A-Z0-9 ]*PRIVATE KEY ?----", end="---- END "
    ),
    HiddenValue(name="password-hash", pattern=f"({_CRYPT})", anywhere=True),
    HiddenValue(
        name="ldap-hash",
        pattern=r"\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2[A-Z0-9-]*)\}([A-Za-z0-9+/=$.]{8,})",
        anywhere=True,
    ),
    # Up to the first slash a password holds something else than digits, or else it is a port.
    HiddenValue(
        name="password-in-url",
        pattern=r"://[^\s/:@\"'\[\]]*:([0-9]+|[0-9]*[^0-9/\s\"'][^\s\"']*)@",
        anywhere=True,
    ),
    HiddenValue(
        name="token-in-url",
        pattern=r"[?&](?:(?:access_|auth_|api_?)?(?:token|key)|password|passwd|pwd|secret|sig)="
        r"([^\s&\"'<>]+)",
        anywhere=True,
    ),
    HiddenValue(
        name="authorization-header",
        pattern=r"authorization:[ \t]*(?:basic|bearer|token)[ \t]+([^\s\"'\\]+)",
        anywhere=True,
    ),
)

_ROUTING: tuple[SecretRule, ...] = (
    hidden("ospf-message-digest", r" message-digest-key \d+ (?:md5|hmac\S*|sha\S*) {secret}"),
    hidden(
        "ospf-key",
        r"^(?:\S+ )*?(?:ospf|virtual-link \S+|sham-link \S+ \S+)"
        r"(?: \S+)*? authentication-key {secret}",
    ),
    hidden(
        "ospf-ipsec", r" authentication ipsec spi \d+ (?:md5|sha\S*) (?:passphrase )?{type}{word}"
    ),
    hidden(
        "ospf-ipsec",
        r" encryption ipsec spi \d+ esp null (?:md5|sha\S*) (?:passphrase )?{type}{word}",
    ),
    hidden(
        "ospf-ipsec",
        r" encryption ipsec spi \d+ esp (?:3?des|aes-cbc \d+) {type}{word}"
        r" (?:md5|sha\S*) {type}{word}",
    ),
    hidden("ospf6-key", r" authentication key-id \d+ hash-algo \S+ key {type}{word}"),
    hidden(
        "isis-password",
        r"^(?:isis password|(?:area|domain|hello|lsp)-password)"
        r"(?: hmac-md5| text)? {type}{word}",
    ),
    hidden("isis-key", r" authentication key-id \d+ algorithm \S+(?: rfc-5310)? key {type}{word}"),
    hidden("isis-key", r"^(?:isis )?authentication key {type}{word}"),
    hidden("rip-string", r" rip(?: [0-9.]+)? authentication(?: string| key|-key) {type}{word}"),
    hidden("eigrp-hmac", r"^authentication mode hmac-sha-256 {secret}"),
    hidden("nhrp", r" nhrp authentication {secret}"),
    hidden("rsvp", r" rsvp authentication key {secret}"),
    hidden(
        "first-hop",
        r"^(?:(?:standby|vrrp|glbp|hsrp)(?: \d+)?(?: peer)? )?authentication"
        r" (?:text|md5 key-string|ietf-md5 key-string) {type}{word}",
    ),
    hidden("first-hop", r"^(?:standby|vrrp|glbp|hsrp)(?: \d+)? authentication {word}$"),
    hidden("bfd-key", r" authentication keyed-sha1 key-id \d+ (?:hex-key|key) {type}{word}"),
    hidden(
        "ldp-password",
        r"^mpls ldp password (?:option \d+ for \S+|fallback|default|required)"
        r" {typed}",
    ),
    free(
        "ldp-password-option",
        r"^mpls ldp password (option \d+ for \S+|fallback|default|required|rollover)(?: |$)",
    ),
    free("ldp-per-neighbour", r" mpls ldp neighbor \S+ (targeted.*)$"),
    hidden("msdp-password", r" msdp password peer \S+ {secret}"),
    free("msdp-peer", r" msdp password (peer) "),
    free("isis-type", r"^isis password (md5|clear|hmac-md5|text) \S"),
    free("mka", r" pre-shared-key (key-chain .*)"),
    hidden("sxp-password", r"^cts sxp connection peer .* password required {type}{word}"),
    free("sxp-keyword", r"^cts sxp connection peer .* password ((?:none|default|required))(?: |$)"),
)

_VPN: tuple[SecretRule, ...] = (
    hidden("isakmp-key", r"^(?:crypto )?isakmp key {type}{word} (?:address|hostname|ipv6)"),
    hidden("isakmp-key", r"^(?:crypto )?isakmp key {secret}"),
    hidden("keyring", r" pre-shared-key (?:address|hostname|ipv6) .*? key {secret}"),
    free("keyring-peer", r" pre-shared-key ((?:address|hostname|ipv6) .*?) key "),
    hidden(
        "ike-pre-shared-key",
        r" (?:ikev1 |ikev2 |local-authentication |remote-authentication )*"
        r"pre-shared-key (?:local |remote )?(?:hex |ascii-text |hexadecimal )?{secret}",
    ),
    hidden("ikev2-profile", r" authentication (?:local|remote) pre-share key {secret}"),
    hidden(
        "manual-ipsec",
        r" session-key (?:inbound|outbound) (?:ah|esp) \S+ (?:(?:cipher|authenticator) )?{word}"
        r"(?: authenticator {word})?",
    ),
    hidden("ezvpn-group", r"^group \S+ key {secret}"),
)

_SNMP: tuple[SecretRule, ...] = (
    hidden("snmp-community", r"^snmp-server community {type}{word}"),
    hidden(
        "snmp-host",
        r"^snmp-server host \S+(?: vrf \S+)?(?: (?:traps?|informs?|poll))?(?: port \d+)?"
        r"(?: vrf \S+)?(?: (?:version (?:v?1|v?2c?)|v1|v2c))?(?: community)? {type}{word}",
    ),
    free("snmp-host-v3", r"^snmp-server host \S+ ((?:\S+ )*?version v?3 .*)"),
    free("snmp-host-source", r"^snmp-server host \S+ ((?:use-vrf|filter-vrf|source-interface) .*)"),
    hidden("snmp-community-map", r"^snmp(?:-server)? (?:mib )?community-map {type}{word}"),
    hidden(
        "snmp-user-auth",
        r"^(?:snmp-server user|snmpv3 user) .*? auth (?:md5|sha\S*)(?: (?:224|256|384|512))?"
        r"(?: auth-pass)? {type}{word}",
    ),
    hidden(
        "snmp-user-privacy",
        r"^(?:snmp-server user|snmpv3 user) .*? priv"
        r"(?: (?:3des|des\S*|aes\S*)(?: (?:128|192|256))?)?(?: priv-pass)? {type}{word}",
    ),
    hidden(
        "snmp-user-plain",
        r"^snmp-server user \S+ (?:\S+ )*?(?:auth-)?(?:md5|sha\d*)(?:-key)? {type}{word}"
        r"(?: (?:priv-)?(?:3?des|aes\d*)(?:-key)? {type}{word})?",
    ),
    hidden("rmon-community", r"^rmon event \d+ (?:log )?trap {word}"),
)

_CLI: tuple[SecretRule, ...] = (
    free("description", r"^(?:neighbor \S+ |peer \S+ |rmon (?:\S+ )*?)?(description:? .*)"),
    free("remark", r"^(?:access-list \S+ |\d+ |seq \d+ )?remark .*"),
    free(
        "people", r"^snmp-server (?:location|contact|chassis-id|system-location|system-contact) .*"
    ),
    free("name", r"^(?:name|title|comment|hostname|prompt|menu|privilege) .*"),
    free("banner-line", r"^banner .*"),
    free("aaa", r"^aaa (?:authentication|accounting) .*"),
    free("ssh", r"^ip ssh .*"),
    free(
        "login-methods", r"^authentication (?:mode|protocol) (?:password|keyboard|public|multi).*"
    ),
    free(
        "password-rule",
        r"^(?:\S+ )*?password ((?:encryption|encryption-key|strength-check|"
        r"minimum|maximum|history|complexity|secure-mode|prompt|logging|storage) .*)",
    ),
    free("password-rule", r"^(?:\S+ )*?password (strength-check|secure-mode|logging|complexity)$"),
    free("time-server", r"^s?ntp (?:server|peer|broadcast|multicast|pool) .*"),
    hidden("local-user", r"^username \S+ (?:\S+ )*?(?:password|secret) {secret}"),
    hidden(
        "enable",
        r"^enable (?:algorithm-type \S+ )?(?:secret|(?:sha256-)?password)"
        r" (?:level \d+ )?{secret}",
    ),
    free("enable-level", r"^enable (?:sha256-)?password (level \d+(?: encrypted| 8)?) "),
    hidden("time-key", r"^(?:s?ntp )?authentication-key \d+ \S+ {type}{word}"),
    hidden(
        "server-key",
        r"^(?:radius-server|tacacs-server|radius|tacacs|server-private|server|client|nas) "
        r"(?:\S+ )*?(?:key|server-key|secret-key|secret) {secret}",
    ),
    hidden("map-server-key", r"^(?:\S+ )*?map-server \S+ (?:\S+ )*?key {secret}"),
    hidden("key-wrap", r" (?:encryption-key|message-auth-code-key) {type}{word}"),
    hidden("master-key", r"^key config-key password-encrypt\S* {word}"),
    free(
        "key-chain",
        r"^key ((?:chain|version) .*|config-key password-encrypt\S*|config-key \S+$|controller$)",
    ),
    hidden(
        "section-key", r"^key {secret}", outside=r"^(?:(?:key chain|keychain|profile) |macsec *$)"
    ),
    hidden("macsec-key", r"^key [0-9a-f]+ (?:0|7|8a) {word}"),
    hidden("macsec-key", r" sap pmk {word}"),
    hidden("macsec-key", r" cak {type}{word}"),
    hidden("macsec-key", r" ckn \S+ cak {type}{word}"),
    hidden("typed-key", r" key {typed}"),
    hidden(
        "named-key",
        r" (?:auth|hash|psk|encr?y?pt|preshared|connectivity-association)-key {type}{word}",
    ),
    hidden("digest-key", r" digest-key \d+ (?:digest )?{type}{word}"),
    hidden("isis-hello", r" isis (?:\S+-)?hello-auth type \S+ key {word}"),
    hidden("first-hop-type", r"^authentication-type simple {type}{word}"),
    hidden("named-secret", r" [a-z0-9]+-secret {secret}", outside=r"^session shared-secret "),
    hidden("key-string", r" key-(?:octet-)?string (?:password6? )?{secret}"),
    hidden("wlan-key", r" (?:set-key|wpa-psk|wpa2-psk|wpa3-psk) (?:ascii|hex) {secret}"),
    hidden("wep-key", r"^encryption (?:\S+ )*?key \d+ size \S+ {type}{word}"),
    hidden("wep-key", r" static-wep-key .*?(?:ascii|hex) {type}{word}"),
    hidden("pin", r"^pin {type}([0-9]+)$"),
    hidden("auth-token", r" (?:auth-token|api-token|api-key|access-token|id-?token) {secret}"),
    hidden("agent-key", r"auth=key,([^\s,\"]+)"),
    hidden("environment", r"^event manager environment \S*(?:pass|pwd|secret|token)\S* {rest}"),
    hidden("assignment", r"(?:password|passwd|passphrase|secret|token|api_?key)=([^\s\"'&;,]+)"),
    hidden(
        "password",
        r" (?:(?:(?:sha\d+|md5|login|user|admin|bind|proxy|anonymous|clearpass|enable|http|ftp"
        r"|console|ppp|secondary)-)?password|passwd|passphrase|pass-phrase|shared-secret|shared-key"
        r"|server-key|secret-key|auth-pass|priv-pass) {secret}",
    ),
    hidden("umbrella", r"^token {type}{word}$"),
    hidden("digest", r"^digest secret {type}{word}"),
    hidden("secret", r"^secret {secret}", outside=r"^session shared-secret "),
    hidden("typed-secret", r" secret {typed}", outside=r"^session shared-secret "),
    free("secret-profile", r"^session shared-secret (profile .*)"),
    hidden("section-authentication-key", r"^authentication-key {secret}"),
    # Type 7: a two-digit salt from 00 to 15, then the password in hexadecimal.
    hidden("type-7", r" 7 ((?:0[0-9]|1[0-5])(?:[0-9a-f]{2}){3,})(?:[\s\"]|$)"),
    hidden("syscon", r"^syscon (?:address \S+|password) {word}"),
    hidden("cable", r" (?:cable shared-secret|snmp-community) {type}{word}"),
)

CISCO_IOS: tuple[SecretRule, ...] = (*_SNMP, *_ROUTING, *_VPN, *_CLI, *UNIVERSAL)

MARVELL: tuple[SecretRule, ...] = (
    hidden("line-password", r"^password {word} encrypted"),
    hidden("encrypted-time-key", r"^encrypted s?ntp authentication-key \d+ \S+ {word}"),
    free("secure-storage", r"^(?:no )?ssd file passphrase control .*"),
    hidden("encrypted-server", r"^encrypted (?:radius|tacacs)-server (?:\S+ )*?key {word}"),
    hidden("encrypted-user", r"^(?:encrypted )?username \S+ (?:\S+ )*?password encrypted {word}"),
    hidden("encrypted-community", r"^encrypted snmp-server community {word}"),
    hidden(
        "encrypted-user",
        r"^encrypted snmp-server user \S+ .*? auth \S+ {word}(?: priv (?:des |aes )?{word})?",
    ),
    free("passwords", r"^passwords .*"),
    free("key-number", r"^key (\d+)$"),
    hidden("encrypted-routing", r"^encrypted ip ospf message-digest-key \d+ md5 {word}"),
    *CISCO_IOS,
)
"""Switches built upon Marvell's software, which put `encrypted` in front of a command."""

ARISTA_EOS: tuple[SecretRule, ...] = (
    hidden("session-secret", r"^secret \S+ {type}{word}", inside=r"^session shared-secret "),
    hidden("boot-secret", r"^(?:boot|aaa root) secret (?:sha512 )?{secret}"),
    hidden("transceiver-licence", r"^service unsupported-transceiver \S+ {word}"),
    free("password-policy", r"^password (policy \S+)$"),
    free("shared-profile", r"^neighbor \S+ password (shared-secret profile .*)$"),
    *CISCO_IOS,
)

CISCO_ASA: tuple[SecretRule, ...] = (
    free(
        "snmp-host-interface",
        r"^snmp-server host (\S+ \S+(?: (?:trap|poll))?(?: udp-port \d+)?)"
        r"(?: |$)",
    ),
    free("snmp-host-options", r"^snmp-server host \S+ \S+ (?:\S+ )*?((?:version|udp-port) .*)"),
    hidden("snmp-host", r"^snmp-server host \S+ \S+ (?:\S+ )*?community {type}{word}"),
    hidden("local-user", r"^username \S+ password {word}"),
    hidden("enable", r"^(?:enable password|passwd) (?:level \d+ )?{word}"),
    hidden("snmp-group", r"^snmp-server host-group \S+ \S+ (?:\S+ )*?community {type}{word}"),
    hidden("pre-fill", r" use-common-password {type}{word}"),
    hidden("aaa-server", r"^aaa-server \S+ (?:\(\S+\) )?host \S+ {word}(?: timeout \d+)?$"),
    free("aaa-server-timeout", r"^aaa-server \S+ (?:\(\S+\) )?host \S+ (timeout \d+)$"),
    hidden("log-copies", r"^logging ftp-server \S+ \S+ \S+ {type}{word}"),
    hidden("failover-key", r"^failover key (?:hex )?{type}{word}"),
    hidden("eigrp-key", r"^authentication key eigrp \S+ {type}{word}"),
    free("eigrp-number", r"^authentication key (eigrp \S+) "),
    hidden(
        "ldap-login", r"^(?:ldap-login-password|radius-common-pw|policy-server-secret) {type}{word}"
    ),
    hidden("vpdn-user", r"^vpdn username \S+ password {word}"),
    hidden("vpn-client", r"^vpnclient (?:username \S+|vpngroup \S+) password {word}"),
    hidden("proxy-password", r"^https?-proxy (?:\S+ )*?password {type}{word}"),
    hidden("content-licence", r"^license ([0-9a-f]{32})$"),
    *CISCO_IOS,
)

ARUBA_AOSCX: tuple[SecretRule, ...] = (
    hidden("marked", r" (?:ciphertext|plaintext) {word}"),
    free("time-key-kind", r"^ntp authentication-key \d+ \S+ (trusted) "),
    free("mka-name", r" pre-shared-key (ckn \S+ cak) "),
    hidden("snmp-community", r"^(?:snmp-server host|snmpv3) (?:\S+ )*?community {type}{word}"),
    *CISCO_IOS,
)

FRR: tuple[SecretRule, ...] = (
    hidden("ospf-message-digest", r" message-digest-key \d+ md5 {word}"),
    hidden("bgp-password", r"^neighbor \S+ password {word}$"),
    *CISCO_IOS,
)

_JUNOS_WORDS = (
    "encrypted-password|plain-text-password-value|hashed-password|password|simple-password"
    "|local-password|pap-password|default-pap-password|chap-secret|default-chap-secret|secret"
    "|shared-secret|pre-shared-secret|preauthentication-secret|client-secret|passphrase"
    "|authentication-key|hello-authentication-key|authentication-password|privacy-key"
    "|privacy-password|community-name|cak|ascii-text|hexadecimal|api-key|api-token|auth-token"
)

JUNIPER_JUNOS: tuple[SecretRule, ...] = (
    FreeText(name="comment", pattern=r"^[ \t]*(?:/\*|\*|#).*"),
    FreeText(
        name="description",
        pattern=r'^[ \t]*(?:set [^"]*?)?(?:description|message|announcement|contact|location)[ \t]+'
        r'(?:"(?:[^"\\]|\\.)*"|[^\s;"]+);?[ \t]*$',
    ),
    HiddenValue(
        name="marked",
        pattern=r'(?:"((?:[^"\\]|\\.)+)"|([^\s";{}#/][^\s";{}]*))'
        r"[ \t]*[;{]?[ \t]*(?:##?|/\*) SECRET-DATA",
    ),
    hidden("licence", r"^key {item} *;", inside=r"^keys \{"),
    # The device marks these lines too, but the number of a key is none.
    free("time-server-key", r"^server \S+ key (\d+)"),
    hidden("time-key", r" authentication-key \d+ (?:type \S+ )?value {item}"),
    free("time-key-number", r" authentication-key (\d+ type) "),
    hidden("named", rf" (?:{_JUNOS_WORDS}) {{item}} *(?:;.*)?$"),
    hidden("key-text", r" (?:md5 \d+|hmac-\S+ \d+) key {item}"),
    hidden(
        "snmp-community",
        r"^(?:set|deactivate|protect) (?:\S+ )*?snmp"
        r" (?:community|trap-group) {item}",
    ),
    # A trap group's name is the community string of its traps.
    hidden("snmp-community", r"^(?:community|trap-group) {item} *[{;]", inside=r"^snmp \{"),
    *UNIVERSAL,
)

_LINUX_NAMES = (
    r"[\w.-]*(?:password|passwd|passphrase|secret|token|psk|api_?key|access_?key|auth_?key"
    r"|secret_?key|preshared_?key|presharedkey|wep[_-]key\d?)"
)

LINUX: tuple[SecretRule, ...] = (
    FreeText(name="name-services", pattern=r"^[ \t]*(?:passwd|group|shadow|gshadow):[ \t]+[a-z].*"),
    FreeText(
        name="pam",
        pattern=r"^[ \t]*-?password[ \t]+(?:\[|required|requisite|sufficient"
        r"|optional|include|substack).*",
    ),
    hidden("element", rf"<{_LINUX_NAMES}>([^<]+)</"),
    hidden("wireguard", r"^(?:private|preshared)key *= *{word}"),
    hidden("assignment", rf"^(?:export )?[\"']?{_LINUX_NAMES}[\"']? *(?:=|:=) *{{rest}}"),
    HiddenValue(name="assignment", pattern=rf"{_LINUX_NAMES}[\"']?=[\"']?([^\s\"'&;,]+)"),
    hidden("mapping", rf"{_LINUX_NAMES}[\"']?: (?:\"((?:[^\"\\]|\\.)+)\"|'([^']+)'|(\S.*?) *,?$)"),
    hidden("snmpd-community", r"^(?:ro|rw|trap)community6? {word}"),
    hidden("snmpd-sink", r"^(?:trapsink|trap2sink|informsink) \S+ {word}"),
    hidden("snmpd-source", r"^com2sec6? (?:-Cn \S+ )?\S+ \S+ {word}"),
    hidden(
        "snmpd-user",
        r"^createUser (?:-e \S+ )?\S+ (?:MD5|SHA\S*) {word}"
        r"(?: (?:DES|AES\S*) {word})?",
    ),
    hidden("ipsec-secret", r"^(?:.* )?: (?:PSK|EAP|XAUTH|NTLM) {rest}"),
    hidden("ipsec-key-password", r"^(?:.* )?: (?:RSA|ECDSA|PKCS8|P12) \S+ {word}"),
    hidden("quoted", r"^(?:password|secret|passphrase) \"((?:[^\"\\]|\\.)+)\""),
    hidden("keepalived", r"^auth_pass {word}"),
    hidden("redis", r"^(?:requirepass|masterauth) {word}"),
    hidden("netrc", r"(?:^| )login \S+ password {word}"),
    hidden("interfaces", r"^(?:wpa-psk|wpa-password|wireless-key) {rest}"),
    HiddenValue(name="shadow", pattern=r"^[^:\s]+:([./A-Za-z0-9]{13}):[0-9]*:"),
    hidden("bgp-password", r"^neighbor \S+ password {word}$"),
    hidden("key-string", r"^key-string {word}$"),
    hidden("enable", r"^enable (?:password|secret) {secret}"),
    *_ROUTING,
    *UNIVERSAL,
)

WORDS: tuple[SecretRule, ...] = (
    FreeText(name="comment", pattern=r"^[ \t]*[#!].*"),
    free(
        "words",
        r"^(?:set )?(?:[^\s\"]+ )??(?:description|location|contact|comments?|remark|banner) .*",
    ),
    # More may follow behind a name.
    free(
        "names",
        r"^(?:set )?(?:[^\s\"]+ )??(?:sys-?name|name|alias|label) ((?:\"[^\"]*\"|\S+))(?: |$)",
    ),
    hidden(
        "named",
        r"^(?:[^\s\"]+ )*?(?:password|passwd|passphrase|secret|shared-secret|shared-key"
        r"|pre-shared-key|psk|auth-key|priv-key|auth-password|priv-password|authentication-key"
        r"|privacy-password|authentication-password|encryption-key|community|community-name"
        r"|api-key|api-token|token|key-string|encrypted-password|plaintext-password)"
        r" (?:(?:encrypted|ciphertext|plaintext|cipher|plain|hash|hashed|simple|clear|[0-9]) )?"
        r"{word}",
    ),
    *UNIVERSAL,
)
"""For command lines unlike any other: a word that means a secret, and the value behind it."""

FASTPATH: tuple[SecretRule, ...] = (
    hidden("section-key", r"^key (?:encrypted |7 )?{word}"),
    hidden("snmp-community", r"^snmp-server community-group {word}"),
    hidden(
        "snmp-user",
        r"^snmp-server user (?:\S+ )*?auth-(?:md5|sha) {word}"
        r"(?: priv-(?:3?des|aes\S*) {word})?",
    ),
    hidden("time-key", r"^ntp authentication-key \d+ md5 {word}"),
    free("time-key-type", r"^ntp authentication-key (\d+ md5) "),
    hidden("routing", r" message-digest-key \d+ md5 {word}"),
    hidden(
        "routing",
        r" (?:ospf|rip|vrrp \d+|virtual-link \S+) authentication (?:encrypt|simple) {word}",
    ),
    hidden("user", r"^username (?:\"[^\"]*\"|\S+) password {word}"),
    hidden("server-key", r"^(?:radius|tacacs)(?:-| )server key (?:encrypted |7 )?{word}"),
    hidden(
        "snmp-user",
        r"^snmp-server user (?:\S+ )*?auth-(?:md5|sha)-key {word}"
        r"(?: priv-(?:des|3des|aes\S*)-key {word})?",
    ),
    hidden("snmp-host", r"^snmp-server host \S+ (?:traps?|informs?) version [12] {word}"),
    hidden("time-key", r"^sntp authentication-key \d+ md5 {word}"),
    free("time-key-type", r"^sntp authentication-key \d+ (md5) "),
    hidden("enable", r"^enable password (?:encrypted )?{word}"),
    free("enable-type", r"^enable password (encrypted) \S"),
    free("server-key-of", r"^radius server key ((?:auth|acct) \S+(?: encrypted)?) "),
    hidden("user", r"^users passwd (?:\"[^\"]*\"|\S+) (?:encrypted )?{word}"),
    free("user-name", r"^users passwd ((?:\"[^\"]*\"|\S+)(?: encrypted)?) "),
    hidden("snmp-user", r"^users snmpv3 (?:authentication|encryption) \S+ \S+ {word}"),
    *WORDS,
)
"""Switches built upon Broadcom's FASTPATH, whose sections are not indented."""

_KEPT = "(?:cipher |simple |plain )?{word}"

VRP: tuple[SecretRule, ...] = (
    HiddenValue(
        name="enclosed",
        pattern=r"(%\^%#\S.*?%\^%#|%@%@\S.*?%@%@|%\$%\$\S.*?%\$%\$|%\+%##\S.*?%\+%##)",
        anywhere=True,
    ),
    hidden("keychain-peer", rf"^pre-shared-key (?:address|hostname) .*? key {_KEPT}"),
    free("keychain-peer", r"^pre-shared-key ((?:address|hostname) .*? key) "),
    hidden("ldap-manager", rf"^ldap-server authentication manager \S+ {_KEPT}(?: {{word}})?"),
    hidden("wlan-key", rf" (?:pass-phrase|psk hex) {_KEPT}"),
    hidden("group", rf" (?:hmac-)?(?:md5|sha\d*) password {_KEPT}"),
    hidden("ospf", rf" authentication-mode (?:hmac-)?(?:md5|sha\S*) \d+ {_KEPT}"),
    hidden("ldp-peer", r"^md5-password (?:cipher |plain )\S+ {word}"),
    free("ldp-peer", r"^md5-password ((?:cipher |plain )\S+) "),
    free("policy", r"^(?:undo |local-user \S+ )?password-(?:policy|control|modify|expire) .*"),
    free("words", r"^(?:description|sysname|alias|remark|header) .*"),
    free("type", r" (irreversible-cipher|cipher(?:text)?|irreversible-hash|hash|simple|plain) "),
    free("type", r" pre-shared-key ((?:local |remote )?(?:ciphertext|plaintext)) "),
    free(
        "snmp-cipher",
        r"^snmp-agent usm-user .* (?:cipher|simple) (authentication-mode|privacy-mode|acl)",
    ),
    free("snmp-v3", r"^snmp-agent target-host .* securityname (\S+ v3 .*)"),
    hidden("pre-shared", r" pre-shared-key (?:local |remote )?(?:ciphertext|plaintext) {word}"),
    hidden(
        "marked",
        r" (?:simple |hmac-md5 )?"
        r"(?:irreversible-cipher|cipher|irreversible-hash|hash|simple|plain) {word}",
    ),
    hidden("snmp-community", rf"^snmp-agent community (?:read|write) {_KEPT}"),
    hidden("snmp-host", rf"^snmp-agent target-host .*? securityname {_KEPT}"),
    hidden(
        "snmp-user",
        r"^snmp-agent usm-user v3 \S+ .*?(?:authentication-mode|auth-mode) \S+"
        rf" {_KEPT}"
        rf"(?: (?:privacy-mode|priv-mode) \S+ {_KEPT})?",
    ),
    hidden(
        "time-key",
        r"^s?ntp(?:-service)? authentication-keyid \d+ authentication-mode \S+"
        rf" {_KEPT}",
    ),
    hidden("server-key", rf"^key (?:authentication|accounting|authorization) {_KEPT}"),
    hidden("server-key", rf"^(?:primary|secondary|client|ip) (?:\S+ )*?key {_KEPT}"),
    hidden(
        "manual-ipsec",
        r"^sa (?:string-key|hex-key|authentication-hex|encryption-hex)(?: \S+)?"
        rf" (?:inbound|outbound) \S+ {_KEPT}",
    ),
    hidden("capwap", rf"^capwap dtls (?:\S+ )*?psk {_KEPT}"),
    hidden("import-password", rf"^pki import .* password {_KEPT}$"),
    hidden("transfer", rf" user \S+ password {_KEPT}"),
    hidden("bgp-password", rf"^peer \S+ password {_KEPT}"),
    hidden("vrrp", rf"^vrrp vrid \d+ authentication-mode (?:md5|simple) {_KEPT}"),
    hidden(
        "keys",
        r" (?:shared-key|key-string|pre-shared-key|authentication-key|set-key)"
        rf" {_KEPT}",
    ),
    *UNIVERSAL,
)
"""Comware and VRP, which say of most values how they are kept."""

_VYATTA_WORD = r"(?:'([^']*)'|{word})"

VYATTA: tuple[SecretRule, ...] = (
    free("public", r"^set (?:\S+ )*?public-keys? .*"),
    free("tunnel-number", r"^set interfaces tunnel \S+ parameters ip key .*"),
    free("public", r"^set pki (?:\S+ )*?public key .*"),
    free("tunnel-key-version", r"^set pki openvpn (shared-secret \S+ version) "),
    hidden(
        "variable",
        r"^set container name \S+ environment \S*(?:pass|pwd|secret|token|key)\S* value"
        rf" {_VYATTA_WORD}",
    ),
    hidden("area", rf"^set protocols isis (?:area|domain)-password \S+ {_VYATTA_WORD}"),
    hidden(
        "tunnel",
        rf"^set protocols nhrp tunnel \S+ (?:authentication|cisco-authentication) {_VYATTA_WORD}",
    ),
    hidden("controller", r"^set service unms connection '?[^+]*\+([^+']+)"),
    hidden("snmp-community", rf"^set service snmp community {_VYATTA_WORD}"),
    hidden("snmp-trap", rf"^set service snmp trap-target \S+ community {_VYATTA_WORD}"),
    hidden("tunnel-key", rf"^set pki openvpn shared-secret \S+ key {_VYATTA_WORD}"),
    free("tunnel-key-name", r"^set pki openvpn (shared-secret \S+ key) "),
    hidden(
        "of-a-kind",
        rf"^set (?:\S+ )*?password (?:plaintext-password|encrypted-password|md5) {_VYATTA_WORD}",
    ),
    free("kind", r"^set (?:\S+ )*?password (plaintext-password|encrypted-password|md5) "),
    hidden(
        "named",
        r"^set (?:\S+ )*?(?:encrypted-password|plaintext-password|password|passphrase"
        r"|pre-shared-secret|pre-shared-key|private-key|preshared-key|shared-secret"
        r"|secret|md5-key|plaintext-key|authentication-key|key-string|auth-key"
        r"|api-key|key|wpa-passphrase|cak|token|encrypted-key"
        rf"|plaintext-key) {_VYATTA_WORD}",
    ),
    free("words", r"^set (?:\S+ )*?(?:description|host-name|contact|location|comment) .*"),
    *UNIVERSAL,
)
"""VyOS and EdgeOS, in the form of commands."""

_XML_NAMES = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|psk|bindpw|passkey)\d?|bcrypt-hash"
    r"|md5-hash|sha512-hash|prv|privkey|privatekey|private_key|otp_seed|pre-shared-key"
    r"|presharedkey|rocommunity|rwcommunity|community|shared_key|sharedkey|tls|static_keys|apikey"
    r"|api|\w*token|passwordagain|proxypass|keydata|maxmind_key|\w*domainkey|auth_pass|authkey|privkey|influx_pass|carp_password|trapstring|pincode|serverauthkey)"
)

SENSE_XML: tuple[SecretRule, ...] = (
    hidden("element", rf"<{_XML_NAMES}(?: [^>]*)?>([^<]+)</"),
    hidden("element", rf"<{_XML_NAMES}(?: [^>]*)?><!\[CDATA\[([^\]]+)\]\]>"),
    hidden("api-key", r"^<key>([^<]+)</key>", inside=r"^<item(?: [^>]*)?>"),
    *UNIVERSAL,
)
"""The one XML file of OPNsense and pfSense."""

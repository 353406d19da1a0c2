"""Devices, tags and rules of a server."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import cast
from uuid import UUID

from netraven.cli.remote.asking import (
    Asked,
    Performer,
    Table,
    changed,
    counted,
    deleted,
    every,
    found_by,
    listed,
    made,
    one,
    or_none,
    shown,
)
from netraven.cli.remote.server import Server
from netraven.db import name_key
from netraven.inventory import devices, hostkeys, tag_rules, tags, unencrypted
from netraven.schemas.device import DeviceRead, HostKeyRead
from netraven.schemas.tag import BulkTagResult, BulkUntagResult, TagRead
from netraven.schemas.tag_rule import RuleApplyResult, RuleTestResult, TagRuleRead

_DEVICES, _TAGS, _RULES = "/devices", "/tags", "/rules"
# So many devices are asked for one by one rather than by the list of all.
_FEW = 20


class _HostKeys:
    """Keys are listed by device, and accepted by the device and their own id."""

    def __init__(self) -> None:
        self._device_of: dict[UUID, UUID] = {}

    def listed(self, server: Server, asked: Asked) -> list[HostKeyRead]:
        told = server.get(f"{_DEVICES}/{asked['device_id']}/host-keys")
        keys = server.read(list[HostKeyRead], told)
        self._device_of |= {key.id: key.device_id for key in keys}
        return keys

    def accepted(self, server: Server, asked: Asked) -> HostKeyRead | None:
        key_id = cast("UUID", asked["host_key_id"])
        place = f"{_DEVICES}/{self._device_of[key_id]}/host-keys/{key_id}/accept"
        told = or_none(lambda: server.send("POST", place))
        return None if told is None else server.read(HostKeyRead, told)


_HOST_KEYS = _HostKeys()


def _by_telnet(server: Server, asked: Asked) -> list[str]:
    """Return the hostnames of those of the devices that talk telnet, sorted."""
    wanted = set(cast("Collection[UUID]", asked["device_ids"]))
    if not wanted:
        return []
    if len(wanted) <= _FEW:
        each = (one(server, _DEVICES, device_id, DeviceRead) for device_id in wanted)
        found = [row for row in each if row is not None]
    else:
        found = every(server, _DEVICES, {}, DeviceRead)
    return sorted(row.hostname for row in found if row.protocol == "telnet" and row.id in wanted)


def _for_pairs(path: str, kind: type[object]) -> Performer:
    def perform(server: Server, asked: Asked) -> object:
        return server.read(kind, server.send("POST", path, body=asked))

    return perform


def _test_rule(server: Server, asked: Asked) -> object:
    body = {"rule_criteria": asked["rule_criteria"]}
    query = {"limit": asked.get("limit")}
    return server.read(
        cast("type[object]", RuleTestResult),
        server.send("POST", f"{_RULES}/test", body=body, query=query),
    )


def _apply_rule(server: Server, asked: Asked) -> object:
    told = or_none(lambda: server.send("POST", f"{_RULES}/{asked['rule_id']}/apply"))
    return None if told is None else server.read(cast("type[object]", RuleApplyResult), told)


TABLE: Table = MappingProxyType(
    {
        devices.get_devices: listed(_DEVICES, DeviceRead),
        devices.count_devices: counted(_DEVICES),
        devices.get_device: shown(_DEVICES, DeviceRead),
        devices.get_device_by_hostname: found_by(
            _DEVICES, DeviceRead, lambda row, name: name_key(row.hostname) == name_key(name)
        ),
        devices.create_device: made(_DEVICES, DeviceRead),
        devices.update_device: changed(_DEVICES, DeviceRead),
        unencrypted.get_telnet_hostnames: _by_telnet,
        hostkeys.get_host_keys: _HOST_KEYS.listed,
        hostkeys.accept_host_key: _HOST_KEYS.accepted,
        tags.get_tags: listed(_TAGS, TagRead),
        tags.count_tags: counted(_TAGS),
        tags.get_tag: shown(_TAGS, TagRead),
        tags.get_tag_by_name: found_by(
            _TAGS, TagRead, lambda row, name: name_key(row.name) == name_key(name)
        ),
        tags.create_tag: made(_TAGS, TagRead),
        tags.bulk_add_tags_to_devices: _for_pairs(
            f"{_TAGS}/attach", cast("type[object]", BulkTagResult)
        ),
        tags.bulk_remove_tags_from_devices: _for_pairs(
            f"{_TAGS}/detach", cast("type[object]", BulkUntagResult)
        ),
        tag_rules.get_tag_rules: listed(_RULES, TagRuleRead),
        tag_rules.count_tag_rules: counted(_RULES),
        tag_rules.get_tag_rule: shown(_RULES, TagRuleRead),
        tag_rules.get_tag_rule_by_name: found_by(
            _RULES,
            TagRuleRead,
            lambda row, name: name_key(row.name) == name_key(name),
            search=None,
        ),
        tag_rules.create_tag_rule: made(_RULES, TagRuleRead),
        tag_rules.update_tag_rule: changed(_RULES, TagRuleRead),
        tag_rules.delete_tag_rule: deleted(_RULES),
        tag_rules.apply_rule: _apply_rule,
        tag_rules.test_rule: _test_rule,
    }
)
"""How each operation is asked for."""

"""Tag rules: criteria over a device's own fields, evaluated in linear time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import re2
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from netraven.db import Id, as_uuid, operation
from netraven.db.enums import LinkSource
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.models import Device, DeviceTag, Tag, TagRule

RULE_FIELDS = frozenset(
    {
        "hostname",
        "ip_address",
        "device_type",
        "description",
        "serial_number",
        "model",
        "site",
        "port",
        "enabled",
    }
)

_MAX_DEPTH = 5
_MAX_LEAVES = 50
_MAX_PATTERN = 200
_FIELD = "rule_criteria"

_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda text, wanted: text == wanted,
    "contains": lambda text, wanted: wanted in text,
    "startswith": lambda text, wanted: text.startswith(wanted),
    "endswith": lambda text, wanted: text.endswith(wanted),
}


@operation
def apply_rules_to_device(db: Session, device_id: Id) -> list[Tag] | None:
    """Give the device the tags of the active rules that match, take back those that do not.

    Returns the tags that rules give it now; None without a device. A rule that cannot be
    evaluated is skipped with its `last_error` set.
    """
    device = db.scalar(select(Device).where(Device.id == as_uuid(device_id)))
    if device is None:
        return None
    by_rule = (DeviceTag.device_id == device.id, DeviceTag.source == LinkSource.RULE)
    held = {link.rule_id: link for link in db.scalars(select(DeviceTag).where(*by_rule))}
    matched: set[object] = set()
    rules = select(TagRule).where(TagRule.is_active.is_(True)).order_by(TagRule.name_key)
    for rule in db.scalars(rules):
        try:
            is_match = matches(rule.rule_criteria, device)
        except Invalid as error:
            rule.last_error = error.reason
            continue
        if is_match:
            matched.add(rule.tag_id)
            if rule.id not in held:
                db.add(_link(device, rule))
        elif rule.id in held:
            db.execute(delete(DeviceTag).where(*by_rule, DeviceTag.rule_id == rule.id))
    db.flush()
    return list(db.scalars(select(Tag).where(Tag.id.in_(matched)).order_by(Tag.name_key, Tag.id)))


def check_criteria(criteria: JsonValue) -> None:
    """Raise Invalid("rule_criteria") for criteria that no rule may have."""
    _count_leaves(criteria, depth=1)


def matches(criteria: JsonValue, device: Device) -> bool:
    """Tell whether the device fits; raises Invalid("rule_criteria")."""
    if not isinstance(criteria, dict):
        raise Invalid(_FIELD, "criteria are a condition or a list of them")
    if "type" in criteria:
        conditions = criteria.get("conditions")
        if not isinstance(conditions, list):
            raise Invalid(_FIELD, "`conditions` must be a list")
        found = (matches(condition, device) for condition in conditions)
        return all(found) if criteria["type"] == "and" else any(found)
    return _fits(criteria, device)


def _count_leaves(criteria: JsonValue, *, depth: int) -> int:
    if depth > _MAX_DEPTH:
        raise Invalid(_FIELD, f"conditions are nested deeper than {_MAX_DEPTH}")
    if not isinstance(criteria, dict):
        raise Invalid(_FIELD, "a condition must be an object")
    if "type" not in criteria:
        _check_leaf(criteria)
        return 1
    conditions = criteria.get("conditions")
    if criteria["type"] not in {"and", "or"} or set(criteria) != {"type", "conditions"}:
        raise Invalid(_FIELD, 'a list needs exactly `type` ("and" or "or") and `conditions`')
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= _MAX_LEAVES:
        raise Invalid(_FIELD, f"a list holds 1 to {_MAX_LEAVES} conditions")
    leaves = sum(_count_leaves(condition, depth=depth + 1) for condition in conditions)
    if leaves > _MAX_LEAVES:
        raise Invalid(_FIELD, f"a rule holds at most {_MAX_LEAVES} conditions")
    return leaves


def _check_leaf(leaf: dict[str, JsonValue]) -> None:
    if set(leaf) != {"field", "operator", "value"}:
        raise Invalid(_FIELD, "a condition needs exactly `field`, `operator` and `value`")
    field, operator, value = leaf["field"], leaf["operator"], leaf["value"]
    if field not in RULE_FIELDS:
        raise Invalid(_FIELD, f"{field} is not one of {', '.join(sorted(RULE_FIELDS))}")
    if field in {"port", "enabled"} and operator != "equals":
        raise Invalid(_FIELD, f"{field} can only be compared by equals")
    if operator == "regex":
        _compiled(value)
    elif operator == "cidr":
        if field != "ip_address":
            raise Invalid(_FIELD, "cidr is for ip_address only")
        _network(value)
    elif operator not in _TESTS:
        raise Invalid(_FIELD, f"{operator} is not an operator")


def _fits(leaf: dict[str, JsonValue], device: Device) -> bool:
    _check_leaf(leaf)
    held = getattr(device, str(leaf["field"]))
    value = leaf["value"]
    if held is None:
        return False
    if isinstance(held, bool | int):
        return str(held).casefold() == str(value).casefold()
    if leaf["operator"] == "regex":
        return bool(_compiled(value).search(held))
    if leaf["operator"] == "cidr":
        try:
            return ip_address(held) in _network(value)
        except ValueError:
            return False
    return _TESTS[str(leaf["operator"])](str(held).casefold(), str(value).casefold())


def _compiled(pattern: JsonValue) -> re2._Regexp:
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= _MAX_PATTERN:
        raise Invalid(_FIELD, f"a pattern has 1 to {_MAX_PATTERN} characters")
    try:
        return re2.compile(f"(?i:{pattern})")
    except re2.error:
        raise Invalid(_FIELD, f"{pattern!r} is not a pattern that runs in linear time") from None


def _network(value: JsonValue) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value), strict=False)
    except ValueError:
        raise Invalid(_FIELD, f"{value} is not an IPv4 or IPv6 network") from None


def _link(device: Device, rule: TagRule) -> DeviceTag:
    return DeviceTag(
        device_id=device.id,
        tag_id=rule.tag_id,
        source=LinkSource.RULE,
        rule_id=rule.id,
        rule_key=str(rule.id),
    )

"""What a tag rule asks of a device: checked once, then evaluated in linear time.

A leaf is `{"field", "operator", "value"}`, a node `{"type": "and" | "or", "conditions": [...]}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import TypeAlias

import re2

from netraven.db.types import JsonValue, is_storable
from netraven.errors import Invalid
from netraven.schemas.texts import whole_number

Facts: TypeAlias = Mapping[str, str | int | bool | None]
Matcher: TypeAlias = Callable[[Facts], bool]

RULE_FIELDS = (
    *("hostname", "ip_address", "device_type", "description", "serial_number", "model", "site"),
    *("port", "enabled"),
)

MAX_DEPTH = 5
MAX_LEAVES = 50
MAX_PATTERN = 200

_FIELD = "rule_criteria"
_TRUTH = {"true": True, "false": False}

_TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
OPERATORS = (*_TEXT_TESTS, "regex", "cidr")


def compile_criteria(criteria: JsonValue) -> Matcher:
    """Return the test of a device's facts that the criteria mean; a null fact never matches.

    Raises Invalid("rule_criteria") for anything that no rule may hold.
    """
    budget = _Budget()
    return _compiled(criteria, budget, depth=1)


class _Budget:
    """Counts the leaves of one rule."""

    def __init__(self) -> None:
        self._leaves = 0

    def take(self) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise Invalid(_FIELD, f"a rule holds at most {MAX_LEAVES} conditions")


def _compiled(criteria: JsonValue, budget: _Budget, *, depth: int) -> Matcher:
    if depth > MAX_DEPTH:
        raise Invalid(_FIELD, f"conditions are nested deeper than {MAX_DEPTH}")
    if not isinstance(criteria, dict):
        raise Invalid(_FIELD, "a condition is an object, not a list or a plain value")
    if "type" not in criteria:
        budget.take()
        return _leaf(criteria)
    if set(criteria) != {"type", "conditions"} or criteria["type"] not in ("and", "or"):
        raise Invalid(_FIELD, 'a group needs exactly `type` ("and" or "or") and `conditions`')
    conditions = criteria["conditions"]
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= MAX_LEAVES:
        raise Invalid(_FIELD, f"a group holds a list of 1 to {MAX_LEAVES} conditions")
    parts = [_compiled(condition, budget, depth=depth + 1) for condition in conditions]
    if criteria["type"] == "and":
        return lambda facts: all(part(facts) for part in parts)
    return lambda facts: any(part(facts) for part in parts)


def _leaf(leaf: dict[str, JsonValue]) -> Matcher:
    if set(leaf) != {"field", "operator", "value"}:
        raise Invalid(_FIELD, "a condition needs exactly `field`, `operator` and `value`")
    field, operator, value = leaf["field"], leaf["operator"], leaf["value"]
    if not isinstance(field, str) or field not in RULE_FIELDS:
        raise Invalid(_FIELD, f"{field!r} is no field; use one of {', '.join(RULE_FIELDS)}")
    if operator not in OPERATORS:
        raise Invalid(_FIELD, f"{operator!r} is no operator; use one of {', '.join(OPERATORS)}")
    if field in {"port", "enabled"}:
        if operator != "equals":
            raise Invalid(_FIELD, f"{field} can only be compared by equals")
        wanted = _number(value) if field == "port" else _truth(value)
        return lambda facts: facts[field] == wanted
    if not isinstance(value, str) or not is_storable(value):
        raise Invalid(_FIELD, f"{field} is compared with a text")
    return _of_text(field, _text_test(field, str(operator), value))


def _of_text(field: str, test: Callable[[str], bool]) -> Matcher:
    def matches(facts: Facts) -> bool:
        held = facts[field]
        return held is not None and test(str(held))

    return matches


def _text_test(field: str, operator: str, value: str) -> Callable[[str], bool]:
    if operator == "regex":
        return _pattern(value)
    if operator == "cidr":
        if field != "ip_address":
            raise Invalid(_FIELD, "cidr is for ip_address only")
        return _network(value)
    wanted, test = value.casefold(), _TEXT_TESTS[operator]
    return lambda held: test(held.casefold(), wanted)


def _pattern(value: str) -> Callable[[str], bool]:
    if not 1 <= len(value) <= MAX_PATTERN:
        raise Invalid(_FIELD, f"a pattern has 1 to {MAX_PATTERN} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        pattern = re2.compile(value, options)
    except re2.error:
        raise Invalid(_FIELD, f"{value!r} is not a pattern that runs in linear time") from None
    return lambda held: pattern.search(held) is not None


def _network(value: str) -> Callable[[str], bool]:
    try:
        network = ip_network(value.strip(), strict=False)
    except ValueError:
        raise Invalid(_FIELD, f"{value!r} is not an IPv4 or IPv6 network") from None

    def holds(address: str) -> bool:
        try:
            return ip_address(address) in network
        except ValueError:
            # A host name lies in no network.
            return False

    return holds


def _number(value: JsonValue) -> int:
    number = None if isinstance(value, bool) else whole_number(str(value).strip())
    if number is None:
        raise Invalid(_FIELD, "port is compared with a whole number")
    return number


def _truth(value: JsonValue) -> bool:
    wanted = value if isinstance(value, bool) else _TRUTH.get(str(value).strip().lower())
    if wanted is None:
        raise Invalid(_FIELD, "enabled is compared with true or false")
    return wanted

"""What rules may ask, what they mean, and that no pattern holds anybody up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.inventory import tag_rules
from netraven.inventory.criteria import RULE_FIELDS, Facts, compile_criteria
from netraven.inventory.tag_rules import apply_rule
from netraven.models import Credential, Device
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf

FACTS: Facts = {
    "hostname": "Core-1",
    "ip_address": "10.1.2.3",
    "device_type": "cisco_ios",
    "description": "Straße 7\nfirst floor",
    "serial_number": None,
    "model": "C9300",
    "site": "Zürich",
    "port": 22,
    "enabled": True,
}

TEXT_FIELDS = [field for field in RULE_FIELDS if field not in {"port", "enabled"}]


def node(kind: object, *conditions: object) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", {"type": kind, "conditions": list(conditions)})


@pytest.mark.parametrize(
    ("criteria", "is_match"),
    [
        (leaf("hostname", "equals", "CORE-1"), True),
        (leaf("hostname", "equals", "core"), False),
        (leaf("hostname", "contains", "RE-"), True),
        (leaf("hostname", "startswith", "core"), True),
        (leaf("hostname", "endswith", "-1"), True),
        (leaf("hostname", "endswith", "-2"), False),
        (leaf("site", "equals", "ZÜRICH"), True),
        (leaf("description", "contains", "STRASSE"), True),
        (leaf("description", "regex", "first.floor$"), True),
        (leaf("description", "regex", "7.first"), False),
        (leaf("hostname", "regex", "ore-[0-9]"), True),
        (leaf("hostname", "regex", "^ore"), False),
        (leaf("site", "regex", "zürich"), True),
        (leaf("serial_number", "equals", ""), False),
        (leaf("serial_number", "contains", ""), False),
        (leaf("serial_number", "regex", ".*"), False),
        (leaf("ip_address", "cidr", "10.0.0.0/8"), True),
        (leaf("ip_address", "cidr", "10.1.2.3"), True),
        (leaf("ip_address", "cidr", "10.1.2.9/24"), True),
        (leaf("ip_address", "cidr", "2001:db8::/32"), False),
        (leaf("port", "equals", 22), True),
        (leaf("port", "equals", " 22 "), True),
        (leaf("port", "equals", 23), False),
        (leaf("enabled", "equals", value=True), True),
        (leaf("enabled", "equals", "False"), False),
        (node("and", leaf("port", "equals", 22), leaf("model", "equals", "c9300")), True),
        (node("and", leaf("port", "equals", 22), leaf("model", "equals", "c9200")), False),
        (node("or", leaf("port", "equals", 23), leaf("model", "equals", "c9300")), True),
        (node("or", leaf("port", "equals", 23)), False),
    ],
    ids=str,
)
def test_a_rule_means_what_it_says(criteria: dict[str, JsonValue], *, is_match: bool) -> None:
    assert compile_criteria(criteria)(FACTS) is is_match


@pytest.mark.parametrize(
    ("address", "network", "is_inside"),
    [
        ("2001:db8::1", "2001:DB8::/32", True),
        ("2001:db9::1", "2001:db8::/32", False),
        ("192.0.2.255", "192.0.2.0/24", True),
        ("192.0.3.0", "192.0.2.0/24", False),
        ("192.0.2.1", "0.0.0.0/0", True),
        ("::1", "0.0.0.0/0", False),
        ("core-1.example.net", "0.0.0.0/0", False),
    ],
)
def test_a_network_holds_addresses_of_its_own_kind(
    address: str, network: str, *, is_inside: bool
) -> None:
    matches = compile_criteria(leaf("ip_address", "cidr", network))

    assert matches({**FACTS, "ip_address": address}) is is_inside


@pytest.mark.parametrize(
    "criteria",
    [
        None,
        [],
        "hostname",
        {},
        leaf("password", "equals", "x"),
        leaf("credential_id", "equals", "x"),
        leaf("owner_id", "equals", "x"),
        leaf("id", "equals", "x"),
        leaf("notes", "equals", "x"),
        leaf("__class__", "equals", "x"),
        leaf(["hostname"], "equals", "x"),
        leaf("hostname", "like", "x"),
        leaf("hostname", ["equals"], "x"),
        leaf("hostname", None, "x"),
        leaf("hostname", "equals", 7),
        leaf("hostname", "equals", None),
        leaf("hostname", "equals", ["x"]),
        leaf("hostname", "equals", "a\0b"),
        leaf("hostname", "equals", "\ud800"),
        leaf("hostname", "cidr", "10.0.0.0/8"),
        leaf("ip_address", "cidr", "10.0.0.0/33"),
        leaf("ip_address", "cidr", "everywhere"),
        leaf("hostname", "regex", ""),
        leaf("hostname", "regex", "x" * 201),
        leaf("hostname", "regex", "("),
        leaf("hostname", "regex", r"(a)\1"),
        leaf("hostname", "regex", "(?=a)"),
        leaf("hostname", "regex", "((a{500}){500}){500}"),
        leaf("port", "contains", "2"),
        leaf("port", "equals", "ssh"),
        leaf("port", "equals", value=True),
        leaf("port", "equals", 22.5),
        leaf("port", "equals", -1),
        leaf("enabled", "equals", "maybe"),
        leaf("enabled", "regex", "true"),
        {**leaf("hostname", "equals", "x"), "more": 1},
        {"field": "hostname", "value": "x"},
        node("and"),
        node("not", leaf("hostname", "equals", "x")),
        node(["and"], leaf("hostname", "equals", "x")),
        {"type": "and", "conditions": {}},
        {"type": "and", "conditions": [leaf("port", "equals", 22)], "more": 1},
        node("and", *[leaf("port", "equals", 22)] * 51),
        node("and", *[node("or", *[leaf("port", "equals", 22)] * 26)] * 2),
        node("and", node("or", node("and", node("or", node("and", leaf("port", "equals", 1)))))),
    ],
    ids=lambda criteria: str(criteria)[:60],
)
def test_anything_else_is_refused_in_one_sentence(criteria: JsonValue) -> None:
    with pytest.raises(Invalid) as refused:
        compile_criteria(criteria)

    assert refused.value.field == "rule_criteria"
    assert "\n" not in str(refused.value)


def test_the_bounds_themselves_are_accepted() -> None:
    deepest = node("and", node("or", node("and", node("or", leaf("port", "equals", 22)))))
    widest = node("or", *[leaf("port", "equals", 22)] * 50)
    longest = leaf("hostname", "regex", "x" * 199 + "?")

    assert compile_criteria(deepest)(FACTS)
    assert compile_criteria(widest)(FACTS)
    assert not compile_criteria(longest)(FACTS)


def test_no_field_of_a_rule_reaches_a_secret() -> None:
    columns = set(Device.__table__.columns.keys())

    assert set(RULE_FIELDS) <= columns
    assert not set(RULE_FIELDS) & (set(Credential.__table__.columns.keys()) - {"description"})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]$"])
def test_a_pattern_that_would_hang_ends_in_time(inventory: Inventory, pattern: str) -> None:
    inventory.add_device("core-1", description="a" * 9_999 + "b")
    criteria = leaf("description", "regex", pattern)
    inventory.add_rule(inventory.add_tag("slow"), criteria, "slow")

    began = time.process_time()
    tested = inventory.run(tag_rules.test_rule, criteria)
    took_s = time.process_time() - began
    added = inventory.add_device("core-2", description="a" * 9_999 + "b")

    assert tested["total_devices"] == 1
    assert inventory.device(added).hostname == "core-2"
    assert took_s < 1


NAMES = st.text(st.sampled_from("abAB-1._ßéİK"), max_size=6)
PATTERNS = st.lists(
    st.sampled_from(["a", "b", "B", "1", "-", ".", "a*", "[ab1]", "(a|b1)", "a?", "^", "$", r"\d"]),
    min_size=1,
    max_size=5,
).map("".join)
NETWORKS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "::/0", "0.0.0.0/0"]
ADDRESSES = ["10.0.0.1", "10.1.2.3", "192.0.2.1", "2001:db8::1", "2001:db9::1", "a.example.net"]

PLAIN_LEAVES = st.builds(
    leaf,
    st.sampled_from(TEXT_FIELDS),
    st.sampled_from(["equals", "contains", "startswith", "endswith"]),
    NAMES,
)
PATTERN_LEAVES = st.builds(leaf, st.sampled_from(TEXT_FIELDS), st.just("regex"), PATTERNS)
NETWORK_LEAVES = st.builds(leaf, st.just("ip_address"), st.just("cidr"), st.sampled_from(NETWORKS))
FLAG_LEAVES = st.builds(leaf, st.just("enabled"), st.just("equals"), st.booleans()) | st.builds(
    leaf, st.just("port"), st.just("equals"), st.sampled_from([22, "22", 830])
)
LEAVES = PLAIN_LEAVES | PATTERN_LEAVES | NETWORK_LEAVES | FLAG_LEAVES


def nested(depth: int) -> st.SearchStrategy[dict[str, JsonValue]]:
    if depth == 1:
        return LEAVES
    inner = st.lists(nested(depth - 1), min_size=1, max_size=3)
    groups = st.tuples(st.sampled_from(["and", "or"]), inner)
    return LEAVES | groups.map(lambda group: node(group[0], *group[1]))


CRITERIA = nested(4)
# Letters of other alphabets stay out of what patterns see: engines fold their case differently.
WORDS = st.none() | st.text(st.sampled_from("abAB-1._"), max_size=8)
DEVICES: st.SearchStrategy[dict[str, str | int | bool | None]] = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXT_FIELDS, WORDS),
        "ip_address": st.sampled_from(ADDRESSES),
        "port": st.sampled_from([22, 830]),
        "enabled": st.booleans(),
    }
)


def plainly(criteria: Mapping[str, JsonValue], facts: Facts) -> bool:
    """Evaluate as the contract reads, with Python's own means."""
    if "type" in criteria:
        conditions = cast("list[dict[str, JsonValue]]", criteria["conditions"])
        results = [plainly(condition, facts) for condition in conditions]
        return all(results) if criteria["type"] == "and" else any(results)
    held, wanted = facts[str(criteria["field"])], criteria["value"]
    if not isinstance(held, str):
        return held is not None and str(held) == str(wanted)
    text, value = held.casefold(), str(wanted).casefold()
    is_address = re.fullmatch(r"[0-9a-f.:]*[0-9:]", held) is not None
    meanings: dict[str, Callable[[], bool]] = {
        "equals": lambda: text == value,
        "contains": lambda: value in text,
        "startswith": lambda: text[: len(value)] == value,
        "endswith": lambda: value == "" or text[-len(value) :] == value,
        "regex": lambda: re.search(str(wanted), held, re.IGNORECASE) is not None,
        "cidr": lambda: is_address and ip_address(held) in ip_network(str(wanted)),
    }
    return meanings[str(criteria["operator"])]()


@given(CRITERIA, DEVICES)
def test_rules_agree_with_a_plain_evaluation(
    criteria: dict[str, JsonValue], facts: dict[str, str | int | bool | None]
) -> None:
    assert compile_criteria(criteria)(facts) is plainly(criteria, facts)


def test_rules_over_stored_devices_agree_with_a_plain_evaluation(
    sqlite_database: Database,
) -> None:
    inventory = Inventory(sqlite_database)
    facts_of: dict[str, Facts] = {}
    for number in range(24):
        facts: dict[str, str | int | bool | None] = {
            "hostname": f"{'aAbB'[number % 4]}{number}-b1"[: 4 + number % 4].rstrip("-"),
            "ip_address": ADDRESSES[number % 5] if number < 5 else f"a{number}.example.net",
            "device_type": "cisco_ios",
            "description": [None, "ab", "B1-a"][number % 3],
            "serial_number": None,
            "model": [None, "a.b"][number % 2],
            "site": [None, "ab", "ba", "AB"][number % 4],
            "port": [22, 830][number % 2],
            "enabled": number % 5 > 0,
        }
        fields = {name: held for name, held in facts.items() if name != "hostname"}
        inventory.add_device(str(facts["hostname"]), "", **fields)
        facts_of[str(facts["hostname"])] = facts
    rule_id = inventory.add_rule(inventory.add_tag("wanted"), leaf("port", "equals", 1))

    @given(CRITERIA)
    def agree(criteria: dict[str, JsonValue]) -> None:
        wanted = {name for name, facts in facts_of.items() if plainly(criteria, facts)}
        inventory.update_rule(rule_id, rule_criteria=criteria)
        tested = inventory.run(tag_rules.test_rule, criteria)
        applied = inventory.run(apply_rule, rule_id)
        assert {row["hostname"] for row in tested["matching_devices"]} == wanted
        assert applied is not None
        assert applied["matched_devices"] == len(wanted)
        assert inventory.run(apply_rule, rule_id) == {**applied, "added": 0, "removed": 0}

    agree()

"""A user's own platform: its declaration in YAML, read to the same frozen data as a native one.

What every key means is in `docs/operations/own-platforms.md`. All patterns in it run by RE2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from netraven.platforms.documents import Fields, Node, read_document
from netraven.platforms.observation import Yields
from netraven.platforms.own_lines import (
    read_blocks,
    read_errors,
    read_facts_rules,
    read_intruders,
    read_literals,
    read_secrets,
    read_volatile,
    read_volatile_blocks,
)
from netraven.platforms.own_session import (
    read_aliases,
    read_commands,
    read_completeness,
    read_enable,
    read_entry,
    read_pagers,
    read_prompt,
    read_prompt_lead,
    read_questions,
    read_typed,
    read_words,
)
from netraven.platforms.platform import Aliases, Completeness, Platform, Proof
from netraven.platforms.registry import get_platform, platform_names, resolve_platform
from netraven.platforms.secret_rules import WORDS

MAX_NAME: Final = 40


def read_platform(text: str, source: str) -> Platform:
    """Return the platform that a declaration describes; `source` is what faults call its file.

    Raises Invalid, whose message begins with file, line and column.
    """
    fields = read_document(text, source).fields(_KEYS)
    name = _read_name(fields.need("name"))
    base = fields.read("extends", _read_base, None)
    told: dict[str, Any] = {
        field: reader(fields.need(key))
        for key, (field, reader) in _REPLACING.items()
        if key in fields
    }
    added = {key: reader(fields.need(key)) for key, reader in _ADDING.items() if key in fields}
    told |= {"name": name, "proof": Proof.OWN, "recordings": 0, "source": source}
    if base is not None:
        # Another tool's name for the native platform is no name for this one.
        told.setdefault("aliases", Aliases())
        told |= {key: (*found, *getattr(base, key)) for key, found in added.items()}
        return _checked(replace(base, **told), fields)
    for needed in ("prompt", "commands"):
        fields.need(needed)
    if "secrets" in added:
        added["secrets"] += WORDS
    usual: dict[str, Any] = {"vendor": "unknown", "label": name}
    usual["completeness"] = Completeness(reread=True)
    return _checked(Platform(**(usual | added | told)), fields)


_NAME: Final = re.compile(rf"[a-z][a-z0-9_]{{1,{MAX_NAME - 1}}}")

_Reader: TypeAlias = Callable[[Node], object]

_REPLACING: Final[dict[str, tuple[str, _Reader]]] = {
    "vendor": ("vendor", read_words),
    "label": ("label", read_words),
    "aliases": ("aliases", read_aliases),
    "prompt": ("prompt", read_prompt),
    "prompt_lead": ("prompt_lead", read_prompt_lead),
    "entry": ("entry", read_entry),
    "questions": ("questions", read_questions),
    "pagers": ("pagers", read_pagers),
    "paging_off": ("paging_off", read_typed),
    "enable": ("enable", read_enable),
    "commands": ("commands", read_commands),
    "complete": ("completeness", read_completeness),
    "facts": ("facts", read_facts_rules),
    "comment": ("comment", read_words),
    "blocks": ("blocks", read_blocks),
    "leave": ("leave", read_typed),
}
"""What replaces the native platform's, under the field of `Platform` that it becomes."""

_ADDING: Final[dict[str, Callable[[Node], tuple[Any, ...]]]] = {
    "errors": read_errors,
    "intruders": read_intruders,
    "literals": read_literals,
    "volatile": read_volatile,
    "volatile_blocks": read_volatile_blocks,
    "unordered": read_volatile,
    "secrets": read_secrets,
}
"""What comes before the native platform's: above all, no secret of that is shown."""

_KEYS: Final = ("name", "extends", *_REPLACING, *_ADDING)


def _read_name(node: Node) -> str:
    name = node.text()
    if _NAME.fullmatch(name) is None:
        raise node.fault(
            f"{name!r} is no name for a platform; use 2 to {MAX_NAME} small letters, digits and _, "
            "a letter first"
        )
    native = resolve_platform(name)
    if native is not None:
        whose = "NetRaven's own" if native.name == name else f"another tool's for {native.name}"
        raise node.fault(f"the name {name} is {whose}; choose another, such as {name}_own")
    return name


def _read_base(node: Node) -> Platform:
    base = get_platform(node.text())
    if base is None or base.bridge or not base.commands:
        raise node.fault(
            f"{node.text()} is no native platform; take one of {', '.join(platform_names())}"
        )
    return base


def _checked(platform: Platform, fields: Fields) -> Platform:
    """Refuse what is right in each part and wrong as a whole."""
    if not platform.commands_for(Yields.RUNNING):
        raise fields.need("commands").fault("no command yields `running`; that one is the backup")
    texts = [command.text for command in platform.commands]
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise fields.need("commands").fault(f"the command {twice!r} stands there twice")
    return platform

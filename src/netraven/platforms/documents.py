"""YAML read with the place of every value, so that each fault can be named by line and column.

Only what a declaration needs: mappings, lists and plain values, which are texts until somebody
asks for something else of them, so that `no` is a word where a word is due. Anchors and tags are
refused: they can make a small file large, or a value what it does not look like.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeVar

import yaml

from netraven.errors import Invalid

T = TypeVar("T")

MAX_CHARACTERS: Final = 32 * 1024 * 1024
"""The longest document that is read."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document, and where it stands; raises Invalid that names the place."""

    source: str
    node: yaml.Node
    path: str

    def fault(self, reason: str) -> Invalid:
        """Return the fault at this place, for the caller to raise."""
        return _fault(self.source, self.node.start_mark, f"{self.path}: {reason}".lstrip(": "))

    def is_null(self) -> bool:
        """Tell whether nothing, `~` or `null` stands there."""
        return (
            isinstance(self.node, yaml.ScalarNode)
            and not self.node.style
            and self.node.value in {"", "~", "null"}
        )

    def is_list(self) -> bool:
        """Tell whether a list stands there."""
        return isinstance(self.node, yaml.SequenceNode)

    def text(self, *, may_be_empty: bool = False) -> str:
        """Return the text that stands there."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.fault(f"a text is due here, not {_kind(self.node)}")
        if not self.node.value and not may_be_empty:
            raise self.fault("a text is due here, and nothing stands there")
        return str(self.node.value)

    def flag(self) -> bool:
        """Return `true` or `false`."""
        said = self.node.value if isinstance(self.node, yaml.ScalarNode) else None
        if said not in {"true", "false"}:
            raise self.fault("true or false is due here")
        return bool(said == "true")

    def number(self) -> float:
        """Return a number that is not negative."""
        try:
            value = float(self.text())
        except ValueError:
            raise self.fault("a number is due here") from None
        if not 0 <= value < float("inf"):
            raise self.fault("a number from 0 is due here")
        return value

    def items(self) -> Iterator[Node]:
        """Yield the entries of a list; of nothing, none."""
        if self.is_null():
            return
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.fault(f"a list is due here, not {_kind(self.node)}; begin each entry with -")
        for number, node in enumerate(self.node.value, start=1):
            yield Node(self.source, node, f"{self.path}[{number}]")

    def list_of(self, reader: Callable[[Node], T]) -> tuple[T, ...]:
        """Return what the reader makes of each entry of a list."""
        return tuple(reader(item) for item in self.items())

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yield the keys and values of a mapping in order, a key perhaps more than once."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.fault(f"keys with values are due here, not {_kind(self.node)}")
        for key, value in self.node.value:
            name = Node(self.source, key, self.path)
            yield name, Node(self.source, value, f"{self.path}.{name.text()}".lstrip("."))

    def fields(self, known: Collection[str]) -> Fields:
        """Return the values of a mapping by key; an unknown one and a second one are faults."""
        found: dict[str, Node] = {}
        for key, value in self.pairs():
            name = key.text()
            if name not in known:
                raise key.fault(f"`{name}` is not known here; {_meant(name, known)}")
            if name in found:
                raise key.fault(f"`{name}` stands here for the second time")
            found[name] = value
        return Fields(self, found)


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping by key."""

    whole: Node
    _found: dict[str, Node]

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def need(self, name: str) -> Node:
        """Return the value of a key; raises Invalid where it is missing."""
        found = self._found.get(name)
        if found is None:
            raise self.whole.fault(f"`{name}` is missing")
        return found

    def get(self, name: str) -> Node | None:
        """Return the value of a key, None where it is missing."""
        return self._found.get(name)

    def read(self, name: str, reader: Callable[[Node], T], otherwise: T) -> T:
        """Return what the reader makes of a key's value, or what holds without it."""
        found = self._found.get(name)
        return otherwise if found is None else reader(found)

    def list_of(self, name: str, reader: Callable[[Node], T]) -> tuple[T, ...]:
        """Return what the reader makes of each entry of a key's list; without the key nothing."""
        found = self._found.get(name)
        return () if found is None else found.list_of(reader)


def read_document(text: str, source: str) -> Node:
    """Return the top of the only document in the text; `source` is what faults call it.

    Raises Invalid with line and column for what is no such YAML.
    """
    if len(text) > MAX_CHARACTERS:
        raise Invalid(source, f"it is longer than {MAX_CHARACTERS} characters")
    try:
        depth = 0
        for event in yaml.parse(text, _LOADER):
            _refuse(event, source)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise _fault(source, event.start_mark, "it is nested too deeply to mean anything")
        node = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        raise _fault(source, error.problem_mark or error.context_mark, _problem(error)) from None
    except yaml.YAMLError as error:
        raise Invalid(
            source, f"it is no text that YAML takes: {str(error).splitlines()[0]}"
        ) from None
    if node is None:
        raise Invalid(source, "it is empty")
    return Node(source, node, "")


_DEEPEST: Final = 32
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse(event: yaml.Event, source: str) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _fault(source, event.start_mark, "anchors (& and *) are not taken here; quote a text")
    if getattr(event, "tag", None):
        raise _fault(source, event.start_mark, "tags (!) are not taken here; quote a text")


def _fault(source: str, mark: yaml.Mark | None, reason: str) -> Invalid:
    if mark is None:
        return Invalid(source, reason)
    return Invalid(f"{source}, line {mark.line + 1}, column {mark.column + 1}", reason)


def _problem(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(filter(None, (error.context, error.problem)))
    return f"it is not YAML: {said}; quote texts that hold : # [ {{ % or begin with *"


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "keys with values"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known are {', '.join(sorted(known))}"

"""JSON values that notice edits in place, so that these are stored like a new value.

SQLAlchemy's own mutable types notice edits of the outermost container only, and refuse columns
that may also hold a text or a number.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlalchemy import JSON, event
from sqlalchemy.orm import DeclarativeBase, InstanceState, Mapper
from sqlalchemy.orm.attributes import flag_modified
from typing_extensions import override

_Change: TypeAlias = Callable[[], None]


def notice_edits(base: type[DeclarativeBase]) -> None:
    """Make the JSON columns of all tables of this base store edits in place."""

    def listen(mapper: Mapper[DeclarativeBase], kind: type[DeclarativeBase]) -> None:
        for attribute in mapper.column_attrs:
            if isinstance(attribute.columns[0].type, JSON):
                _listen_to(kind, attribute.key)

    event.listen(base, "mapper_configured", listen, propagate=True)


class EditableDict(dict[str, object]):
    """An object of a JSON column; equal to, and copied as, a plain dict."""

    __slots__ = ("_note_change",)

    def __init__(self, value: Mapping[str, object], note_change: _Change) -> None:
        super().__init__({key: _editable(item, note_change) for key, item in value.items()})
        self._note_change = note_change

    @override
    def __reduce__(self) -> tuple[type, tuple[dict[str, object]]]:
        return dict, (dict(self),)

    def note_change(self) -> None:
        """Make new members editable too, and tell the row."""
        for key, item in self.items():
            dict.__setitem__(self, key, _editable(item, self._note_change))
        self._note_change()

    @override
    def setdefault(self, key: str, default: object = None, /) -> object:
        """Return the member, which is editable also when it is new."""
        if key not in self:
            self[key] = default
        return self[key]


class EditableList(list[object]):
    """An array of a JSON column; equal to, and copied as, a plain list."""

    __slots__ = ("_note_change",)

    def __init__(self, value: list[object], note_change: _Change) -> None:
        super().__init__(_editable(item, note_change) for item in value)
        self._note_change = note_change

    @override
    def __reduce__(self) -> tuple[type, tuple[list[object]]]:
        return list, (list(self),)

    def note_change(self) -> None:
        """Make new members editable too, and tell the row."""
        for index, item in enumerate(self):
            list.__setitem__(self, index, _editable(item, self._note_change))
        self._note_change()


def _editable(value: object, note_change: _Change) -> object:
    """Return a JSON value whose containers, at any depth, call `note_change` when edited."""
    match value:
        case EditableDict() | EditableList() if value._note_change is note_change:  # noqa: SLF001
            return value
        case dict():
            return EditableDict(value, note_change)
        case list():
            return EditableList(value, note_change)
        case _:
            return value


def _announcing(kind: type, name: str) -> Callable[..., object]:
    plain = getattr(kind, name)

    def edit(self: EditableDict | EditableList, *args: object, **kwargs: object) -> object:
        result: object = plain(self, *args, **kwargs)
        self.note_change()
        return result

    return edit


for _name in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "update"):
    setattr(EditableDict, _name, _announcing(dict, _name))
for _name in ("__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "extend", "insert"):
    setattr(EditableList, _name, _announcing(list, _name))
for _name in ("clear", "pop", "remove", "reverse", "sort"):
    setattr(EditableList, _name, _announcing(list, _name))


def _listen_to(kind: type[DeclarativeBase], key: str) -> None:
    def note_change_of(state: InstanceState[DeclarativeBase]) -> _Change:
        row_of = weakref.ref(state)

        def note_change() -> None:
            known = row_of()
            # A row that was dropped, or a value that was read anew, has nothing to store.
            if known is not None and key in known.dict and (row := known.obj()) is not None:
                flag_modified(row, key)

        return note_change

    def on_set(
        state: InstanceState[DeclarativeBase], value: object, _before: object, _event: object
    ) -> object:
        return _editable(value, note_change_of(state))

    def on_load(state: InstanceState[DeclarativeBase], *_details: object) -> None:
        value = state.dict.get(key)
        if isinstance(value, dict | list) and not isinstance(value, EditableDict | EditableList):
            state.dict[key] = _editable(value, note_change_of(state))

    event.listen(getattr(kind, key), "set", on_set, raw=True, retval=True)
    for moment in ("load", "refresh", "refresh_flush"):
        event.listen(kind, moment, on_load, raw=True)

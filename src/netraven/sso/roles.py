"""From groups to the one role that they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netraven.db.enums import Role

# A later role may all that an earlier one may.
_RISING = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def role_of(groups: Iterable[str], roles: Mapping[str, Role]) -> Role | None:
    """Return the highest role that one of the groups has, None where none has any."""
    given = {roles[group] for group in groups if group in roles}
    return max(given, key=_RISING.index, default=None)

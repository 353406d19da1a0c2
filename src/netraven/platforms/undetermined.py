"""A device whose platform nobody has named yet: it is found out when the device is first met."""

from __future__ import annotations

import re
from typing import Final

from netraven.platforms.platform import Platform, Proof

UNDETERMINED: Final = Platform(
    name="auto",
    vendor="any",
    label="Not known yet, found out at first contact",
    proof=Proof.DOCUMENTED,
    prompt=re.compile(r"\S[^\n]{0,120}[>#$%\])]|[>#$%]"),
    commands=(),
)
"""It has no commands and no rules for secrets: nothing is collected or shown by its name."""

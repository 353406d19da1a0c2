"""Pagers as most command lines word them, for those that a platform does not declare."""

from __future__ import annotations

import re
from typing import Final

from netraven.platforms.platform import Pager

COMMON_PAGERS: Final = (
    Pager(pattern=re.compile(r"(?i:\(END\))$"), key="q"),
    Pager(pattern=re.compile(r"(?i:(?:^|[\s(\[<-])more\b[^\n]{0,100})$")),
    Pager(pattern=re.compile(r"(?i:\blines \d+-\d+[^\n]{0,60})$")),
    Pager(
        pattern=re.compile(
            r"(?i:\b(?:press|hit|type)\b[^\n]{0,40}\b(?:space|any key|q|cr|enter|return)\b"
            r"[^\n]{0,80})$"
        )
    ),
    Pager(pattern=re.compile(r"(?i:\bq(?:uit)?\b[^\n]{0,40}\b(?:space|next page)\b[^\n]{0,80})$")),
)
"""They would be found in many a configuration: only where a device says no more do they count."""

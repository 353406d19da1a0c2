"""Lines that devices print into whatever a terminal shows, on any platform."""

from __future__ import annotations

import re

LOG_LINES = (
    # %LINK-3-UPDOWN, %ASA-6-302013, with or without a sequence number and a time before it.
    re.compile(
        r"(?:\d+: )*(?:\S{0,12}(?:[*.]?[A-Z][a-z]{2} +\d|\d\d:\d\d:\d\d|\d+[wdy]\d+[dh]).{0,60}: )?"
        r"%[A-Z0-9_]+(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: "
    ),
    # RFC 3164 and RFC 5424 as syslog daemons print them.
    re.compile(r"(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:]+: "),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* \S+ \S+: "),
    re.compile(r"(?i:broadcast message from )|Message from syslogd@"),
    re.compile(r"\*\*\* (?:Message from|--- SHUTDOWN)"),
)
"""Patterns for the start of a line that is a log message or a broadcast to all terminals."""

FOREIGN_PROMPT = re.compile(r"[A-Za-z][\w.-]*[#>] *$")
"""Another device's prompt alone on a line, where the platform's own has another form."""

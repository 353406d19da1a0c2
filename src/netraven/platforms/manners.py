"""What many command lines have in common: prompts, pagers, questions and refusals."""

from __future__ import annotations

import re

from netraven.platforms.platform import Pager, Question

CLI_PROMPT = re.compile(r"(?P<name>[A-Za-z0-9][\w.:/@~+-]*)(?: ?\([\w./: -]+\))?[>#]")
"""`name>`, `name#`, `name(config-if)#`."""

SHELL_PROMPT = re.compile(r"\[?(?:[\w.-]+@)(?P<name>[\w.-]+)(?:[: ][^\n]{0,200}?)?\]? ?[$#%>]")
"""`user@name:~$`, `[user@name ~]#`, of a Unix shell."""

MORE = Pager(pattern=re.compile(r"(?i:<?-{2,} ?more ?-{2,}>?(?: ?\(\d+%\))?)$"))
"""`--More--` in its usual shapes; a blank shows the next page."""

PRESS_ANY_KEY = Question(pattern=re.compile(r"(?i:.*press (?:any key|return|enter).*)"), answer="")
"""What stands between login and prompt until a key is pressed."""

CLI_REFUSALS = (
    re.compile(
        r"(?i:% ?(?:invalid|incomplete|ambiguous|unknown|unrecogni[sz]ed|bad|error|wrong"
        r"|authorization|access denied|not enough|can't|cannot|parse error|command incomplete))"
    ),
    re.compile(r"(?i:(?:command )?authorization failed|permission denied|insufficient privilege)"),
    re.compile(r"(?i:\^? ?invalid (?:input|command|parameter)|(?:unknown|incomplete) command)"),
)
"""The start of a line that says that a command was not taken, in the words of most vendors."""

"""The line a client is typing, edited as a terminal driver does."""

from __future__ import annotations


class LineEditor:
    """Takes keys, gives what the screen shows for them.

    `mask` is None where keys are shown as they are, else what stands for each.
    """

    def __init__(self) -> None:
        self.text = ""
        self.mask: str | None = None
        self._was_return = False

    def is_end(self, key: str) -> bool:
        """Tell whether a key ends the line; LF or NUL behind CR is part of the same key."""
        was_return, self._was_return = self._was_return, key == "\r"
        return key == "\r" or (key == "\n" and not was_return)

    def take(self) -> str:
        """Return the line and begin a new one."""
        line, self.text = self.text, ""
        return line

    def edit(self, key: str) -> str:
        """Change the line by a key that does not end it, and return what to show."""
        match key:
            case "\x08" | "\x7f":
                return self._rub_out(1)
            case "\x15":
                return self._rub_out(len(self.text))
            case "\x17":
                head, blank, _ = self.text.rstrip().rpartition(" ")
                return self._rub_out(len(self.text) - len(head + blank))
            case _ if key.isprintable():
                self.text += key
                return key if self.mask is None else self.mask
            case _:
                return ""

    def _rub_out(self, count: int) -> str:
        count = min(count, len(self.text))
        self.text = self.text[: len(self.text) - count]
        return "\b \b" * count if self.mask != "" else ""

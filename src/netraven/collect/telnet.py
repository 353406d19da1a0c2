"""A device's terminal over telnet, as the stream that a session reads and writes.

Of telnetlib3 only the interpreter of commands is used, and of what that knows only what a terminal
needs: RFC 854 (commands), 856 (binary), 857 (echo), 858 (no go-ahead), 1073 (window), 1091 (type).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Final, cast

import asyncssh
from telnetlib3.stream_writer import TelnetWriter
from telnetlib3.telopt import BINARY, DO, DONT, ECHO, IAC, NAWS, SGA, TTYPE, WILL, WONT
from typing_extensions import override

from netraven.collect.inbox import Inbox
from netraven.collect.walk import Pulse
from netraven.errors import SessionLost

_FIRST_BYTES: Final = 256
_MOST_REQUESTS: Final = 500
# No byte of it is 255, which some servers forget to read as the escape that it is.
_COLUMNS: Final = 512
_ROWS: Final = 1000
_TERMINAL: Final = "VT100"
_OURS: Final = frozenset({BINARY, SGA, NAWS, TTYPE})
_THEIRS: Final = frozenset({BINARY, SGA, ECHO})

# The library words what devices send; nothing of that belongs into a log. One that `logging` does
# not know is woken by nobody's configuration.
_MUTE: Final = logging.Logger("telnet", level=logging.CRITICAL + 1)  # noqa: LOG001  see above


class Line(asyncio.Protocol, asyncssh.SSHTCPSession[bytes]):
    """A `Stream` over telnet; stops reading from the network while nobody takes its bytes.

    It serves a TCP connection and an SSH server's forwarding alike. `first_bytes` is the
    beginning of what the peer sent, commands included.
    """

    def __init__(self, pulse: Pulse) -> None:
        self.first_bytes = b""
        self._pulse = pulse
        self._transport: asyncio.Transport | None = None
        self._options: _Options | None = None
        self._inbox = Inbox()

    async def read(self) -> bytes:
        """Return all text that has arrived; `b""` once the device has closed."""
        return await self._inbox.read()

    async def write(self, data: bytes) -> None:
        """Send bytes, Enter as the protocol has it; raise `SessionLost` where nobody reads."""
        if self._options is None or self._inbox.is_ended or self._options.is_closing():
            raise SessionLost("the device closed the session before it was asked to", step="telnet")
        self._options.write(data.replace(b"\r", self._options.enter()))

    async def close(self) -> None:
        """Give the terminal up once what was typed is on its way."""
        if self._transport is not None:
            self._transport.close()
        self._inbox.end()

    def abort(self) -> None:
        """Break off at once."""
        if self._transport is not None:
            self._transport.abort()
        self._inbox.end()

    @override
    def connection_made(
        self, transport: asyncio.BaseTransport | asyncssh.SSHTCPChannel[bytes]
    ) -> None:
        # A channel has all that is used of a transport.
        self._transport = cast("asyncio.Transport", transport)
        self._options = _Options(self._transport)
        self._inbox.bind(self._transport)

    @override
    def data_received(self, data: bytes, datatype: object = None) -> None:
        self._pulse.received_bytes += len(data)
        self.first_bytes = self.first_bytes or data[:_FIRST_BYTES]
        if self._options is None:
            return
        text = self._options.take(data)
        if self._options.requests > _MOST_REQUESTS:
            self.abort()
        self._inbox.put(text)

    @override
    def eof_received(self) -> bool:
        self._inbox.end()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._inbox.end()


class _Options(TelnetWriter):
    """Agrees to what a terminal is made of and to nothing else; it asks for nothing itself.

    The library would agree to compression, to line editing and to protocols of games besides.
    `requests` counts what the server has asked for: one that never ends is not listened to.
    """

    slc_simulated = False

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport, None, client=True)
        self.log = _MUTE
        self.requests = 0
        self.set_ext_send_callback(NAWS, lambda: (_ROWS, _COLUMNS))
        self.set_ext_send_callback(TTYPE, lambda: _TERMINAL)

    def take(self, data: bytes) -> bytes:
        """Return the text in what has arrived; the commands in it are answered."""
        if not self.is_oob and IAC not in data:
            return data
        text = bytearray()
        position = 0
        while position < len(data):
            if self.is_oob or data[position] == IAC[0]:
                if self._is_text(data[position : position + 1]):
                    text += data[position : position + 1]
                position += 1
                continue
            end = data.find(IAC, position)
            end = len(data) if end < 0 else end
            text += data[position:end]
            position = end
        return bytes(text)

    def enter(self) -> bytes:
        """Return what the Enter key sends: RFC 854 lets no CR stand alone but in binary."""
        if self.local_option.enabled(BINARY):
            return b"\r"
        has_no_go_ahead = self.local_option.enabled(SGA) or self.remote_option.enabled(SGA)
        return b"\r\0" if has_no_go_ahead else b"\r\n"

    @override
    def handle_do(self, opt: bytes) -> bool:
        self.requests += 1
        if opt not in _OURS:
            self.iac(WONT, opt)
            return False
        if not self.local_option.enabled(opt):
            self.iac(WILL, opt)
        if opt == NAWS:
            self._send_naws()
        return True

    @override
    def handle_will(self, opt: bytes) -> None:
        self.requests += 1
        if opt not in _THEIRS:
            self.iac(DONT, opt)
        elif not self.remote_option.enabled(opt):
            self.iac(DO, opt)
            self.remote_option[opt] = True

    @override
    def handle_subnegotiation(self, buf: deque[bytes]) -> None:
        """Tell the terminal's type; whatever else a server wants to know is not its business."""
        self.requests += 1
        if buf and buf[0] == TTYPE:
            super().handle_subnegotiation(buf)

    def _is_text(self, byte: bytes) -> bool:
        """Feed a byte to the interpreter; what it cannot make sense of is no text either."""
        try:
            return self.feed_byte(byte)
        except (ValueError, IndexError, KeyError, UnicodeError):
            return False

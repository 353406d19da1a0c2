"""Servers that are not quite NetRaven: of another version, breaking off, or something else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


@dataclass(frozen=True)
class Told:
    """One answer: what stands in it, and its headers."""

    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> Told:
        told = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(json.dumps(value), status, {"Content-Type": "application/json", **told})


@dataclass
class OddServer:
    """What it was asked, as method, path and headers."""

    url: str
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def odd_server(answers: Sequence[Told]) -> Iterator[OddServer]:
    """Answer one request after the other, the last answer again and again."""
    waiting = [*answers]

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append((self.command, self.path, names))
            told = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body.encode())))
            self.end_headers()
            self.wfile.write(told.body.encode())

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  names of the standard library

        @override
        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = OddServer(f"http://127.0.0.1:{listener.server_address[1]}")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()

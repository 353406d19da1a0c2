"""Configurations of a given size that change by one line at a time, the same in every run."""

from __future__ import annotations

import random


class Router:
    """An IOS-like configuration of about `size_bytes`, with numbers drawn from the seed."""

    def __init__(self, seed: int, *, size_bytes: int = 60_000) -> None:
        self._chance = random.Random(seed)
        self._lines = ["version 17.9", "service timestamps log datetime msec", f"hostname r{seed}"]
        length = 0
        while length < size_bytes:
            interface = self._interface()
            self._lines += interface
            length += sum(len(line) + 1 for line in interface)
        self._lines.append("end")
        self._changes = 0

    def text(self) -> bytes:
        """Return the configuration as it is now."""
        return "\n".join([*self._lines, ""]).encode()

    def change(self) -> bytes:
        """Change one line, and return the configuration."""
        self._changes += 1
        place = self._chance.randrange(3, len(self._lines) - 1)
        ticket = self._chance.randrange(10**6)
        self._lines[place] = f" description ticket {ticket}, change {self._changes}"
        return self.text()

    def _interface(self) -> list[str]:
        draw = self._chance.randrange
        number = len(self._lines) // 8
        lines = [
            f"interface GigabitEthernet{number // 48 + 1}/0/{number % 48 + 1}",
            f" description uplink to access-{draw(10**5)} port {draw(48)}",
            f" switchport access vlan {draw(2, 4000)}",
            f" ip address 10.{draw(255)}.{draw(255)}.{draw(255)} 255.255.255.0",
            f" ip access-group ACL-{draw(100)} in",
            " spanning-tree portfast",
            " no shutdown",
            "!",
        ]
        if number % 6 == 0:
            lines[-1:] = [f" standby 1 authentication md5 key-string 7 {draw(16**30):030X}", "!"]
        return lines

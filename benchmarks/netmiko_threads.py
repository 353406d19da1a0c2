"""Netmiko in threads, as most scripts and tools that use it: three commands, nothing stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from netmiko import ConnectHandler

from benchmarks.contestants import Stopwatch, report, take_task
from netraven.lab.spec import Endpoint

COMMANDS = ("show version", "show inventory", "show running-config")
_LEAST_CHARACTERS = 50_000
_ANSWER_S = 60.0


def read_device(endpoint: Endpoint) -> None:
    with ConnectHandler(
        device_type=endpoint.platform,
        host=endpoint.address,
        port=endpoint.port,
        username=endpoint.username,
        password=endpoint.password,
    ) as connection:
        answers = [connection.send_command(text, read_timeout=_ANSWER_S) for text in COMMANDS]
    if len(str(answers[-1])) < _LEAST_CHARACTERS:
        raise SystemExit(f"{endpoint.hostname} was cut short")


def main() -> None:
    endpoints, options = take_task()
    watch = Stopwatch()
    with ThreadPoolExecutor(int(options["threads"])) as threads:
        for _ in threads.map(read_device, endpoints):
            pass
    report(watch.stop(len(endpoints)))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.history_keep FOLDER` makes the fleet that `history` asks, and keeps it."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.history import Effort, measure
from benchmarks.history_store import past_fleet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the fleet lies, or is to lie")
    parser.add_argument("--devices", type=int, default=Effort().devices)
    parser.add_argument("--versions", type=int, default=Effort().versions)
    parser.add_argument("--measure", action="store_true", help="ask it, beside git")
    arguments = parser.parse_args()
    devices, versions = arguments.devices, arguments.versions
    if arguments.measure:
        measure(Effort(devices=devices, versions=versions, kept=arguments.folder)).show()
        return
    with past_fleet(devices, versions, arguments.folder):
        print(f"{devices} devices with {versions} versions each")


if __name__ == "__main__":
    main()

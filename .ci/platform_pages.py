"""Write docs/platforms: one page for each platform, from its declaration; `--check` only compares.

A page says what is sent, what is waited for, and what proves an answer: all that an engineer must
know before a device is let in under a read-only account, or when a session stands still.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from netraven.platforms.evidence import completeness_in_words, paging_in_words, proof_in_words
from netraven.platforms.observation import Yields
from netraven.platforms.platform import Command, Platform, Proof
from netraven.platforms.registry import PLATFORMS

FOLDER = Path(__file__).parent.parent / "docs" / "platforms"
TOOLS = ("netmiko", "oxidized", "rancid", "napalm")
PURPOSES = {
    Yields.VERSION: "version, model, serial number",
    Yields.INVENTORY: "model, serial number",
    Yields.RUNNING: "**the running configuration**",
    Yields.STARTUP: "the startup configuration",
}


def pages() -> dict[str, str]:
    """Return the text of every page by its file's name, the index among them."""
    found = {f"{platform.name}.md": page(platform) for platform in PLATFORMS}
    return {"README.md": index(), **found}


def index() -> str:
    """Return the list of all platforms."""
    recorded = sum(platform.proof is Proof.RECORDED for platform in PLATFORMS)
    rows = [
        f"| [`{each.name}`]({each.name}.md) | {each.vendor} | {each.label} |"
        f" {proof_in_words(each)} |"
        for each in PLATFORMS
    ]
    return "\n".join(
        [
            "# Each platform",
            "",
            f"{len(PLATFORMS)} platforms, {recorded} of them proven by recorded sessions: see",
            "[Platforms](../operations/platforms.md). These pages are written from the",
            "declarations themselves, by `make reference`.",
            "",
            "| Platform | Vendor | System | Proof |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def page(platform: Platform) -> str:
    """Return one platform's page."""
    sections = (
        ("Names elsewhere", _names(platform)),
        ("Commands", _commands(platform)),
        ("Before the first command", _reaching(platform)),
        ("Paging", _paging(platform)),
        ("What proves that it is whole", _proofs(platform)),
        ("What is no change", _volatile(platform)),
    )
    parts = [f"# {platform.label}", f"`{platform.name}` · {platform.vendor} · {_basis(platform)}"]
    for title, lines in sections:
        parts += [f"## {title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _basis(platform: Platform) -> str:
    if platform.proof is Proof.RECORDED:
        return f"{proof_in_words(platform)} on real devices"
    return "documented: no recording of a real device has proven it yet"


def _names(platform: Platform) -> Iterator[str]:
    for tool in TOOLS:
        names = ", ".join(f"`{name}`" for name in getattr(platform.aliases, tool))
        yield f"- {_TITLES[tool]}: {names or 'none'}"


_TITLES = {"netmiko": "Netmiko", "oxidized": "Oxidized", "rancid": "RANCID", "napalm": "NAPALM"}


def _commands(platform: Platform) -> Iterator[str]:
    yield "| Sent | For |"
    yield "|---|---|"
    for command in platform.commands:
        spelling = _spelling(command).replace("|", "\\|")
        yield f"| {spelling} | {PURPOSES[command.yields]} |"


def _spelling(command: Command) -> str:
    if command.file:
        return f"{_code(command.file)}, copied by SCP"
    texts = [_code(command.text)]
    texts += [f"where that is refused {_code(text)}" for text in command.alternatives]
    if command.parts:
        parts = ", ".join(_code(text) for text in command.parts)
        texts.append(f"where that is refused, one by one: {parts}")
    return "; ".join(texts)


def _reaching(platform: Platform) -> Iterator[str]:
    yield f"- prompt: {_code(platform.prompt.pattern)}; another one is learned from the device"
    if platform.entry is not None:
        entry = platform.entry
        shell = _code(entry.prompt.pattern)
        yield f"- at a shell's prompt {shell}, {_code(entry.command)} is typed"
    if platform.enable is not None:
        enable = platform.enable
        when = " where the credential has an enable secret" if enable.is_optional else ""
        yield f"- at a prompt that ends in `{enable.from_suffix}`, {_code(enable.command)}{when}"
    for question in platform.questions:
        answer = repr(question.answer) if question.answer else "Enter"
        yield f"- {_code(question.pattern.pattern)} is answered by {_code(answer)}"
    yield "- on leaving: " + ", ".join(_code(text) for text in platform.leave)


def _paging(platform: Platform) -> Iterator[str]:
    words = paging_in_words(platform)
    yield words[:1].upper() + words[1:] + "."
    if platform.pagers:
        yield ""
    for pager in platform.pagers:
        yield f"- {_code(pager.pattern.pattern)}: {_code(repr(pager.key))}"


def _proofs(platform: Platform) -> Iterator[str]:
    words = completeness_in_words(platform)
    yield words[:1].upper() + words[1:] + "."


def _volatile(platform: Platform) -> Iterator[str]:
    patterns = [each.pattern for each in platform.volatile]
    patterns += [f"{each.begin.pattern} … {each.end.pattern}" for each in platform.volatile_blocks]
    if not patterns and not platform.unordered:
        yield "Every line counts."
        return
    for pattern in patterns:
        yield f"- lines {_code(pattern)}"
    for unordered in platform.unordered:
        yield f"- the order of lines {_code(unordered.pattern)}"


def _code(text: str) -> str:
    """Return text as code."""
    ticks = "``" if "`" in text else "`"
    blank = " " if "`" in text else ""
    return f"{ticks}{blank}{text}{blank}{ticks}"


def main() -> None:
    """Write the pages, or tell which differ."""
    wanted = pages()
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    if "--check" in sys.argv:
        differing = sorted(name for name in {*wanted, *kept} if wanted.get(name) != kept.get(name))
        if differing:
            raise SystemExit(
                f"docs/platforms/{differing[0]} is not what the declaration says;"
                " run `make reference`"
            )
        return
    FOLDER.mkdir(exist_ok=True)
    for name in {*kept} - {*wanted}:
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

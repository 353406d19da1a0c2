from __future__ import annotations

import re
from pathlib import Path

import pytest

from netraven.platforms.evidence import completeness_in_words, paging_in_words, proof_in_words
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "platforms.md"
CELLS = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_the_page_of_platforms_says_the_same(platform: Platform) -> None:
    rows = {name: cells for name, *cells in CELLS.findall(PAGE.read_text(encoding="utf-8"))}

    label, proof, completeness = rows[platform.name]

    assert label == platform.label
    assert proof.startswith(proof_in_words(platform))
    assert completeness == completeness_in_words(platform)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cisco_ios", "off by `terminal length 0`; what remains is answered"),
        ("fortinet_fortios", "answered page by page"),
        ("sonic", "none"),
        ("linux", "none"),
    ],
)
def test_paging_is_told(name: str, words: str) -> None:
    platform = get_platform(name)

    assert platform is not None
    assert paging_in_words(platform) == words

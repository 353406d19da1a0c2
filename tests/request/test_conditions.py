"""Conditional requests: a tag is known however proxies and caches send it back."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from netraven.request.conditions import is_known

TAG = '"abc-1"'


def asked(*given: str) -> Request:
    headers = [(b"if-none-match", value.encode()) for value in given]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    "given",
    [
        ['"abc-1"'],
        ['W/"abc-1"'],
        ['"old", W/"abc-1"'],
        ['"a,b" , "abc-1"'],
        ['"old"', '"abc-1"'],
        ["*"],
    ],
)
def test_what_names_the_tag_knows_it(given: list[str]) -> None:
    assert is_known(asked(*given), TAG)


@pytest.mark.parametrize(
    "given", [[], [""], ['"abc-2"'], ["abc-1"], ['"x abc-1"'], ['"abc-1'], ['W/"old", "*"']]
)
def test_what_names_others_does_not(given: list[str]) -> None:
    assert not is_known(asked(*given), TAG)

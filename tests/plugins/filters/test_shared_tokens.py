"""The filters of the recipe `chat` split each draft once between them."""

from __future__ import annotations

from collections import Counter

import pytest

from selfinstruct.api import Draft
from selfinstruct.text import tokens
from selfinstruct.text.tokens import REMEMBERED_LENGTH, sign_tokens, unicode_tokens
from tests.plugins.filters.chain import Chain

TEXT = "Describe the lighthouse that your grandmother painted for the village school."


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each text has been split."""
    seen: Counter[str] = Counter()
    whole = tokens.classical_tokens

    def counting(text: str) -> list[str]:
        seen[text] += 1
        return whole(text)

    monkeypatch.setattr(tokens, "classical_tokens", counting)
    return seen


def test_all_filters_together_split_a_draft_once(split: Counter[str]) -> None:
    chain = Chain(["Name a river."])
    assert chain.accepted([Draft(TEXT)]) == [TEXT]
    assert split[TEXT] == 1


def test_tokens_that_a_caller_changes_are_whole_for_the_next(split: Counter[str]) -> None:
    for tokenise in (unicode_tokens, sign_tokens):
        first = tokenise("Name one river.")
        first.clear()
        assert tokenise("Name one river.") == ["name", "one", "river"]


def test_a_long_text_is_not_remembered(split: Counter[str]) -> None:
    text = "word " * REMEMBERED_LENGTH
    assert unicode_tokens(text) == unicode_tokens(text)
    assert split[text] == 2

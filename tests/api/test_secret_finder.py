"""Finding secrets in models and arguments, and masking them."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from selfinstruct.api import find_secrets, mask_secrets
from selfinstruct.errors import plugin_cause

KEY = "sk-0123456789-abcdefghij-0123456789-abcdefghij"


@pytest.mark.parametrize(
    ("text", "secret", "masked"),
    [
        (f"key={KEY}x", KEY, "key=***x"),
        ("two blocks of locks", "lock", "two blocks of locks"),
        ("the lock: 'lock'", "lock", "the ***: '***'"),
        ("nothing", "", "nothing"),
    ],
)
def test_a_short_secret_is_masked_as_a_whole_word_and_a_long_one_anywhere(text: str, secret: str, masked: str) -> None:
    assert mask_secrets(text, [secret]) == masked


def test_a_secret_inside_a_longer_one_does_not_keep_that_from_being_masked() -> None:
    assert mask_secrets("see abcdefgh-12345678", ["abcdefgh", "abcdefgh-12345678"]) == "see ***"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"default_headers": {"Ocp-Apim-Subscription-Key": "hidden-1"}}, {"hidden-1"}),
        ({"openai_proxy": "http://me:hidden-2@proxy:8080"}, {"hidden-2"}),
        ({"endpoint": "https://example.org/v1?api-key=hidden-3&a=1"}, {"hidden-3"}),
        ({"default_headers": {"Authorization": "Basic hidden-5"}}, {"Basic hidden-5", "hidden-5"}),
        ({"default_headers": {"X-Gate": "hidden-6", "X-Title": "my program", "User-Agent": "mine/1.0"}}, {"hidden-6"}),
        ({"max_tokens": "hidden-4", "input_key": "question"}, set()),
    ],
)
def test_keys_are_found_by_their_names_and_inside_addresses(arguments: dict[str, object], found: set[str]) -> None:
    assert find_secrets(arguments) - {""} == found


class Strict(BaseModel):
    size: int


def test_what_a_model_class_says_of_its_arguments_does_not_quote_them() -> None:
    with pytest.raises(ValidationError) as caught:
        Strict(size=KEY)
    assert KEY[:8] in str(caught.value)
    said = plugin_cause(caught.value)
    assert said.startswith("ValidationError: size: Input should be a valid integer")
    assert KEY[:8] not in said

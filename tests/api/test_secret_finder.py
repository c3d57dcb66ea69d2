"""Finding secrets in models and arguments, and masking them."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from selfinstruct.api import find_secrets, mask_secrets
from selfinstruct.api.secret_finder import mask_environment
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


ODD = 'sk-Zq8/vX+3k"Lm=9PwT7'


@pytest.mark.parametrize("known", [ODD, quote(ODD, safe="")])
@pytest.mark.parametrize(
    "form",
    [ODD, quote(ODD, safe=""), json.dumps(ODD)[1:-1], b64encode(ODD.encode()).decode().rstrip("=")],
    ids=["as it is", "in an address", "in JSON", "in base64"],
)
def test_a_secret_is_masked_in_every_form_that_a_server_may_send_back(known: str, form: str) -> None:
    assert mask_secrets(f"said: {form}!", [known]) == "said: ***!"


@pytest.mark.parametrize("name", ["MY_KEY", "MAIL_PW", "DB_PASS", "GITHUB_PAT", "HF_TOKEN"])
def test_variables_that_hold_keys_are_known_by_many_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("PWD", "/home/me/projects")
    assert mask_environment(f"{KEY} in /home/me/projects") == "*** in /home/me/projects"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"default_headers": {"Ocp-Apim-Subscription-Key": "hidden-1"}}, {"hidden-1"}),
        ({"openai_proxy": "http://me:hidden-2@proxy:8080"}, {"hidden-2", "bWU6aGlkZGVuLTI"}),
        ({"base_url": httpx.URL("http://me:hidden-2@proxy:8080")}, {"hidden-2", "bWU6aGlkZGVuLTI"}),
        ({"base_url": "https://hidden-7@example.org/v1"}, {"hidden-7"}),
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

"""Hides the secrets of a backend in every message and reply that it gives."""

from __future__ import annotations

import re

from selfinstruct.api import Backend
from selfinstruct.api.secret_finder import ORDINARY_WORD, find_secrets, mask_data, mask_secrets
from selfinstruct.errors import plugin_cause
from selfinstruct.store.rows import now
from selfinstruct.text.encoding import clean
from selfinstruct.types import Completion, Reply

KEY_LIKE = re.compile(r"(?=\S*[\d_-])\S{12,}|\S{20,}")
"""Words that may hold a key: long ones, and those of twelve characters with a digit, dash or underscore."""


class SecretMask:
    """Masks what a backend names as its secrets, and what its model turns out to hold."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._in_model: set[str] = set()
        self._in_replies: list[str] = []

    def learn(self, model: object) -> None:
        """Find the secrets that a model holds. Replies are masked from now on."""
        self._in_model = find_secrets(model)
        known = self._named_secrets() or []
        self._in_replies = [secret for secret in {*known, *self._in_model} if not ORDINARY_WORD.fullmatch(secret)]

    def message(self, text: str) -> str:
        """The text without secrets; without all that looks like one, if the backend fails to name them."""
        named = self._named_secrets()
        return KEY_LIKE.sub("***", text) if named is None else mask_secrets(text, {*named, *self._in_model})

    def reply(self, said: Completion) -> Reply:
        """The reply of a model that arrives now; its texts keep words that are a secret by chance, such as `ollama`."""
        text, model = (mask_secrets(clean(part), self._in_replies) for part in (said.text, said.model))
        return Reply(text, said.finish, said.usage, model, now(), mask_data(said.details, self._in_replies))

    def _named_secrets(self) -> list[str] | None:
        """What the backend names; `None` if it fails."""
        try:
            return [secret for secret in self._backend.secrets() if secret]
        except BaseException as error:
            plugin_cause(error)  # raises Ctrl-C again
            return None

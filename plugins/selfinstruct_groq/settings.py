"""Finds Groq's key and address in the options and the environment, and corrects common ways to write them."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from pydantic import SecretStr

from selfinstruct.api import ConfigError, ModelError

DEFAULT_ADDRESS = "https://api.groq.com"
SUFFIXES = ("/chat/completions", "/models", "/v1", "/openai")
"""Paths that users copy with the address. The client appends `/openai/v1/...` itself."""

CREATE_KEY = "Create a key at https://console.groq.com/keys"
KEY_HINT = f"Set GROQ_API_KEY in the environment or in a .env file. {CREATE_KEY}"


def find_key(given: SecretStr | None) -> str:
    """The key from the option or the environment, without spaces and quotes around it; empty if there is none."""
    raw = given.get_secret_value() if given is not None else os.environ.get("GROQ_API_KEY", "")
    return raw.strip().strip("'\"").strip()


def refused_hint(given: SecretStr | None) -> str:
    """What to do about a key that Groq does not accept."""
    place = "the backend's api_key" if given is not None else "GROQ_API_KEY"
    return f"The key in {place} was refused: put another one there. {CREATE_KEY}"


def require_key(key: str) -> None:
    """Raise `ModelError` if there is no key, or if a header cannot contain it. The message does not show the key."""
    if not key:
        raise ModelError("backend 'groq' needs a key", KEY_HINT)
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ModelError("the Groq key contains spaces or characters that a key cannot have", KEY_HINT)


def find_address(given: str | None) -> str:
    """The address from the option or the environment, without a trailing slash and without `/openai/v1`.

    Raises `ConfigError` if it is not a web address, or if it contains a login, which would replace the key.
    """
    for raw in (given, os.environ.get("GROQ_API_BASE"), os.environ.get("GROQ_BASE_URL")):
        text = (raw or "").strip().strip("'\"").strip()
        if text:
            return _clean(text)
    return DEFAULT_ADDRESS


def _clean(text: str) -> str:
    try:
        address = urlsplit(text if "://" in text else f"//{text}")
        usable = address.hostname and address.scheme in ("", "http", "https") and (address.port is None or address.port)
    except ValueError:
        usable = False
    if not usable or "@" in address.netloc:
        shown = text.rpartition("@")[2]
        raise ConfigError(
            f"backend.base_url: '{shown}' is not an address of the Groq API", f"Write it like {DEFAULT_ADDRESS}"
        )
    scheme = address.scheme or ("http" if is_local(text) else "https")
    path = address.path.rstrip("/")
    for suffix in SUFFIXES:
        path = path.removesuffix(suffix).rstrip("/")
    return f"{scheme}://{address.netloc}{path}"


def is_local(address: str) -> bool:
    """Whether the address is this computer, so that no proxy is used."""
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")

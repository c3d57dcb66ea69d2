"""Reads version and models of an Ollama server, and parses its address in all common forms."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from selfinstruct.api import ConfigError, ModelError, chat, environment_problem

DEFAULT_PORT = 11434
SMALLEST_CONTEXT = 4096
"""Tokens. The server's own default, so that a model that is loaded with it is not loaded again."""

ASK_SECONDS = 10.0


class NotOllama(Exception):
    """A server answered, but it is not an Ollama server."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server. `url` may be shown; the login must not."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the address is this computer, so that no proxy is used."""
        host = urlsplit(self.url).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """For how many tokens a model was made, and whether it thinks first; `None` if the server does not say."""

    context_length: int | None = None
    thinks: bool | None = None


def usual_context(needed: int, longest: int | None) -> int:
    """The smallest usual size of a context that holds so many tokens, as far as the model can, in tokens."""
    size = SMALLEST_CONTEXT
    while size < needed:
        size *= 2
    return min(size, longest or size)


def find_address(given: str | None) -> Address:
    """The address from the option or OLLAMA_HOST, in any form that Ollama accepts.

    `0.0.0.0`, where a server listens on every interface, becomes this computer. Raises `ConfigError` if it is not a
    web address.
    """
    text = (given or os.environ.get("OLLAMA_HOST") or "").strip().strip("'\"").strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or (None if "://" in text else DEFAULT_PORT)
        usable = parts.scheme in ("http", "https")
    except ValueError:
        usable = False
    if not usable:
        shown = text.rpartition("@")[2]
        raise ConfigError(
            f"backend.base_url: '{shown}' is not a web address", f"Write it like http://127.0.0.1:{DEFAULT_PORT}"
        )
    host = parts.hostname or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - read, not bound
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/")
    for suffix in ("/chat", "/api", "/v1"):
        path = path.removesuffix(suffix).rstrip("/")
    url = f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"
    return Address(url, unquote(parts.username or ""), unquote(parts.password or ""))


class Bearer(httpx.Auth):
    """Sends a key as a bearer token. Unlike a header, it is not visible in the `repr` of the client."""

    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key to a request."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


class OllamaApi:
    """Reads the properties of an Ollama server. Every method blocks, and raises `ModelError` if there is no server."""

    def __init__(self, address: Address, key: str = "") -> None:
        self.url, self.is_local = address.url, address.is_local
        login = httpx.BasicAuth(address.user, address.password) if address.user else None
        self.auth: httpx.Auth | None = Bearer(key) if key else login

    def version(self) -> str:
        """The version of the server."""
        return str(self._get("/api/version").get("version", ""))

    def models(self) -> list[str]:
        """The sorted names of all models on the server, with tags."""
        rows = self._get("/api/tags").get("models") or []
        return sorted(row["name"] for row in rows if isinstance(row, dict) and row.get("name"))

    def show(self, model: str) -> ModelFacts:
        """The facts of a model, as far as the server tells them."""
        try:
            answer: Any = self._ask("POST", "/api/show", {"model": model})
        except NotOllama:
            return ModelFacts()
        info, able = answer.get("model_info") or {}, answer.get("capabilities")
        own = info.get(f"{info.get('general.architecture')}.context_length")
        every = [value for name, value in info.items() if name.endswith(".context_length")]
        length = next((value for value in (own, *every) if isinstance(value, int) and value > 0), None)
        return ModelFacts(length, "thinking" in able if isinstance(able, list) else None)

    def _get(self, path: str) -> dict[str, Any]:
        try:
            return self._ask("GET", path)
        except NotOllama as error:
            raise ModelError(
                f"what answers at {self.url} is not an Ollama server: {error}", "Check base_url and OLLAMA_HOST."
            ) from None

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            with httpx.Client(auth=self.auth, timeout=ASK_SECONDS, trust_env=not self.is_local) as client:
                answer = client.request(method, f"{self.url}{path}", json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if problem := environment_problem(error):
                raise problem from None
            raise ModelError(
                f"no Ollama server at {self.url}: {chat.error_words(error)}",
                "Start it with: ollama serve; or correct the address, in base_url or OLLAMA_HOST.",
            ) from None
        if answer.status_code in (401, 403):
            refused = f"the server at {self.url} refused"
            if self.auth is None:
                hint = "Set OLLAMA_API_KEY, or the backend's api_key."
                raise ModelError(f"{refused} a request without a key (HTTP {answer.status_code})", hint)
            where = "OLLAMA_API_KEY, in the backend's api_key, or before the @ of base_url"
            raise ModelError(f"{refused} the key (HTTP {answer.status_code})", f"Check the key in {where}.")
        if answer.status_code != 200:
            raise NotOllama(f"{path} gave HTTP {answer.status_code}")
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise NotOllama(f"{path} gave no JSON object")
        return body

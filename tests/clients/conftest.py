"""The server that every client is asked to reach, and surroundings in which no client finds a key of its own."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from selfinstruct_langchain.providers import PROVIDERS
from tests.servers.client_server import ClientServer

CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One root certificate: each client reads all there are, which takes longer than to ask it everything."""
    path = tmp_path_factory.mktemp("certificates") / "one.pem"
    path.write_text(Path(certifi.where()).read_text("utf-8").partition(END)[0] + END, "utf-8")
    return path


@pytest.fixture(scope="module")
def _nothing_left_open() -> Iterator[None]:
    """Collect what the clients left open here, so that no other test is blamed for it.

    LangChain has no common way to close their connections.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, certificate: Path, _nothing_left_open: None) -> Iterator[ClientServer]:
    """The server, and an environment in which no key but OpenAI's is set."""
    for name in {name for provider in PROVIDERS.values() for name in provider.keys}:
        monkeypatch.delenv(name, raising=False)
    for name in CERTIFICATES:
        monkeypatch.setenv(name, str(certificate))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(certificate.with_name("missing")))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-provider")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with ClientServer() as server:
        yield server

"""Every component of our plugins passes the contract tests that plugin authors inherit."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import EXPORT
from selfinstruct.config.seeds import read_seeds
from selfinstruct.plugins.registry import BACKEND, ENCODER, FILTER, POST_PROCESSOR, SAMPLER, Offer, Registry
from selfinstruct.testing import (
    BackendContract,
    ComponentContract,
    FilterContract,
    PostProcessorContract,
    PromptEncoderContract,
    SamplerContract,
    TrainingEncoderContract,
)
from selfinstruct.testing.builders import make_reply
from tests.servers.ollama_server import OllamaServer

CONTRACTS: dict[str, type[ComponentContract]] = {
    BACKEND: BackendContract,
    SAMPLER: SamplerContract,
    ENCODER: PromptEncoderContract,
    POST_PROCESSOR: PostProcessorContract,
    FILTER: FilterContract,
}

RECORDING = Path(tempfile.mkdtemp(prefix="selfinstruct-")) / "replies.jsonl"
RECORDING.write_text(json.dumps({"response": {"choices": [{"text": "1. Name a river."}]}}) + "\n", "utf-8")

EVALUATION = RECORDING.with_name("evaluation.txt")
EVALUATION.write_text(
    "What is the boiling point of water at sea level in degrees of Celsius and of Fahrenheit?\n", "utf-8"
)

EMBEDDER = OllamaServer(models={"letters:latest": None}).start()
"""Serves embeddings to the filter `semantic` while the tests run."""

NEEDS = {"rouge-l-ray": "ray"}
"""Components with a large extra. Their tests are skipped if it is not installed."""

SETTINGS: dict[str, dict[str, Any]] = {
    "backend demo": {"answers": True},
    "backend langchain": {"options": {"model": "groq:llama-3.1-8b-instant"}},
    "backend replay": {"options": {"path": str(RECORDING)}, "answers": True},
    "encoder chat-classify": {"batch": 20},
    "filter decontamination": {"options": {"sets": [str(EVALUATION)]}},
    "filter semantic": {
        "options": {"model": "ollama:letters", "cache": "", "kwargs": {"base_url": EMBEDDER.url}, "threshold": 1.0}
    },
    "filter paper-duplicates": {"reads_other_items": True},
    "filter rouge-l-ray": {"options": {"shards": 1}, "seeds_pass": False},  # each filter starts its own actors
    "post-processor chat-classify": {"batch": 20},
}
"""Options that the components need."""


def contract_for(offer: Offer, modules: dict[str, str]) -> type[ComponentContract]:
    """The contract class of a component."""
    name = offer.component.name
    contract = TrainingEncoderContract if offer.component.stages == (EXPORT,) else CONTRACTS[offer.kind]
    attributes: dict[str, Any] = {"plugin": importlib.import_module(modules[offer.plugin]), "name": name}
    if offer.kind == FILTER:
        attributes |= {"seeds": read_seeds("builtin"), "seeds_pass": True}
    title = "".join(word.title() for word in f"{name}-{offer.kind}".split("-"))
    members: dict[str, Any] = {**attributes, **SETTINGS.get(f"{offer.kind} {name}", {}), "__module__": __name__}
    made: type[ComponentContract] = type(f"Test{title}", (contract,), members)
    needed = NEEDS.get(name)
    absent = needed is not None and importlib.util.find_spec(needed) is None
    return pytest.mark.skip(reason=f"{needed} is not installed")(made) if absent else made


def _contracts() -> dict[str, type[ComponentContract]]:
    registry = Registry.load()
    modules = {plugin.name: plugin.source for plugin in registry.plugins}
    made = [contract_for(offer, modules) for offer in registry.offers()]
    return {one.__name__: one for one in made}


MADE = _contracts()
globals().update(MADE)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_every_component_has_a_contract_test() -> None:
    offers = Registry.load().offers()
    assert len(MADE) == len(offers)
    assert {(one.hook, one.name) for one in MADE.values()} == {
        (CONTRACTS[offer.kind].hook, offer.component.name) for offer in offers
    }


MILLION = 1_000_000
ENDLESS = {
    "a line": "a" * MILLION,
    "blank lines": "\n" * MILLION,
    "a list": "".join(f"{number}. Write poem {number}.\n" for number in range(1, MILLION // 20)),
}


def offering(contract: type[ComponentContract]) -> list[str]:
    """The contract tests of one kind of component, without those that need a large extra."""
    return [name for name, one in MADE.items() if issubclass(one, contract) and one.name not in NEEDS]


@pytest.mark.slow
@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("name", offering(FilterContract))
def test_a_filter_takes_a_million_characters(name: str, text: str) -> None:
    """A rule whose work grows with the square of the text would take a day."""
    contract: Any = MADE[name]()
    contract.verdicts(contract.build(), contract.items([text]))


@pytest.mark.slow
@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("name", offering(PostProcessorContract))
def test_a_post_processor_takes_a_million_characters(name: str, text: str) -> None:
    contract: Any = MADE[name]()
    for request in contract.requests():
        contract.read(request, make_reply(text))

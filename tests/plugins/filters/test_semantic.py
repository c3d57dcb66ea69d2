"""The filter `semantic`: the real OllamaEmbeddings over real sockets, a stand-in for Ollama, and files on disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct.api import ConfigError, Draft, ModelError
from selfinstruct_filters.semantic import SemanticFilter, SemanticOptions
from tests.command_line import command, rows
from tests.servers.loopback import HTML, ServerFault
from tests.servers.ollama_server import OllamaServer, letters

POOL = [Draft("Write a poem about a lighthouse."), Draft("Name three rivers of Asia."), Draft("Is 91 a prime number?")]
AGAIN = Draft("About a lighthouse, write a poem.")


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models={"letters:latest": None}) as running:
        yield running


def rule(server: OllamaServer, folder: Path | str, **options: Any) -> SemanticFilter:
    given = {"model": "ollama:letters", "cache": str(folder), "kwargs": {"base_url": server.url}, **options}
    return SemanticFilter(SemanticOptions(**given))


def cosine(one: str, other: str) -> float:
    left, right = letters(one), letters(other)
    return sum(a * b for a, b in zip(left, right, strict=True)) / math.hypot(*left) / math.hypot(*right)


def test_the_nearest_is_named_with_its_cosine(server: OllamaServer, tmp_path: Path) -> None:
    one = rule(server, tmp_path)
    one.observe_all(POOL)
    verdict = one.evaluate(AGAIN)
    assert (verdict.reason, verdict.evidence["nearest"]) == ("same-meaning", POOL[0].text)
    assert one.evaluate(POOL[1]).evidence == {"nearest": POOL[1].text, "cosine": 1.0}
    assert one.evaluate(Draft("xyz")).keep


def test_it_decides_by_the_cosine_and_remembers_what_it_observes(server: OllamaServer, tmp_path: Path) -> None:
    text, limit = "Name two lakes of Africa.", cosine("Name two lakes of Africa.", POOL[1].text)
    for threshold, kept in ((limit + 1e-4, True), (limit - 1e-4, False)):
        one = rule(server, tmp_path, threshold=threshold)
        assert one.evaluate(Draft(text)).keep, "nothing is near an empty pool"
        one.observe(POOL[1])
        assert one.evaluate(Draft(text)).keep is kept


def test_a_pool_larger_than_a_block_keeps_its_order(server: OllamaServer, tmp_path: Path) -> None:
    one, rng = rule(server, tmp_path), Random(2)
    texts = ["".join(rng.choices("abcdefghij", k=40)) for _ in range(600)]
    one.observe_all(map(Draft, texts))
    for text in texts[:2] + texts[254:258] + texts[510:514] + texts[-1:]:
        assert one.evaluate(Draft(text)).evidence == {"nearest": text, "cosine": 1.0}


def test_a_reply_is_embedded_in_one_call_and_nothing_twice(server: OllamaServer, tmp_path: Path) -> None:
    one = rule(server, tmp_path)
    one.observe_all(POOL)
    one.prefetch([AGAIN, Draft("New."), AGAIN, POOL[2]])
    assert one.evaluate(Draft("New.")).keep
    one.observe(Draft("New."))
    assert not one.evaluate(AGAIN).keep
    assert server.embedded == [[draft.text for draft in POOL], [AGAIN.text, "New."]]


def test_many_texts_go_in_batches(server: OllamaServer, tmp_path: Path) -> None:
    rule(server, tmp_path, batch=2).observe_all(POOL)
    assert [len(texts) for texts in server.embedded] == [2, 1]


def test_a_resumed_run_reads_the_disk(server: OllamaServer, tmp_path: Path) -> None:
    for _ in range(2):
        one = rule(server, tmp_path)
        one.observe_all(POOL)
        assert not one.evaluate(AGAIN).keep
    assert len(server.embedded) == 2
    rule(server, tmp_path, model="ollama:letters:latest").observe(AGAIN)
    assert len(server.embedded) == 3, "another model's embeddings are others"
    rule(server, "").observe(AGAIN)
    rule(server, "").observe(AGAIN)
    assert len(server.embedded) == 5, "an empty folder keeps nothing"


def test_a_broken_file_is_asked_for_again(server: OllamaServer, tmp_path: Path) -> None:
    rule(server, tmp_path).observe(AGAIN)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    for broken in (b"", whole[:-1], b"\xff" * len(whole)):
        file.write_bytes(broken)
        rule(server, tmp_path).observe(AGAIN)
        assert file.read_bytes() == whole
    assert len(server.embedded) == 4


# --- what goes wrong


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (ServerFault(500, {"error": "out of memory"}), "out of memory"),
        (ServerFault(hang_up="reset"), "disconnected"),
        (HTML, "cannot be used"),
        (ServerFault(200, {"embeddings": [[1.0]]}), "no embedding of finite numbers for each of 3 texts"),
        (ServerFault(200, {"embeddings": [[], [], []]}), "no embedding of finite numbers"),
        (ServerFault(200, '{"embeddings": [[1, 2], [1, 2], [NaN, 2]]}'), "cannot be used"),
        (ServerFault(200, {"embeddings": [[1, 2], [1], [1, 2]]}), "cannot be used"),
        (ServerFault(200, {"embeddings": "no"}), "cannot be used"),
        (ServerFault(delay=1.0), "timed out"),
    ],
)
def test_a_server_that_fails_is_an_unusable_model(
    server: OllamaServer, tmp_path: Path, given: ServerFault, words: str
) -> None:
    server.embed = lambda _texts, _n: given
    with pytest.raises(ModelError, match="the embedding model 'ollama:letters' cannot be used") as caught:
        rule(server, tmp_path, timeout=0.3 if given.delay else 60.0).observe_all(POOL)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_embeddings_of_another_length_are_refused(server: OllamaServer, tmp_path: Path) -> None:
    one = rule(server, tmp_path)
    one.observe_all(POOL)
    server.embed = lambda texts, _n: [[1.0, 2.0]] * len(texts)
    with pytest.raises(ModelError, match="embeddings of 26 and of 2 numbers"):
        one.evaluate(AGAIN)


def test_an_embedding_of_nothing_is_near_to_nothing(server: OllamaServer, tmp_path: Path) -> None:
    one = rule(server, tmp_path)
    one.observe_all([Draft("123"), *POOL])
    assert one.evaluate(Draft("456")).keep


def test_the_error_names_a_folder_that_cannot_be_written(server: OllamaServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"semantic\.cache: .*file cannot be used: Not a directory"):
        rule(server, tmp_path / "file")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("letters", "filters.semantic.model: write provider:model"),
        ("nobody:x", "could not make the embeddings 'nobody:x'"),
        ("google_vertexai:x", "could not make the embeddings 'google_vertexai:x'"),
    ],
)
def test_the_error_names_a_model_that_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = f'generate.add_filters=[{{use = "semantic", model = "{model}"}}]'
    ended = command("generate", "--backend", "demo", "--target", "3", "--set", chosen)
    ended.failed(2 if ":" not in model else 4, words)


def test_a_run_stops_resumably_without_its_server_and_continues_with_it(
    server: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    chosen = (
        f'[{{use = "semantic", model = "ollama:letters", threshold = 0.99, kwargs = {{base_url = "{server.url}"}}}}]'
    )
    generate = ["generate", "--backend", "demo", "--target", "30", "--set", f"generate.add_filters={chosen}", "--out"]
    server.embed = lambda texts, n: ServerFault(503, {"error": "busy"}) if n == 5 else [*map(letters, texts)]
    command(*generate, "run").failed(4, "the embedding model 'ollama:letters' cannot be used: ", "busy")
    command(*generate, "run").done()
    asked = [text for texts in server.embedded for text in texts]
    server.embed = lambda texts, _n: [*map(letters, texts)]
    command(*generate, "whole").done()
    assert len([text for texts in server.embedded for text in texts]) == len(asked), "all of it was on disk"
    results = [
        [row["instruction"] for row in rows(Path(run) / "machine_generated_instructions.jsonl")]
        for run in ("run", "whole")
    ]
    assert results[0] == results[1]
    assert len(results[0]) == 30
    dropped = [row for row in rows(Path("run/rejected.jsonl")) if row["filter"] == "semantic"]
    assert all(row["evidence"]["cosine"] > 0.99 for row in dropped)

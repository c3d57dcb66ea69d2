"""Asking with a JSON schema: what arrives at a server, when a stage does so, and that the files are the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.engine.unproductive import FIRST
from selfinstruct.errors import ConfigError, ModelError, Stopped
from selfinstruct.files.names import INSTRUCTIONS
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, Reply
from tests.project import Project, wait_until
from tests.servers.groq_server import GroqAnswer, GroqServer, error
from tests.servers.loopback import LoopbackServer, ServerFault
from tests.servers.ollama_server import OllamaAnswer, OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.provider import Provider
from tests.servers.schemas import answer, schema_of

ALWAYS = {"run.structured": True}
NEVER = {"run.structured": False}
PROVIDER = Provider()
ON_GROQ = partial(GroqServer, models=("openai/gpt-oss-20b",))


def said(asked: dict[str, Any], _n: int) -> str:
    """JSON where a schema wants it, else a list of tasks, or a `no` for each task asked about."""
    if schema_of(asked) is not None:
        return answer(asked)
    words = asked["messages"][-1]["content"]
    if words.startswith("Tasks:"):
        return "\n".join(f"{number}. no" for number in range(1, 21))
    return PROVIDER.text(words) if words.startswith("Examples:") else "<<OUTPUT>>\nA whole answer."


def grow(server: LoopbackServer, out: Path, settings: Mapping[str, Any] = ALWAYS, **more: Any) -> SelfInstruct:
    """A run of an Ollama model, of one on Groq, or of one that speaks like OpenAI's."""
    name, where = "ollama", {"backend.base_url": server.url}
    if isinstance(server, GroqServer):
        name, where = "groq", {**where, "backend.model": server.models[0], "backend.api_key": "gsk_test_key"}
    elif isinstance(server, OpenAIServer):
        name = "langchain"
        where = {"backend.base_url": f"{server.url}/v1", "backend.model": "openai:tiny", "backend.api_key": "none"}
    return SelfInstruct(backend=name, out=out, settings={**where, **settings}, **more)


def schemas(out: Path, stage: str) -> list[Any]:
    """The schema of each request in the journal of a stage."""
    store = RunStore.open_readonly(out)
    try:
        entries = [store.journal_entry(stage, at, None) for at in range(store.next_request_index(stage))]
        return [entry.request.schema for entry in entries if entry is not None]
    finally:
        store.close()


def files(out: Path) -> dict[str, str]:
    """All contract files, without the times of day in them."""
    found = {}
    for path in sorted(out.rglob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for row in rows:
            for key in ("metadata", "instance_metadata"):
                row.get(key, {}).pop("created_at", None)
        found[path.name] = json.dumps(rows)
    return found


# --- what is asked with a schema


@pytest.mark.parametrize("kind", [OllamaServer, OpenAIServer])
def test_every_stage_asks_with_a_schema_and_every_reply_is_read(kind: type[Any], tmp_path: Path) -> None:
    with kind(said) as server:
        run = grow(server, tmp_path, {**ALWAYS, "judge.enabled": True})
        result = run.run(12)
    assert len(result.instructions) == 12
    assert all(schema_of(body) is not None for body in server.chats)
    for stage in (GENERATE, CLASSIFY, INSTANCES, JUDGE):
        kept = schemas(tmp_path, stage)
        assert kept
        assert all(kept), stage
    store = RunStore.open_readonly(tmp_path)
    try:
        labels, raw = store.asked_about(CLASSIFY), store.asked_about(INSTANCES)
        assert {text for _, text in labels.values()} == {"yes", "no"}
        assert len(labels) == len(raw) == 12
        assert all(json.loads(text)["1"]["output"] for _, text in raw.values())
        firsts = {next(iter(json.loads(text)["1"])) for _, text in raw.values()}
        assert firsts == {"input", "output"}, "the label comes first for a classification task"
        examples = [example for _, example in store.examples()]
        assert {example.subject for example in examples} == set(raw)
        assert all(example.input and example.output for example in examples)
        assert set(store.ratings()) == {example.digest for example in examples}
    finally:
        store.close()


@pytest.mark.parametrize(
    ("model", "strict"), [("openai/gpt-oss-20b", True), ("meta-llama/llama-4-scout-17b-16e-instruct", False)]
)
def test_groq_gets_the_schema_strict_only_for_a_model_that_keeps_to_it(
    model: str, strict: bool, tmp_path: Path
) -> None:
    with GroqServer(said, models=(model,)) as server:
        run = grow(server, tmp_path)
        assert len(run.generate(4).instructions) == 4
        run.classify()
    kept = [*schemas(tmp_path, GENERATE), *schemas(tmp_path, CLASSIFY)]
    arrived = [body["response_format"] for body in server.chats]
    assert {form["type"] for form in arrived} == {"json_schema"}
    assert {form["json_schema"]["strict"] for form in arrived} == {strict}
    assert all(form["json_schema"]["schema"] in kept for form in arrived)
    assert all(schema in [form["json_schema"]["schema"] for form in arrived] for schema in kept)


def test_a_model_of_groq_that_takes_no_schema_is_sent_none(tmp_path: Path) -> None:
    with GroqServer(said, models=("llama-3.1-8b-instant",)) as server:
        run = grow(server, tmp_path, {})
        run.generate(4)
        run.classify()
        with pytest.raises(ModelError, match="the model that generate asks takes no JSON schema"):
            grow(server, tmp_path / "insisted", ALWAYS).generate(4)
    assert server.chats
    assert not any("response_format" in body for body in server.chats)


def test_without_a_schema_nothing_of_one_is_sent(tmp_path: Path) -> None:
    with OllamaServer(said) as server:
        grow(server, tmp_path, NEVER).run(8)
    assert not any("format" in body for body in server.chats)
    assert not any(schemas(tmp_path, stage) != [None] * len(schemas(tmp_path, stage)) for stage in (GENERATE, CLASSIFY))


def test_auto_asks_with_a_schema_where_the_model_takes_one_and_the_prompt_prefers_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    with OllamaServer(said) as server:
        run = grow(server, tmp_path, {})
        run.generate(4)
        run.classify()
    assert not any(schemas(tmp_path, GENERATE)), "long texts are better without one"
    assert all(schemas(tmp_path, CLASSIFY))
    assert caplog.text.count("replies: free text") == 1
    assert caplog.text.count("replies: JSON that keeps to a schema") == 1


def test_a_model_without_schemas_cannot_be_made_to_take_one(tmp_path: Path) -> None:
    grow = SelfInstruct(backend="demo", out=tmp_path, settings=ALWAYS)
    with pytest.raises(ModelError, match="the model that generate asks takes no JSON schema"):
        grow.generate(4)
    assert SelfInstruct(backend="demo", out=tmp_path, settings={"run.structured": False}).generate(4).instructions


@pytest.mark.parametrize("kind", [OpenAIServer, ON_GROQ], ids=["openai", "groq"])
@pytest.mark.parametrize(
    "refusal",
    [
        error(400, "This model does not support response format `json_schema`."),
        ServerFault(422, {"error": {"message": "unexpected field: response_format"}}),
        ServerFault(500, {"error": {"message": "failed to parse grammar"}}),
        error(400, "structured_outputs need a backend that this server lacks"),
        error(404, "No endpoints found that can handle the requested parameters."),
    ],
    ids=["400", "422", "500", "another name", "404"],
)
def test_a_model_that_refuses_a_schema_gets_one_sentence_and_one_request(
    refusal: ServerFault, kind: Callable[[Any], Any], tmp_path: Path
) -> None:
    with kind(lambda _json, _n: refusal) as server:
        with pytest.raises(ModelError, match="refuses the JSON schema that generate asks with") as caught:
            grow(server, tmp_path, {**ALWAYS, "run.concurrency": 1}).generate(4)
        assert "\n" not in caught.value.message
        asked = len(server.chats)
        assert asked <= 2, "one may be on its way while the refusal is read"
        assert "run.structured=false" in caught.value.hint
        server.reply = said
        assert grow(server, tmp_path, NEVER).generate(4).instructions, "the same folder goes on as the hint says"
    assert not any("response_format" in body for body in server.chats[asked:])


def test_a_model_of_groq_that_misses_the_schema_once_fails_one_request_only(tmp_path: Path) -> None:
    def missed(asked: dict[str, Any], n: int) -> Any:
        words = "Generated JSON does not match the expected schema. See 'failed_generation' for more details."
        return said(asked, n) if n else error(400, words, "json_validate_failed")

    with GroqServer(missed, models=("moonshotai/kimi-k2-instruct",)) as server:
        assert len(grow(server, tmp_path).generate(12).instructions) == 12


@pytest.mark.parametrize("place", ["message", "failed_generation"])
def test_json_that_groq_withholds_since_it_was_cut_is_a_cut_reply_and_ends_the_run_with_the_fix(
    place: str, tmp_path: Path
) -> None:
    refused = {"message": "Failed to generate JSON.", "type": "invalid_request_error", "code": "json_validate_failed"}
    refused[place] = "max completion tokens reached before generating a valid document"

    def cut(asked: dict[str, Any], n: int) -> Any:
        return ServerFault(400, {"error": refused}) if n % 2 or asked["max_tokens"] < 4000 else said(asked, n)

    with GroqServer(cut, models=("openai/gpt-oss-20b",)) as server:
        with pytest.raises(ModelError, match="its 1,440 tokens ended before the JSON was whole") as caught:
            grow(server, tmp_path / "run").generate(12)
        assert len(server.chats) == FIRST
        for fix in ("Raise generate.sampling.max_tokens", "--set run.structured=false"):
            assert fix in caught.value.hint
        limit = {"generate.sampling.max_tokens": 4000}
        assert len(grow(server, tmp_path / "run", limit).generate(12).instructions) == 12, "some may be cut"


def test_a_reply_that_is_cut_inside_the_json_is_kept_and_read_as_far_as_it_goes(tmp_path: Path) -> None:
    def cut(asked: dict[str, Any], _n: int) -> GroqAnswer:
        whole = answer(asked)
        return GroqAnswer(whole[: whole.index('"4"') + 30], "length")

    with OpenAIServer(cut) as server, pytest.raises(Stopped, match="cap"):
        grow(server, tmp_path, {**ALWAYS, "generate.max_candidates": 1, "generate.filters": []}).generate(9)
    store = RunStore.open_readonly(tmp_path)
    try:
        entry = store.journal_entry(GENERATE, 0, None)
        assert entry is not None
        assert (entry.answer.finish, entry.answer.text[:1]) == ("length", "{")  # type: ignore[union-attr]
    finally:
        store.close()
    rows = [json.loads(line) for line in (tmp_path / INSTRUCTIONS).read_text("utf-8").splitlines()]
    assert rows[0]["instruction"].endswith("in one paragraph.")


# --- frozen with the run


def test_a_stage_keeps_its_form(tmp_path: Path) -> None:
    with OllamaServer(said) as server:
        grow(server, tmp_path / "json").generate(4)
        grow(server, tmp_path / "json", {"run.structured": "auto"}).generate(12)
        grow(server, tmp_path / "text", NEVER).generate(4)
        with pytest.raises(ConfigError, match="false in the run, now true"):
            grow(server, tmp_path / "text").generate(12)
    assert all(schemas(tmp_path / "json", GENERATE)), "auto continues as the stage began"


@pytest.mark.parametrize("lookahead", [1, 8])
def test_a_stage_whose_model_loses_its_schemas_is_finished_in_its_folder(lookahead: int, tmp_path: Path) -> None:
    """The refusal comes after three replies of `generate`, and later to requests that others have overtaken."""
    window = {"run.lookahead": lookahead}

    def until_updated(asked: dict[str, Any], n: int) -> Any:
        is_refused = schema_of(asked) is not None and n >= 3
        return error(400, "This server does not support response_format.") if is_refused else said(asked, n)

    with OpenAIServer(until_updated) as server:
        with pytest.raises(ModelError, match="refuses the JSON schema that generate asks with") as caught:
            grow(server, tmp_path, {**ALWAYS, **window}).run(40)
        assert "--set run.structured=false" in caught.value.hint
        before = journal(tmp_path, GENERATE)
        assert 0 < len(before) <= 3
        result = grow(server, tmp_path, {**NEVER, **window}).run(40)
    assert len(result.instructions) == 40
    after = journal(tmp_path, GENERATE)
    assert {index: after[index] for index in before} == before, "what was stored is as it was"
    assert all(request.schema is None for index, (request, _) in after.items() if index not in before)


def journal(out: Path, stage: str) -> dict[int, Any]:
    """The requests of a stage that have replies, with those."""
    store = RunStore.open_readonly(out)
    try:
        entries = [store.journal_entry(stage, at, None) for at in range(store.next_request_index(stage))]
        kept = [entry for entry in entries if entry is not None and entry.answer is not None]
        return {entry.request.index: (entry.request, entry.answer) for entry in kept}
    finally:
        store.close()


def test_a_run_from_before_there_were_schemas_keeps_asking_in_free_text(tmp_path: Path) -> None:
    with OllamaServer(said) as server:
        grow(server, tmp_path, NEVER).generate(4)
        store = RunStore.open(tmp_path)
        store._write([("DELETE FROM run WHERE key = 'structured'", ())]).result()  # as an older version left it
        store.close()
        run = grow(server, tmp_path, {"run.structured": "auto"})
        run.generate(12)
        run.classify()
    assert not any(schema_of(body) for body in server.chats)


# --- the same files


@pytest.mark.slow
def test_a_run_with_a_schema_that_was_killed_ends_like_an_unbroken_one(project: Project) -> None:
    slow = {"delay": 0.05}

    def slowly(asked: dict[str, Any], n: int) -> Any:
        return OllamaAnswer(said(asked, n), delay=slow["delay"])

    with OllamaServer(slowly) as server:
        args = ("--backend", "ollama", "--base-url", server.url, "--set", "run.structured=true", "--target", "24")
        process = project.start("run", *args)
        wait_until(lambda: project.replies() >= 1, "a reply")
        process.kill()
        slow["delay"] = 0.0
        project.run("run", *args).succeeded()
        unbroken = project.another("unbroken")
        unbroken.run("run", *args).succeeded()
    assert files(project.folder) == files(unbroken.folder)
    assert all(schemas(project.folder, INSTANCES))


@pytest.mark.parametrize("settings", [ALWAYS, NEVER])
def test_a_replayed_and_a_reprocessed_run_is_the_same(settings: Mapping[str, Any], project: Project) -> None:
    original, replayed = project.another("original").folder, project.another("replayed").folder
    with OllamaServer(said) as server:
        grow(server, original, settings).run(12)
    project.run("reprocess", str(original), "--target", "12").succeeded()
    assert files(project.folder) == files(original)
    recording = project.folder.parent / "recording.jsonl"
    recording.write_text("".join(recorded(text) for text in texts(original)), "utf-8")
    again = SelfInstruct(backend="replay", out=replayed, settings={"backend.path": str(recording), **settings})
    again.generate(12)
    without_model = [
        {**files(out), INSTRUCTIONS: files(out)[INSTRUCTIONS].replace('"tiny"', '"x"')} for out in (original, replayed)
    ]
    assert without_model[0][INSTRUCTIONS] == without_model[1][INSTRUCTIONS]
    pairs = list(zip(schemas(replayed, GENERATE), schemas(original, GENERATE), strict=False))  # one may have a surplus
    assert pairs
    assert all(one == other for one, other in pairs)


def recorded(text: str) -> str:
    return json.dumps({"response": {"choices": [{"text": text, "finish_reason": "stop"}]}}) + "\n"


def texts(out: Path) -> list[str]:
    """The text of every reply of the stage generate."""
    store = RunStore.open_readonly(out)
    try:
        entries = [store.journal_entry(GENERATE, at, None) for at in range(store.next_request_index(GENERATE))]
        return [entry.answer.text for entry in entries if entry is not None and isinstance(entry.answer, Reply)]
    finally:
        store.close()

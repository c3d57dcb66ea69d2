"""A model that refuses a JSON schema: the way out that the error names is one, and nothing is lost on it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import ConfigError, ModelError
from selfinstruct.types import CLASSIFY, GENERATE
from tests.command_line import command
from tests.servers.groq_server import error
from tests.servers.loopback import ServerFault
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.schemas import schema_of

from .test_structured import ALWAYS, NEVER, grow, said, schemas

WORDS, ODD_WORDS = "invalid grammar", "JSON output is not available for this deployment"


def refuse(words: str) -> Any:
    return lambda asked, n: error(400, words) if schema_of(asked) else said(asked, n)


@pytest.mark.parametrize("settings", [ALWAYS, {}], ids=["true", "auto"])
def test_a_refusal_in_words_that_nobody_knows_names_the_way_out_too(settings: dict[str, Any], tmp_path: Path) -> None:
    with OpenAIServer(refuse(ODD_WORDS)) as server:
        with pytest.raises(ModelError, match="JSON output is not available") as caught:
            grow(server, tmp_path, settings).run(4)
        assert "run.structured=false" in caught.value.hint
        asked = len(server.chats)
        assert grow(server, tmp_path, NEVER).run(4).instructions, "the same folder goes on as the hint says"
    assert not any("response_format" in body for body in server.chats[asked:])
    stage = GENERATE if settings else CLASSIFY
    assert any(schemas(tmp_path, stage)), "the failed requests stay in the journal as they were sent"


def test_a_stage_whose_model_refuses_its_form_midway_is_finished_as_the_hint_says_and_no_refused_change_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen: Counter[bool] = Counter()

    def twice(asked: dict[str, Any], n: int) -> Any:
        is_form = schema_of(asked) is not None
        seen[is_form] += 1
        return ServerFault(400, {"error": WORDS}) if is_form and seen[is_form] > 1 else said(asked, n)

    small = {"classify.batch": 2, "run.concurrency": 1}
    with OllamaServer(twice) as server:
        with pytest.raises(ModelError, match="refuses the JSON schema") as caught:
            grow(server, Path("run"), small).run(8)
        assert "--set run.structured=false" in caught.value.hint
        command("classify", "--out", "run", "--set", "run.structured=false").done()
        asked = len(server.chats)
        change = ("--set", "run.structured=true")
        command("run", "--out", "run", "--target", "12", *change).failed(
            2, "run.structured: false in the run, now true"
        )
        with pytest.raises(ConfigError, match="false in the run, now true"):
            SelfInstruct(out="run", settings=ALWAYS).classify()
        assert len(server.chats) == asked, "it is refused before generate pays for more"
        server.reply = said
        command("run", "--out", "run", "--target", "8").done()
    first, *later = schemas(Path("run"), CLASSIFY)
    assert first
    assert not any(later)


def test_a_later_stage_may_begin_with_another_form_and_the_whole_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with OllamaServer(said) as server:
        grow(server, Path("run"), NEVER).generate(4)
        command("classify", "--out", "run", "--set", "run.structured=true").done()
        command("run", "--out", "run", "--target", "8").done()
    assert not any(schemas(Path("run"), GENERATE))
    assert all(schemas(Path("run"), CLASSIFY))

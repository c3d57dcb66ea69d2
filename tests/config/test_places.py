"""Errors of a config name the line of the file, and the table where a setting belongs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selfinstruct.config.places import homes_of
from tests.command_line import command

WRONG = """# a comment with run.target = 1
plugins = []

[backend]
use = "demo"
latency = "slow"

[run]
target = 50
seed_file = "seeds.jsonl"
trace = "sometimes"

[[generate.filters]]
use = "length"

[[generate.filters]]
use = "length"
min_word = 3

[generate]
encoder = { use = "chat-tasks", cuont = 3 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(text: str) -> str:
    Path("selfinstruct.toml").write_text(text)
    ended = command("generate", "--out", "r")
    ended.failed(2)
    assert not Path("r").exists()
    return ended.err


@pytest.mark.usefixtures("folder")
def test_every_problem_is_named_with_its_line() -> None:
    said = refusal(WRONG.replace("cuont", "count"))
    assert "selfinstruct.toml:9: run.target: unknown option; did you mean generate.target?" in said
    assert "selfinstruct.toml:10: run.seed_file: unknown option; did you mean run.seeds?" in said
    assert "selfinstruct.toml:11: run.trace: must be true or false, " in said


@pytest.mark.usefixtures("folder")
def test_problems_of_components_are_named_with_their_line() -> None:
    said = refusal(re.sub(r"(?m)^(target|seed_file|trace).*\n", "", WRONG))
    assert "selfinstruct.toml:6: backend.latency: must be a number, not " in said
    assert "selfinstruct.toml:15: generate.filters[1].min_word: unknown option; did you mean 'min_words'?" in said
    assert "selfinstruct.toml:18: generate.encoder.cuont: unknown option; did you mean 'count'?" in said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "text",
    [
        "[generate.filters]\nrouge-l = { threshold = 0.6 }\nlength = { min_word = 3 }\n",
        "[generate]\ntarget = 5\nfilters.length.min_word = 3\n",
        "[generate]\n\n[generate.filters.length]\nmin_word = 3\n",
        "[generate]\nfilters = [\n  { use = 'length', min_word = 3 },\n]\n",
        "[[generate.filters]]\nmin_words = 3\nmin_word = 3\nuse = 'length'  # words\n",
    ],
)
def test_a_filter_is_named_with_the_line_of_its_misspelt_option(text: str) -> None:
    line = next(number for number, line in enumerate(text.splitlines(), 1) if re.search("min_word |length]", line))
    wanted = "generate.filters.length.min_word: unknown option; did you mean 'min_words'?"
    assert f"selfinstruct.toml:{line + text.count('length]')}: {wanted}" in refusal(text + "[backend]\nuse = 'demo'\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[generate.filters]\nuse = 'cut'\n",
            "selfinstruct.toml:1: generate.filters: must be a list of tables: write [[",
        ),
        ("[backend]\nuse = 'ollama'\nmodel = llama3.1\n", "selfinstruct.toml:3 is not TOML: Invalid value"),
        ("[backend]\nuse = 'ollama'\nmodel = llama3.1\n", 'Put quotes around a text, as in: model = "llama3.1".'),
        (
            "[generate.filters]\nlenght = { max_words = 60 }\n",
            "selfinstruct.toml:2: generate.filters.lenght: no entry 'lenght'; did you mean 'length'?",
        ),
        (
            "[generate.filters]\nkeywords = false\n",
            "selfinstruct.toml:2: generate.filters.keywords: must be a table of options, such as { OPTION = 3 }, or ",
        ),
        ("[run]\nseed = 1\n[run]\ntrace = true\n", "Write each [table] once, with all its settings under it."),
        ("[run]\nseed = 1\nseed = 2\n", "Write each setting once."),
        ("target = 5\n", "selfinstruct.toml:1: target: unknown option; did you mean generate.target?"),
        ("[run]\nmodel = 'x'\n", "selfinstruct.toml:2: run.model: unknown option; did you mean backend.model?"),
        ("[backend]\nuse = 'demo'\ntemperature = 1\n", "did you mean generate.sampling.temperature?"),
        (
            "[generate]\nmax_usd = 1\n",
            "selfinstruct.toml:2: generate.max_usd: unknown option; did you mean budget.max_usd?",
        ),
        (
            "[backend]\nuse = 'demo'\nplugins = ['./mine.py']\n",
            "did you mean plugins? Its line must stand above the first [table], not below [backend].",
        ),
        (
            "[[generate.add_filters]]\nuse = 'unsafe'\nrecipe = 'paper'\n",
            "did you mean recipe? Its line must stand above the first [table], not below [generate.add_filters",
        ),
        ("[generate.filters]\ntarget = 5\n", "If you mean generate.target, move it to [generate]."),
        ("[generate]\nadd_filters = 'unsafe'\n", "must be a list, such as [{ use = 'unsafe' }]"),
        ("[classify]\nfacts = 'topic'\n", "must be a list, such as ['topic']"),
    ],
)
def test_common_mistakes_are_answered_with_what_to_write(text: str, words: str) -> None:
    assert words in refusal(text)


def test_a_setting_that_is_nowhere_has_no_home() -> None:
    assert homes_of("zzz") == []
    assert homes_of("target") == ["generate.target"]


def test_files_that_a_config_names_are_looked_for_beside_it(folder: Path) -> None:
    beside = folder / "project"
    beside.mkdir()
    (beside / "mine.toml").write_text(
        'plugins = ["./mine.py"]\n[run]\nseeds = "seeds.jsonl"\n[backend]\nuse = "demo"\n'
    )
    (beside / "seeds.jsonl").write_text(
        "".join(f'{{"instruction": "Say {word}.", "output": "{word}"}}\n' for word in "abcdefghi")
    )
    ended = command("generate", "--config", "project/mine.toml", "--target", "1", "--out", "r")
    ended.failed(3, "mine.py", "project")
    (beside / "mine.py").write_text(
        "from selfinstruct.api import hookimpl\n@hookimpl\ndef selfinstruct_filters():\n    return []\n"
    )
    command("generate", "--config", "project/mine.toml", "--target", "1", "--out", "r").done()

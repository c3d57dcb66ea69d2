"""Plugins that are files: their code runs once for a command, and their components are named when they fail."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.store import RunStore
from tests import third_party_plugins as strangers
from tests.command_line import command

COUNTS = strangers.FILTER + "\nwith open('ran.txt', 'a') as file:\n    file.write('x')\n"

BREAKS = """
from selfinstruct.api import *
from selfinstruct.api import Component, NoOptions, PostProcessor, PromptEncoder, Sampler, hookimpl

class Breaks(Sampler, PromptEncoder, PostProcessor):
    def work(self, *_):
        return RESULT

    sample = encode = process = work

def offer():
    return [Component("shaky", "Breaks", NoOptions, lambda _: Breaks())]

@hookimpl
def selfinstruct_samplers():
    return offer()

@hookimpl
def selfinstruct_encoders():
    return offer()

@hookimpl
def selfinstruct_post_processors():
    return offer()
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("more", [(), ("--estimate",), ("--filter", "starts-with", "--set", "generate.patience=2")])
def test_the_code_of_a_plugin_runs_once_for_a_command(more: tuple[str, ...]) -> None:
    strangers.write(Path(), COUNTS, "mine")
    command("generate", "--backend", "demo", "--target", "1", "--plugin", "./mine.py", *more)
    assert Path("ran.txt").read_text() == "x"


def test_a_plugin_that_the_config_names_is_there_beside_one_that_is_an_object() -> None:
    from types import SimpleNamespace

    from selfinstruct.api import hookimpl

    strangers.write(Path(), strangers.FILTER, "mine")
    observer = SimpleNamespace(selfinstruct_settled=hookimpl(lambda settlement: None), __name__="observer")
    Path("selfinstruct.toml").write_text(
        'plugins = ["./mine.py"]\n[generate]\nadd_filters = [{ use = "starts-with" }]\n'
    )
    result = SelfInstruct(backend="demo", plugins=[observer]).generate(1)
    assert result.instructions[0].startswith("W")


@pytest.mark.parametrize("part", ["sampler", "encoder", "post_processor"])
@pytest.mark.parametrize(("result", "words"), [("1 / 0", "ZeroDivisionError: division by zero"), ("None", "TypeError")])
def test_a_component_that_fails_is_named_with_its_plugin(part: str, result: str, words: str) -> None:
    strangers.write(Path(), BREAKS.replace("RESULT", result), "wobbly")
    use = f'generate.{part}={{use="shaky"}}'
    ended = command("generate", "--backend", "demo", "--target", "1", "--plugin", "./wobbly.py", "--set", use)
    ended.failed(3, f"plugin 'wobbly': {part.replace('_', '-')} 'shaky' failed", words)
    if result == "1 / 0":
        code = Path("wobbly.py").read_text().splitlines()
        line = next(number for number, text in enumerate(code, start=1) if "1 / 0" in text)
        assert f"{words} (wobbly.py, line {line})" in ended.err


@pytest.mark.parametrize(("part", "wanted"), [("sampler", "Instruction"), ("encoder", "Message")])
def test_a_component_that_gives_something_else_is_named_with_its_plugin(part: str, wanted: str) -> None:
    strangers.write(Path(), BREAKS.replace("RESULT", "['text']"), "wobbly")
    use = f'generate.{part}={{use="shaky"}}'
    ended = command("generate", "--backend", "demo", "--target", "1", "--plugin", "./wobbly.py", "--set", use)
    ended.failed(3, f"plugin 'wobbly': {part} 'shaky' gave str, not {wanted}, on: ")


RUN = ("generate", "--backend", "demo", "--out", "run", "--target")
MINE = ("--plugin", "./mine.py")


def test_a_plugin_that_was_edited_within_a_run_is_named_once_with_what_that_means() -> None:
    strangers.write(Path(), strangers.FILTER, "mine")
    use = (*MINE, "--filter", "starts-with")
    assert "has changed" not in command(*RUN, "3", *use).done().err
    assert "has changed" not in command(*RUN, "4", *use).done().err
    strangers.write(Path(), strangers.FILTER.replace("startswith(", "upper().startswith("), "mine")
    said = command(*RUN, "5", *use).done().err
    assert said.count("plugin 'mine' has changed: decisions up to here were made by its former text") == 1
    again = said.partition(", or: selfinstruct ")[2].splitlines()[0]
    assert "has changed" not in command(*RUN, "6", *use).done().err
    anew = again.replace("NEW_FOLDER", "again").split()
    assert "has changed" not in command(*anew).done().err
    strangers.write(Path(), strangers.FILTER, "mine")
    assert "plugin 'mine' has changed" in command(*anew).done().err, "the finished run is not reprocessed again"


def test_a_run_of_an_older_version_keeps_the_versions_of_our_own_plugins() -> None:
    strangers.write(Path(), strangers.FILTER, "mine")
    use = (*MINE, "--filter", "starts-with")
    command(*RUN, "3", *use).done()
    with closing(RunStore.open_readonly(Path("run"))) as store:
        older = dict.fromkeys(store.facts.plugins, "0.0.9") | {"mine": ""}
    with closing(RunStore.open(Path("run"))) as store:
        store.facts.record_again(plugins=older)
    assert "has changed" not in command(*RUN, "4", *use).done().err
    with closing(RunStore.open_readonly(Path("run"))) as store:
        digest = store.facts.plugins["mine"]
        assert digest.startswith("sha256:")
        assert store.facts.plugins == older | {"mine": digest}


def test_a_plugin_that_is_fixed_before_any_decision_goes_on_without_a_warning() -> None:
    none_fits = strangers.FILTER.replace("W", "!")
    strangers.write(Path(), none_fits.replace("item.text[:1]", "item.instruction"), "mine")
    use = (*MINE, "--filter", "starts-with", "--set", "generate.patience=2")
    command(*RUN, "3", *use).failed(3, "has no attribute 'instruction'", "; Draft has", " text")
    strangers.write(Path(), none_fits, "mine")
    ended = command(*RUN, "3", *use)
    ended.failed(5, "the pool is saturated", "correct filters (see: selfinstruct status)")
    assert "has changed" not in ended.err


def test_a_filter_that_no_stage_uses_is_named_once_with_the_option_that_adds_it() -> None:
    strangers.write(Path(), strangers.FILTER, "mine")
    note = "plugin ./mine.py offers the filter 'starts-with', which no stage uses; add --filter starts-with\n"
    assert note in command(*RUN, "2", *MINE).done().err
    assert "no stage uses" not in command(*RUN, "3", *MINE).done().err, "a run that goes on cannot change its filters"
    assert "no stage uses" not in command(*RUN, "2", "--out", "b", *MINE, "--filter", "starts-with").done().err
    strangers.write(Path(), strangers.FILTER.replace('("generate",)', '("prepare",)'), "mine")
    said = command(*RUN, "2", "--out", "c", *MINE).done().err
    added = said.partition("; add --set '")[2].partition("'\n")[0]
    ended = command(*RUN, "2", "--out", "d", *MINE, "--set", added).done()
    assert "no stage uses" not in ended.err


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (('StartOptions, Start, ("generate",)', "lambda options: Start(options)"), "options=NoOptions, build=lambda"),
        (
            ("from selfinstruct.api import", "from selfinstruct import"),
            "Import what plugins use from selfinstruct.api.",
        ),
    ],
)
def test_a_mistake_in_a_plugin_is_answered_with_what_to_write(wrong: tuple[str, str], words: str) -> None:
    strangers.write(Path(), strangers.FILTER.replace(*wrong), "mine")
    command("plugins", "check", *MINE).failed(3, "plugin ./mine.py cannot be used", words)


def test_a_check_of_a_named_plugin_shows_that_one_and_what_it_leaves_out() -> None:
    strangers.write(Path(), strangers.FILTER, "mine")
    lines = command("plugins", "check", *MINE).done().out.splitlines()
    assert lines[0] == "mine (./mine.py): OK, 1 component"
    assert lines[1].startswith("not checked: what the components return")
    assert len(lines) == 2

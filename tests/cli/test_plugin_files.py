"""Plugins that are files: their code runs once for a command, and their components are named when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
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

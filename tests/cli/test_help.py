"""The help of every command: titles, examples that work, completion, and colours where they belong."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from selfinstruct.cli import COMMANDS, cli
from selfinstruct.cli.help import OTHER, TITLES, sections
from tests.command_line import COMMAND, environment, process

ESCAPE = "\x1b["


def context() -> click.Context:
    return click.Context(cli, info_name="selfinstruct")


def examples(name: str) -> Iterator[str]:
    command = cli.get_command(context(), name)
    assert command is not None
    for line in (command.epilog or "").splitlines():
        if line.startswith("  selfinstruct "):
            yield line.strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_examples_of_itself(name: str) -> None:
    shown = list(examples(name))
    assert any(line.split()[1] == name for line in shown), shown


@pytest.mark.parametrize("line", [line for name in COMMANDS for line in examples(name)])
def test_an_example_can_be_read_by_the_command_it_shows(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no_haiku.py").touch()
    words = shlex.split(line.partition(" && ")[0])[1:]
    assert not {word for word in words if word.startswith("$")}
    command = cli.get_command(context(), words[0])
    assert command is not None
    made = command.make_context(words[0], words[1:], parent=context())
    if isinstance(command, click.Group):
        name, below, rest = command.resolve_command(made, words[1:])
        assert name is not None
        assert below is not None
        below.make_context(name, rest, parent=made)


def test_options_stand_under_the_title_that_all_commands_give_them() -> None:
    command = cli.get_command(context(), "generate")
    assert command is not None
    found = sections(command, context())
    assert OTHER not in found
    assert list(found)[: len(TITLES)] == list(TITLES)
    assert {"--backend", "--wait"} <= {option.opts[0] for option in found["Model and budget"]}


def test_help_tells_every_option_once(tmp_path: Path) -> None:
    output = process("generate", "--backend", "demo", "--help", cwd=tmp_path).done().out
    for flag in ("--out", "--target", "--latency", "--max-usd", "--json", "-h, --help"):
        assert output.count(f"  {flag} ") == 1, flag
    assert output.index("Run and input:") < output.index("Options of the backend demo:") < output.index("Examples:")


@pytest.mark.parametrize(
    ("words", "at", "expected"),
    [
        ("selfinstruct ge", 1, "generate"),
        ("selfinstruct status --mo", 2, "--more"),
        ("selfinstruct plugins sh", 2, "show"),
    ],
)
def test_a_shell_can_complete_commands_and_options(words: str, at: int, expected: str, tmp_path: Path) -> None:
    env = environment(_SELFINSTRUCT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(at))
    ended = subprocess.run(
        [str(Path(COMMAND[0]).with_name("selfinstruct"))],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"plain,{expected}" in ended.stdout.splitlines(), ended


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_line_gives_a_script_for_the_shell(shell: str, tmp_path: Path) -> None:
    env = environment(_SELFINSTRUCT_COMPLETE=f"{shell}_source")
    command = [str(Path(COMMAND[0]).with_name("selfinstruct"))]
    ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "_SELFINSTRUCT_COMPLETE" in ended.stdout, ended


def on_a_terminal(arguments: list[str], folder: Path, **env: str) -> str:
    """What a command prints on a terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(TERM="xterm-256color", **env),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    output = b""
    try:
        while part := os.read(master, 65536):
            output += part
    except OSError:  # the terminal's end, as Linux tells it
        pass
    finally:
        os.close(master)
    assert child.wait(60) == 0
    return output.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor", "--backend", "demo"],
        pytest.param(["generate", "--backend", "demo", "--target", "20", "--out", "run"], marks=pytest.mark.slow),
    ],
)
def test_colours_are_for_terminals_and_no_color_turns_them_off(arguments: list[str], tmp_path: Path) -> None:
    for name in ("piped", "plain", "coloured"):
        (tmp_path / name).mkdir()
    piped = process(*arguments, cwd=tmp_path / "piped").done()
    assert ESCAPE not in piped.out + piped.err
    colours = [f"{ESCAPE}{code}m" for code in (31, 32, 33, 34, 35, 36)]
    plain = on_a_terminal(arguments, tmp_path / "plain", NO_COLOR="1")
    assert not any(code in plain for code in colours), plain
    if arguments[0] == "doctor":
        assert colours[1] in on_a_terminal(arguments, tmp_path / "coloured")


def test_the_help_suggests_the_command_of_the_readme_first() -> None:
    shown = [line.split(": ")[1].strip() for line in (cli.help or "").splitlines() if ": " in line]
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    assert len(shown) == 3
    for line in shown:
        assert f"$ {line}\n" in readme


def test_the_help_of_export_names_every_format() -> None:
    from selfinstruct.plugins.registry import ENCODER, Registry

    export = cli.get_command(context(), "export")
    assert export is not None
    (words,) = (option.help for option in export.params if isinstance(option, click.Option) and option.name == "format")
    known = {one.component.name for one in Registry.load().offers(ENCODER) if "export" in one.component.stages}
    assert known <= set((words or "").replace(",", "").split())

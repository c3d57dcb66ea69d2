"""The first minutes: help that comes at once, and words for what was mistyped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct import __version__
from selfinstruct.cli import COMMANDS, cli
from tests import third_party_plugins as strangers
from tests.command_line import COMMAND, command, environment, process, python

BACKEND = """
from pydantic import Field, SecretStr
from typing import Literal
from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

class Own(BackendOptions):
    region: str = Field("north", description="Where the servers stand.")
    mood: Literal["calm", "wild"] = Field("calm", description="How the model speaks.")
    seed: int = Field(0, description="Of the model.")
    config: str = Field("", description="A flag of the command has this name.")
    level: int | str | None = Field(None, description="A number or a word.")
    api_key: SecretStr | None = Field(None, description="Not for the command line.")
    extra: dict[str, int] = Field(default_factory=dict, description="Not for the command line.")

def build(options):
    raise RuntimeError(repr((options.region, options.mood, options.seed, options.config, options.level)))

@hookimpl
def selfinstruct_backends():
    return [Component("mine", "My own", Own, build)]
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def modules_after(*args: str) -> set[str]:
    """The top-level modules that a command has imported when it ends."""
    code = (
        "import sys, json, io, contextlib\n"
        "from selfinstruct.cli import main\n"
        f"sys.argv = ['selfinstruct', *{list(args)!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try: main()\n"
        "    except SystemExit as ending: assert not ending.code, ending.code\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    unmeasured = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    return set(python(code, Path.cwd(), unmeasured))  # a measurement imports modules of its own


# --- what help costs


def test_help_imports_nothing_heavy() -> None:
    loaded = modules_after("--help")
    assert "click" in loaded
    assert not loaded & {"langchain_core", "langchain", "pydantic", "rich", "rapidfuzz", "numpy", "pluggy", "sqlite3"}


def test_the_help_of_a_stage_does_not_import_langchain() -> None:
    for backend in ("groq", "demo"):
        loaded = modules_after("generate", "--backend", backend, "--help")
        assert "pydantic" in loaded
        assert not loaded & {"langchain_core", "langchain", "langchain_groq", "groq", "httpx", "rich", "numpy"}


def test_a_finished_run_is_continued_without_langchain() -> None:
    words = ("generate", "--backend", "demo", "--target", "4", "--out", "run")
    command(*words).done()
    assert "langchain_core" in modules_after(*words[:4], "5", *words[5:])
    assert not modules_after(*words[:4], "5", *words[5:]) & {"langchain_core", "langchain", "langsmith"}


# --- what help says


def test_help_shows_every_command_and_a_way_to_start() -> None:
    out = command("--help").done().out
    for name, words in COMMANDS.items():
        assert f"  {name} " in out
        assert words in out
    assert "selfinstruct run --backend demo" in out
    assert command("-h").out == out
    assert command("--version").done().out.strip() == f"selfinstruct, version {__version__}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    out = command(name, "--help").done().out
    assert out.startswith(f"Usage: selfinstruct {name}")
    loaded = cli.get_command(None, name)  # type: ignore[arg-type]
    assert loaded is not None
    assert loaded.name == name


def test_no_command_shows_the_help_and_is_a_usage_error() -> None:
    ended = command()
    assert ended.code == 2
    assert "Commands:" in ended.out + ended.err


def test_the_help_of_a_backend_shows_its_options_but_no_secrets_and_no_tables() -> None:
    out = command("generate", "--backend", "groq", "--help").done().out
    assert "Options of the backend groq:" in out
    for flag in ("--model", "--base-url", "--timeout", "--service-tier [on_demand|flex|auto]"):
        assert flag in out
    assert "api-key" not in out
    assert "extra-body" not in out


def test_without_a_backend_the_help_says_how_to_see_its_options() -> None:
    assert "To see them, name one: --backend NAME --help" in command("generate", "--help").done().out


def test_the_help_shows_the_options_of_the_backend_in_the_config() -> None:
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'ollama'")
    assert "Options of the backend ollama:" in command("generate", "--help").done().out
    assert "Options of the backend demo:" in command("generate", "--set", "backend.use=demo", "--help").done().out


def test_a_file_plugins_backend_has_help_and_flags_too() -> None:
    strangers.write(Path(), BACKEND, "mine")
    given = ["generate", "--plugin", "./mine.py", "--backend", "mine"]
    out = command(*given, "--help").done().out
    assert "Options of the backend mine:" in out
    assert "--region TEXT" in out
    assert "--mood [calm|wild]" in out
    assert "--backend-seed INTEGER" in out, "--seed is taken"
    assert "--backend-config TEXT" in out, "--config is taken"
    assert "api-key" not in out
    assert "--extra" not in out
    flags = ["--region", "south", "--mood", "wild", "--seed", "5", "--backend-seed", "6", "--backend-config", "c"]
    for level, read in (("7", "7"), ("high", "'high'")):
        ended = command(*given, *flags, "--level", level)
        ended.failed(3, f"backend 'mine' could not be built: RuntimeError: ('south', 'wild', 6, 'c', {read})")


def test_a_config_that_lacks_what_a_flag_brings_is_no_hindrance() -> None:
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'replay'")
    command("generate").failed(2, "backend.path: missing (JSONL file of replies)\nAdd it: --set backend.path=VALUE")
    ended = command("generate", "--path", "nowhere.jsonl")
    ended.failed(2, "nowhere.jsonl")
    assert "No such option" not in ended.err


# --- what was mistyped


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["genrate"], "error: there is no command 'genrate'; did you mean 'generate'?\nSee: selfinstruct --help"),
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["--versoin"], "there is no option --versoin; did you mean '--version'?"),
        (
            ["--out", "x", "run"],
            "no option --out; options stand after their command, as in: selfinstruct COMMAND --out",
        ),
        (["run", "-o", "x"], "there is no option -o; did you mean --out?"),
        (["run", "--temperature", "1"], "no option --temperature; give the setting as --set generate.sampling.temper"),
        (["plugins", "check", "mine.py"], "extra argument (mine.py); a plugin is named with --plugin"),
        (["generate", "--backend", "demo", "--filter", "rouge-l=0.6"], "Give the name only: options are set in the"),
        (["generate", "--targt", "5", "--backend", "demo"], "there is no option --targt; did you mean '--target'?"),
        (
            ["generate", "--target", "none", "--backend", "demo"],
            "error: --target: 'none' is not a whole number of at least 1\nSee: selfinstruct generate --help",
        ),
        (["generate", "--target", "0", "--backend", "demo"], "--target: 0 is not a whole number of at least 1"),
        (["run", "--max-usd", "-1"], "--max-usd: -1.0 is not a number above 0"),
        (["export", "--split", "2"], "--split: 2.0 is not a number above 0 and at most 1"),
        (["export", "--file", "csv"], "--file: 'csv' is not jsonl or parquet"),
        (["generate", "--seed", "x"], "--seed: 'x' is not a whole number"),
        (["generate", "--backend", "demo", "--latncy", "5"], "there is no option --latncy; did you mean '--latency'?"),
        (["generate", "--backend", "demo", "--latency", "soon"], "--latency: 'soon' is not a number"),
        (["generate", "--seeds", "--out", "run"], "(run): --seeds needs a value, and took --out for it"),
        (["plugins", "new", "two", "words"], "extra argument (words); a text of several words needs quotes"),
        (
            ["generate", "--plugin", "mine", "--backend", "demo"],
            "No module named 'mine'\nFor the file write: --plugin ./mine.py",
        ),
        (["generate", "--quiet=3"], "--quiet takes no value"),
        (["run", "--batch-file", __file__], "--batch-file: directory '"),
        (["why"], "TEXT|ID is missing\nSee: selfinstruct why --help"),
        (
            ["generate", "--backend", "groq", "--service-tier", "flux"],
            "--service-tier: 'flux' is not on_demand, flex or auto; did you mean 'flex'?",
        ),
        (["generate", "--backend", "dmo"], "no backend is called 'dmo'; did you mean 'demo'?"),
        (["generate", "--backend", "dmo", "--latency", "5"], "no backend is called 'dmo'; did you mean 'demo'?"),
        (["generate", "--backend", "openai"], "For any other provider: --backend langchain --model openai:gpt-4o-mini"),
        (["generate", "--plugin", "./no.py", "--backend", "mine", "--region", "x"], "there is no file ./no.py"),
        (["generate"], "no backend is chosen"),
        (["generate", "--backend"], "--backend needs a value\nSee: selfinstruct generate --help"),
        (
            ["generate", "extra", "--backend", "demo"],
            "unexpected extra argument (extra); a run folder is named with --out",
        ),
        (["generate", "--backend", "demo", "--set", "run.sed=1"], "run.sed: unknown option; did you mean 'seed'?"),
        (["generate", "--backend", "demo", "--set", "run.seed"], "write it as path=value"),
        (["plugins", "show", "filter:rogue-l"], "no filter is called 'rogue-l'; did you mean 'rouge-l'?"),
        (["plugins", "show", "filtre:rouge-l"], "'filtre:rouge-l' is not KIND:NAME; did you mean 'filter'?"),
        (["plugins", "show", "rogue-l"], "no component is called 'rogue-l'; did you mean 'rouge-l'?"),
        (["plugins", "show", "chat-tasks"], "Say which: encoder:chat-tasks or post-processor:chat-tasks."),
        (
            ["run", "--model", "llama3.1"],
            "--model: the command names no backend\nName the backend: --backend ollama",
        ),
        (["run", "--backend", "demo", "--model", "llama3.1"], "--model: the backend demo has no such option"),
        (["generate", "--backend", "demo", "--filter", "mine"], "If it is your own, name its file: --plugin"),
        (
            ["plugins", "lst"],
            "there is no command 'lst'; did you mean 'list'?\nSee: selfinstruct plugins --help",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_a_usage_error_with_a_suggestion(args: list[str], words: str) -> None:
    command(*args).failed(3 if {"./no.py", "mine"} & set(args) - {"--filter"} and "--filter" not in args else 2, words)
    assert not list(Path().iterdir()), "nothing is made"


def test_no_backend_names_all_there_are() -> None:
    ended = command("generate")
    assert ended.err == (
        "error: no backend is chosen\nName one: --backend NAME, in Python backend=NAME. "
        "Known: demo, groq, langchain, ollama, replay. "
        "Without --config, selfinstruct.toml is read from the folder that you are in.\n"
    )


def test_a_traceback_only_with_debug_and_the_same_exit_code() -> None:
    plain, debugged = command("status"), command("status", "--debug")
    assert plain.code == debugged.code == 2
    assert "Traceback" not in plain.err
    assert "Traceback" in debugged.err
    assert debugged.err.endswith(plain.err)


def test_a_bug_of_ours_says_so_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.store.RunStore.open_readonly", lambda _: dict[str, int]()["no such key"])
    ended = command("status")
    assert ended.code == 1
    assert ended.err == (
        "error: this is a bug of selfinstruct: KeyError: 'no such key'\n"
        "Run the command again with --debug and report what it prints.\n"
    )


# --- plugins


def test_plugins_show_tells_every_option() -> None:
    out = command("plugins", "show", "filter:rouge-l").done().out
    assert out.startswith("filter rouge-l: Drop drafts too similar to the pool by ROUGE-L\nstages: generate\n")
    assert "  threshold (float, default 0.7)\n      Drop a draft whose ROUGE-L F1" in out
    assert "needs: pip install 'selfinstruct[groq]'" in command("plugins", "show", "backend:groq").done().out
    assert "model (str, required)" in command("plugins", "show", "backend:langchain").done().out


def test_plugins_list_has_every_kind_and_component() -> None:
    from selfinstruct.plugins.registry import KINDS, Registry

    out = command("plugins", "list").done().out
    for kind in KINDS:
        assert f"{kind}s\n" in out
    for offer in Registry.load().offers():
        assert f"  {offer.component.name} " in out


def test_plugins_of_the_users_own_are_listed_shown_and_checked() -> None:
    strangers.write(Path(), strangers.FILTER, "mine")
    named = ["--plugin", "./mine.py"]
    assert "starts-with" in command("plugins", "list", *named).done().out
    assert "letter (str, default 'W')" in command("plugins", "show", "filter:starts-with", *named).done().out
    assert "mine (./mine.py): OK, 1 component" in command("plugins", "check", *named).done().out


# --- readers that leave


@pytest.mark.parametrize(
    "args",
    [["--help"], ["generate", "--help"], ["plugins", "list"], ["generate", "--backend", "demo", "--target", "3"]],
)
def test_a_reader_that_leaves_is_no_fault(args: list[str], tmp_path: Path) -> None:
    import os

    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        ended = subprocess.run(
            [*COMMAND, *args],
            cwd=tmp_path,
            env=environment(),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
        )
    assert ended.returncode == 0, ended.stderr
    assert "Error" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_whose_reader_leaves_continues_to_its_end(tmp_path: Path) -> None:
    import os

    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        args = [*COMMAND, "generate", "--backend", "demo", "--target", "3"]
        ended = subprocess.run(args, cwd=tmp_path, env=environment(), stdout=gone, stderr=gone, timeout=240)
    assert ended.returncode == 0
    assert len((tmp_path / "runs/default/machine_generated_instructions.jsonl").read_text().splitlines()) == 3


def test_the_installed_script_is_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "selfinstruct"
    ended = subprocess.run([script, "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert ended.stdout == process("--version", cwd=tmp_path).done().out


def test_a_component_is_shown_by_its_name_alone() -> None:
    assert command("plugins", "show", "rouge-l").done().out == command("plugins", "show", "filter:rouge-l").done().out


def test_help_does_not_show_the_options_of_the_backend_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command("generate", "--backend", "demo", "--target", "1").done()
    assert "--near-duplicate" not in command("generate", "--help").done().out
    assert "--near-duplicate" in command("generate", "--backend", "demo", "--help").done().out

"""`init` writes a project that works at once, over nothing that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selfinstruct.config import merge, read_file, read_recipe, recipes, resolve
from selfinstruct.config.seeds import BUILTIN, read_seeds
from selfinstruct.plugins.registry import Registry
from tests.command_line import command, environment, process
from tests.servers.groq_server import GroqServer

FILES = ("selfinstruct.toml", "data/seed_tasks.jsonl", ".env.example")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("recipe", recipes())
@pytest.mark.parametrize("full", [[], ["--full"]])
def test_the_config_that_is_written_resolves_to_the_recipe(recipe: str, full: list[str]) -> None:
    command("init", "p", "--recipe", recipe, *full).done()
    tree = read_file(Path("p/selfinstruct.toml"))
    assert (tree["recipe"], tree["backend"]) == (recipe, {"use": "demo"})
    assert tree["run"]["seeds"] == "data/seed_tasks.jsonl"
    written = resolve(merge(read_recipe(recipe), tree), Registry.load())
    plain = resolve(read_recipe(recipe), Registry.load())
    assert written.stages == plain.stages
    assert ("sampler" in tree["generate"]) == bool(full), "the whole recipe is written where it was asked for"


@pytest.mark.parametrize("recipe", recipes())
def test_what_the_comments_of_the_config_propose_works(recipe: str) -> None:
    command("init", "p", "--recipe", recipe).done()
    path = Path("p/selfinstruct.toml")
    path.write_text(re.sub(r"^# (?=\[|[\w-]+ = )", "", path.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    filters = resolve(merge(read_recipe(recipe), read_file(path)), Registry.load()).stages["generate"].filters
    names = [chosen.name for chosen in filters]
    assert names[-1] == "unsafe"
    assert next(chosen for chosen in filters if chosen.name == "rouge-l").options.model_dump()["threshold"] == 0.6


def test_the_seeds_that_are_written_are_the_shipped_ones() -> None:
    command("init", "p").done()
    assert read_seeds("p/data/seed_tasks.jsonl") == read_seeds(BUILTIN)


def test_a_new_project_works_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = command("init", "my project").done()
    assert [line.endswith(" written") for line in ended.out.splitlines()[:3]] == [True] * 3
    assert ended.out.splitlines()[-1] == "Then: cd 'my project' && selfinstruct run"
    monkeypatch.chdir(tmp_path / "my project")
    assert "generate: target of 5 reached" in command("generate", "--target", "5").done().out
    assert Path("runs/default/run.sqlite").is_file()


def test_here_needs_no_cd() -> None:
    assert command("init").done().out.splitlines()[-1] == "Then: selfinstruct run"


def test_an_edit_of_the_written_config_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    command("init", "--full").done()
    path = Path("selfinstruct.toml")
    edited = path.read_text("utf-8").replace("min_words = 2", "min_words = 60")
    assert edited != path.read_text("utf-8")
    path.write_text(edited, "utf-8")
    command("generate", "--set", "generate.max_candidates=5")
    assert '"reason": "too-short"' in Path("runs/default/rejected.jsonl").read_text("utf-8")


@pytest.mark.parametrize("there", FILES)
def test_nothing_that_is_there_is_written_over(there: str) -> None:
    Path("data").mkdir()
    Path(there).write_text("mine")
    ended = command("init").done()
    assert f"{there} exists and was not changed" in ended.out
    assert Path(there).read_text() == "mine"
    assert all(Path(name).stat().st_size > 4 for name in FILES if name != there)
    assert command("init").done().out.count("and was not changed") == 3


def test_a_link_into_nothing_is_not_followed() -> None:
    Path(".env.example").symlink_to("elsewhere")
    command("init").done()
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["p", "--recipe", "papr"], "no recipe is called 'papr'; did you mean 'paper'?"),
        (["p", "--recipe", "mine.toml"], "no recipe is called 'mine.toml'"),
        (["p", "--backend", "grok"], "no backend is called 'grok'; did you mean 'groq'?"),
    ],
)
def test_a_project_that_could_not_work_is_not_written(args: list[str], words: str) -> None:
    command("init", *args).failed(2, words)
    assert not Path("p").exists()


@pytest.mark.parametrize("folder", ["taken", "taken/below"])
def test_a_file_in_the_way(folder: str) -> None:
    Path("taken").write_text("x")
    command("init", folder).failed(2, "taken", "cannot be written: ", "Choose another folder.")


def test_the_env_file_is_read_and_the_environment_goes_first(tmp_path: Path) -> None:
    command("init").done()
    assert "GROQ_API_KEY=" in Path(".env.example").read_text()
    with GroqServer("1. Name three rivers of Europe.\n2. Describe a lighthouse.", key="gsk_from_env_file") as server:
        Path(".env").write_text(f"GROQ_API_KEY=gsk_from_env_file\nGROQ_BASE_URL={server.url}\n")
        given = ["generate", "--backend", "groq", "--target", "1"]
        process(*given, "--out", "a", cwd=tmp_path).done()
        refused = process(*given, "--out", "b", cwd=tmp_path, env=environment(GROQ_API_KEY="gsk_other"))
        refused.failed(4, "key")


def test_an_env_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes(b"GROQ_API_KEY=caf\xe9\n")
    command("generate", "--backend", "demo").failed(2, ".env cannot be read: it is not UTF-8 text, from byte 16 on")
    assert not Path("runs").exists()

"""`selfinstruct plugins new`: what it writes can be installed, is found, and passes its own tests."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.cli.scaffold import SUMMARIES
from tests.command_line import command, rows
from tests.fresh_environment import Fresh
from tests.sweeps import quick


def new(to: Path, kind: str) -> Path:
    command("plugins", "new", f"my-{kind}", "--kind", kind, "--to", to).done()
    return to / f"selfinstruct-my-{kind}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of every kind."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in SUMMARIES:
        new(folder, kind)
    return folder


@pytest.fixture(scope="module")
def fresh(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """An environment in which all of them are installed."""
    made = Fresh.make(tmp_path_factory.mktemp("fresh") / "env")
    made.install(*sorted(written.iterdir()))
    return made


def test_all_are_found_and_well(fresh: Fresh, tmp_path: Path) -> None:
    ended = fresh.run("selfinstruct", "plugins", "check", cwd=tmp_path).done()
    lines = {line.split()[0]: line for line in ended.out.splitlines()}
    for kind in SUMMARIES:
        module = f"selfinstruct_my_{kind.replace('-', '_')}"
        assert lines[f"my-{kind}"] == f"my-{kind} 0.1.0 ({module}): OK, 1 component"


def test_all_are_listed(fresh: Fresh, tmp_path: Path) -> None:
    ended = fresh.run("selfinstruct", "plugins", "list", cwd=tmp_path).done()
    assert not ended.err
    for kind, summary in SUMMARIES.items():
        assert f"my-{kind}" in ended.out
        assert summary in ended.out


@pytest.mark.parametrize("kind", quick(SUMMARIES, ["sampler"]))
def test_its_own_tests_pass(kind: str, fresh: Fresh, written: Path) -> None:
    ended = fresh.run("pytest", "-q", "-W", "error", cwd=written / f"selfinstruct-my-{kind}")
    assert ended.code == 0, ended.out + ended.err
    assert " passed" in ended.out
    assert "skipped" not in ended.out


@pytest.mark.parametrize("kind", quick(SUMMARIES, ["format"]))
def test_the_run_that_its_readme_proposes_works(kind: str, fresh: Fresh, written: Path, tmp_path: Path) -> None:
    readme = (written / f"selfinstruct-my-{kind}" / "README.md").read_text("utf-8")
    lines = [line for line in readme.splitlines() if line.startswith("selfinstruct ")]
    assert lines[0].startswith("selfinstruct plugins show ")
    assert len(lines) == (3 if kind == "format" else 2)
    for line in lines:
        target = "4" if kind == "format" else "1"
        fresh.run(
            "selfinstruct", *shlex.split(line.replace("--target 10", f"--target {target}"))[1:], cwd=tmp_path
        ).done()
    if kind == "format":
        (row, *_) = rows(tmp_path / "data" / "my-format" / "data" / "train.jsonl")
        assert list(row) == ["question", "answer"]


def test_what_is_written_is_without_lint(written: Path) -> None:
    linter = [sys.executable, "-m", "ruff", "check", "--select", "E,F,B,UP,RUF100", "--line-length", "120"]
    ended = subprocess.run([*linter, "--isolated", written], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


# --- names


def test_it_says_what_comes_next(tmp_path: Path) -> None:
    ended = command("plugins", "new", "no-haiku", "--to", tmp_path / "with blanks").done()
    folder = tmp_path / "with blanks" / "selfinstruct-no-haiku"
    assert f"Next: cd '{folder}' && pip install -e '.[test]' && pytest" in ended.out
    assert "Then: selfinstruct plugins show filter:no-haiku" in ended.out
    assert f"{folder / 'pyproject.toml'} written" in ended.out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("No_Haiku", "For example: no-haiku"),
        ("no haiku", "For example: no-haiku"),
        ("selfinstruct_haiku", "For example: haiku"),
        ("9-lives", "For example: no-haiku"),
        ("../haiku", "For example: haiku"),
        ("", "For example: no-haiku"),
        ("h\ud83dku", "For example: h-ku"),
        ("\u4fb3\u53e5", "For example: no-haiku"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, hint: str, tmp_path: Path) -> None:
    command("plugins", "new", name, "--to", tmp_path).failed(2, "must be lower-case words joined by hyphens", hint)
    assert not list(tmp_path.iterdir())


def test_names_that_are_taken_are_refused(tmp_path: Path) -> None:
    taken = command("plugins", "new", "length", "--to", tmp_path)
    taken.failed(2, "plugin 'filters' already offers a filter called 'length'")
    command("plugins", "new", "demo", "--to", tmp_path).failed(2, "a plugin called 'demo' is already installed")
    command("plugins", "new", "selfinstruct-x", "--to", tmp_path).failed(2, "Leave selfinstruct- out")
    command("plugins", "new", "length", "--kind", "sampler", "--to", tmp_path).done()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    folder = new(tmp_path, "filter")
    (folder / "README.md").write_text("mine", "utf-8")
    command("plugins", "new", "my-filter", "--to", tmp_path).failed(2, f"{folder} exists already")
    assert (folder / "README.md").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    command("plugins", "new", "x", "--to", tmp_path / "file" / "below").failed(2, "cannot be written: Not a directory")
    command("plugins", "new", "x" * 300, "--to", tmp_path).failed(2, "cannot be written: File name too long")
    command("plugins", "new", "x", "--to", tmp_path / "file").failed(2, "file exists already")

"""Packages of strangers, built and installed as their users would, used in real runs, and broken in two ways."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import rows
from tests.fresh_environment import Fresh

HERE = Path(__file__).parent
OFFLINE = ("generate", "--backend", "demo", "--target", "20")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The strangers' sources, where building them leaves nothing in ours."""
    folder = tmp_path_factory.mktemp("strangers")
    for package in HERE.glob("selfinstruct-*"):
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def fresh(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """An environment with all of them."""
    made = Fresh.make(tmp_path_factory.mktemp("fresh") / "env")
    made.install(*sorted(packages.iterdir()))
    return made


def test_a_strangers_own_tests_pass(fresh: Fresh, packages: Path) -> None:
    strict = ("-W", "error", "-W", "default:plugin")  # those of other strangers are broken
    ended = fresh.run("pytest", "-q", *strict, cwd=packages / "selfinstruct-haiku")
    assert ended.code == 0, ended.out + ended.err
    assert " passed" in ended.out


def test_it_imports_the_plugin_api_and_what_is_for_its_tests() -> None:
    import ast

    for path in (HERE / "selfinstruct-haiku").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "selfinstruct":
                assert node.module in ("selfinstruct.api", "selfinstruct.testing")


def test_its_filter_its_sampler_and_its_observer_work_in_a_run(fresh: Fresh, tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text(
        '[generate]\nsampler = { use = "shortest", total = 3 }\nadd_filters = [{ use = "first-words", most = 1 }]\n'
    )
    ended = fresh.run("selfinstruct", *OFFLINE, cwd=tmp_path).done()
    kept = rows(tmp_path / "runs/default/machine_generated_instructions.jsonl")
    assert len({row["instruction"].split()[0].lower() for row in kept}) == len(kept) == 20
    for row in kept:
        assert f"haiku heard: {row['instruction']}" in ended.out
    dropped = [row for row in rows(tmp_path / "runs/default/rejected.jsonl") if row["filter"] == "first-words"]
    assert {row["reason"] for row in dropped} == {"begins-alike"}


def test_broken_strangers_take_nothing_with_them(fresh: Fresh, tmp_path: Path) -> None:
    ended = fresh.run("selfinstruct", *OFFLINE, cwd=tmp_path).done()
    assert "plugin 'absent' is broken and left out: ModuleNotFoundError" in ended.err
    assert "plugin 'tomorrow' is broken and left out: it is for plugin API 99, and this is 1" in ended.err
    assert len(rows(tmp_path / "runs/default/machine_generated_instructions.jsonl")) == 20


def test_a_broken_stranger_that_is_named_is_fatal(fresh: Fresh, tmp_path: Path) -> None:
    named = fresh.run("selfinstruct", *OFFLINE, "--plugin", "absent", cwd=tmp_path)
    named.failed(3, "plugin absent cannot be used: ModuleNotFoundError", "a_library_that_nobody_installed")
    used = fresh.run("selfinstruct", *OFFLINE, "--filter", "tomorrow", cwd=tmp_path)
    used.failed(2, "no filter is called 'tomorrow'", "plugin 'tomorrow' is broken: it is for plugin API 99")
    assert not (tmp_path / "runs").exists()


def test_plugins_check_tells_them_apart(fresh: Fresh, tmp_path: Path) -> None:
    ended = fresh.run("selfinstruct", "plugins", "check", cwd=tmp_path)
    assert ended.code == 3
    lines = {line.split()[0]: line for line in ended.out.splitlines()}
    assert lines["haiku"] == "haiku 2.3.1 (selfinstruct_haiku): OK, 2 components"
    assert "broken: it is for plugin API 99, and this is 1" in lines["tomorrow"]
    assert "a_library_that_nobody_installed" in lines["absent"]

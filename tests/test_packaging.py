"""What is shipped: one wheel with the package, every plugin, the data and the entry points."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

from selfinstruct import __version__
from selfinstruct.plugins.registry import GROUP

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PLUGINS = sorted(folder.name for folder in (ROOT / "plugins").glob("selfinstruct_*") if folder.is_dir())


LARGE = {"ray"}
"""Extras that `all` leaves out: 200 MB that nobody needs on one computer."""


def test_every_plugin_has_an_entry_point_and_is_shipped() -> None:
    entries = PROJECT["project"]["entry-points"][GROUP]
    assert sorted(entries.values()) == PLUGINS
    assert {name: f"selfinstruct_{name}" for name in entries} == entries
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(shipped) == sorted(["src/selfinstruct", *(f"plugins/{name}" for name in PLUGINS)])


def test_every_package_says_that_it_is_typed() -> None:
    for folder in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert (ROOT / folder / "py.typed").is_file(), f"{folder} has no py.typed"


def test_the_entry_points_are_installed() -> None:
    assert sorted(entry.value for entry in entry_points(group=GROUP)) == PLUGINS, "run: make setup"


def test_there_is_one_version() -> None:
    assert PROJECT["project"]["version"] == __version__ == version("selfinstruct")


def test_the_extras_that_components_name_exist_and_all_has_them_but_the_large() -> None:
    from selfinstruct.plugins.registry import Registry

    extras = PROJECT["project"]["optional-dependencies"]
    named = {offer.component.extra for offer in Registry.load().offers()} - {""}
    assert named <= extras.keys()
    for extra in named - LARGE:
        assert any(extra in entry for entry in extras["all"])


def test_what_the_core_imports_is_a_dependency() -> None:
    from tests.test_layers import CORE, imports, layer, ours

    names = {requirement.partition(">")[0].strip() for requirement in PROJECT["project"]["dependencies"]}
    known = {name.replace("-", "_") for name in names} | {"dotenv"}
    optional = {
        requirement.partition(">")[0].partition("[")[0].strip().replace("-", "_")
        for requirements in PROJECT["project"]["optional-dependencies"].values()
        for requirement in requirements
    }
    for name in CORE:
        for one in imports(name):
            top = one.imported.partition(".")[0]
            if not ours(one.imported) and top not in sys.stdlib_module_names and top not in known:
                lazy = not one.at_import or one.for_types or layer(name) == "testing"  # which nothing of ours imports
                assert lazy, f"{one}: no dependency"
                assert top in optional, f"{one}: no extra brings it"


@pytest.mark.slow
def test_the_wheel_holds_everything(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", str(ROOT)]
    subprocess.run(
        [*build, "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)], check=True, timeout=240, cwd=tmp_path
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entries = archive.read(f"selfinstruct-{__version__}.dist-info/entry_points.txt").decode()
        seeds = archive.read("selfinstruct/data/seed_tasks.jsonl")
    assert seeds == (ROOT / "data" / "seed_tasks.jsonl").read_bytes()
    for folder in ("src/selfinstruct", *(f"plugins/{name}" for name in PLUGINS)):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to((ROOT / folder).parent).as_posix() in names
    assert {"selfinstruct/py.typed", "selfinstruct/store/schema/001_initial.sql"} <= names
    assert {"selfinstruct/config/recipes/chat.toml", "selfinstruct/config/recipes/paper.toml"} <= names
    assert f"selfinstruct-{__version__}.dist-info/licenses/LICENSE" in names
    assert "selfinstruct = selfinstruct.cli:main" in entries
    assert all(f"{name.removeprefix('selfinstruct_')} = {name}" in entries for name in PLUGINS)
    assert {name.partition("/")[0] for name in names} == {
        "selfinstruct", *PLUGINS, f"selfinstruct-{__version__}.dist-info",
    }, "nothing else is shipped"  # fmt: skip


@pytest.mark.slow
def test_the_wheel_works_by_itself(tmp_path: Path) -> None:
    """Unpacked anywhere, with no checkout beside it: the seeds and recipes are its own."""
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", str(ROOT)]
    subprocess.run(
        [*build, "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)], check=True, timeout=240, cwd=tmp_path
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import selfinstruct; assert selfinstruct.__file__.startswith(sys.path[0]), selfinstruct.__file__\n"
        "from selfinstruct.cli import main; sys.argv = ['selfinstruct', *sys.argv[1:]]; main()"
    )
    for args in (["init", "p"], ["generate", "--backend", "demo", "--target", "3"]):
        ended = subprocess.run(
            [sys.executable, "-c", code, *args], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )
        assert ended.returncode == 0, ended.stderr
    assert len((tmp_path / "runs/default/machine_generated_instructions.jsonl").read_text("utf-8").splitlines()) == 3

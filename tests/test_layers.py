"""The layers of docs/DESIGN: who may import whom, read from the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {"selfinstruct": ROOT / "src" / "selfinstruct"} | {
    folder.name: folder for folder in sorted((ROOT / "plugins").glob("selfinstruct_*")) if folder.is_dir()
}

BELOW: dict[str, set[str]] = {
    "types": set(),
    "errors": set(),
    "files": {"errors"},
    "text": {"files", "errors"},
    "similarity": {"text", "files", "types", "errors"},
    "api": {"types", "errors"},
    "api.similarity": {"similarity"},
    "api.text": {"text", "files"},
    "plugins": {"api", "errors"},
    "config": {"plugins", "api", "files", "types", "errors"},
    "store": {"similarity", "text", "files", "types", "errors"},
    "engine": {"store", "api", "text", "files", "types", "errors"},
    "insight": {"store", "similarity", "text", "files", "types", "errors"},
    "export": {"insight", "store", "api", "files", "types", "errors"},
    "run": {"export", "engine", "store", "config", "plugins", "similarity", "api", "text", "files", "types", "errors"},
    "transfer": {"run", "export", "engine", "store", "config", "plugins", "text", "files", "types", "errors"},
    "review": {"store", "text", "types", "errors"},
    "testing": {"plugins", "api"},
    "client": {"run", "export", "insight", "store", "plugins", "api", "types", "errors"},
    "cli": {"run", "transfer", "review", "export", "insight", "store", "config", "plugins", "similarity"}
    | {"api", "text", "files", "types", "errors"},
    "__main__": {"cli"},
    "": {"client", "errors"},
}
"""Every layer, from the bottom up, and those that it may import; a layer may always import itself."""

CLIENTS = {
    "selfinstruct_groq": {"groq", "httpx", "httpx_aiohttp", "langchain_core", "langchain_groq"},
    "selfinstruct_ollama": {"httpx", "httpx_aiohttp", "langchain_core", "langchain_ollama", "ollama"},
    "selfinstruct_filters": {"langchain", "langchain_core", "numpy", "py3langid"},
    "selfinstruct_langchain": {"httpx", "langchain", "langchain_core"},
    "selfinstruct_demo": {"langchain_core"},
    "selfinstruct_ray": {"ray"},
    "selfinstruct_replay": {"langchain_core"},
}
"""What plugins may import besides the plugin API, the standard library and pydantic."""

LONG = {
    "selfinstruct/types.py": "the values in order of appearance: one page to read from top to bottom",
}
"""Files of more than 300 lines, and why."""

SHORT = 300


@dataclass(frozen=True)
class Import:
    """One import: who, of what, and whether it happens when the module is imported."""

    importer: str
    imported: str
    line: int
    for_types: bool
    at_import: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.imported}"


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def imports(name: str) -> Iterator[Import]:
    """All imports of a module, those in functions too."""
    yield from _imports(name, TREES[name], for_types=False, at_import=True)


def _imports(name: str, node: ast.AST, for_types: bool, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(name, alias.name, child.lineno, for_types, at_import)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{name}, line {child.lineno}: imports are absolute"
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield Import(name, whole if whole in MODULES else str(child.module), child.lineno, for_types, at_import)
        else:
            checking = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(name, child, for_types or checking, at_import and not inside)


def layer(name: str) -> str:
    """The layer of a module of `selfinstruct`."""
    inner = name.removeprefix("selfinstruct").removeprefix(".")
    return inner if inner in BELOW else inner.partition(".")[0]


def ours(name: str) -> bool:
    return name == "selfinstruct" or name.startswith("selfinstruct.")


CORE = [name for name in MODULES if ours(name)]
PLUGINS = [name for name in MODULES if not ours(name)]


def test_every_module_is_in_a_layer() -> None:
    assert {layer(name) for name in CORE} <= BELOW.keys(), "a new module: say in BELOW what it may import"


@pytest.mark.parametrize("name", CORE)
def test_a_module_imports_only_layers_below_its_own(name: str) -> None:
    here = layer(name)
    allowed = BELOW[here] | {here, ""}  # "" is the package itself, for its version
    wrong = [str(one) for one in imports(name) if ours(one.imported) and layer(one.imported) not in allowed]
    assert not wrong, wrong


def test_layers_import_only_what_stands_above_them_in_the_list() -> None:
    order = list(BELOW)
    for here, below in BELOW.items():
        assert all(order.index(one) < order.index(here) for one in below), here


def test_no_layer_is_allowed_an_import_that_it_does_not_need() -> None:
    for here, below in BELOW.items():
        inside = [name for name in CORE if layer(name) == here]
        used = {layer(one.imported) for name in inside for one in imports(name) if ours(one.imported)}
        assert below <= used, f"{here} does not import {below - used}"


def test_the_command_line_is_imported_by_itself_alone() -> None:
    users = {layer(name) for name in CORE for one in imports(name) if layer(one.imported) == "cli"}
    assert users <= {"cli", "__main__"}


def test_what_authors_of_plugins_test_with_is_imported_by_nothing_of_ours() -> None:
    users = {name for name in MODULES for one in imports(name) if one.imported.startswith("selfinstruct.testing")}
    assert {name.rpartition(".")[0] for name in users} <= {"selfinstruct", "selfinstruct.testing"}
    assert users <= {name for name in MODULES if layer(name) == "testing"}


def test_the_engine_sees_neither_registry_nor_config() -> None:
    for name in CORE:
        if layer(name) == "engine":
            seen = {layer(one.imported) for one in imports(name) if ours(one.imported)}
            assert not seen & {"plugins", "config", "run", "cli"}, name


def test_the_hooks_import_the_api_for_its_types_only() -> None:
    wrong = [str(one) for one in imports("selfinstruct.api.hooks") if ours(one.imported) and not one.for_types]
    assert not wrong, wrong


@pytest.mark.parametrize("name", ["selfinstruct.types", "selfinstruct.errors"])
def test_the_lowest_layers_need_the_standard_library_only(name: str) -> None:
    wrong = [str(one) for one in imports(name) if one.imported.partition(".")[0] not in sys.stdlib_module_names]
    assert not wrong, wrong


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_imports_the_plugin_api_and_nothing_else_of_ours(name: str) -> None:
    package = name.partition(".")[0]
    allowed = {package, "pydantic", *CLIENTS.get(package, ()), *sys.stdlib_module_names}
    for one in imports(name):
        if ours(one.imported):
            assert layer(one.imported) in {"api", "api.similarity", "api.text"}, str(one)
        else:
            assert one.imported.partition(".")[0] in allowed, str(one)


@pytest.mark.parametrize("package", [name for name in SOURCES if name != "selfinstruct"])
def test_registering_a_plugin_needs_no_client(package: str) -> None:
    """What a plugin's own module imports, directly or through its other modules, when it is registered."""
    seen: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for one in imports(name):
            if one.at_import and not one.for_types:
                assert one.imported.partition(".")[0] not in CLIENTS.get(package, ()), str(one)
                if one.imported.startswith(package) and one.imported not in seen:
                    waiting.append(one.imported)


@pytest.mark.parametrize("name", CORE)
def test_langchain_is_imported_in_functions_only(name: str) -> None:
    wrong = [
        str(one)
        for one in imports(name)
        if one.imported.startswith("langchain") and one.at_import and not one.for_types
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    words = ast.get_docstring(TREES[name])
    assert words, "a module's docstring says in one sentence what the file is for"
    assert words.splitlines()[0].rstrip().endswith((".", ":", "?")), words.splitlines()[0]


def test_two_public_classes_do_not_share_a_name() -> None:
    found: dict[str, list[str]] = {}
    for name in CORE:
        for node in TREES[name].body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(name)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_short(name: str) -> None:
    path = MODULES[name]
    lines = len(path.read_text("utf-8").splitlines())
    where = path.relative_to(SOURCES[name.partition(".")[0]].parent).as_posix()
    assert lines <= SHORT or where in LONG, f"{where} has {lines} lines: split it, or say in LONG why not"


def test_only_files_that_exist_are_excused() -> None:
    assert all((SOURCES[where.partition("/")[0]].parent / where).is_file() for where in LONG)

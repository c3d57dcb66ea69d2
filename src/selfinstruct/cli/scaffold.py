"""Writes a small installable plugin with one component and passing tests, as a start for its author."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from selfinstruct.api import API_VERSION
from selfinstruct.errors import RunError, UsageError
from selfinstruct.plugins.registry import BACKEND, ENCODER, FILTER, POST_PROCESSOR, SAMPLER, Registry

FORMAT = "format"
"""A training format: an encoder of the stage `export`."""

SUMMARIES: Mapping[str, str] = {
    FILTER: "Drop tasks that hold an unwanted word",
    SAMPLER: "Show seed tasks only",
    ENCODER: "Ask for a numbered list of new tasks",
    POST_PROCESSOR: "Read every line of a reply as a task",
    BACKEND: "A model of your own",
    FORMAT: "Write a question and an answer",
}
"""What the new component of each kind does before its author changes it."""

TRY: Mapping[str, str] = {
    FILTER: "--filter {name}",
    SAMPLER: "--set 'generate.sampler={{use=\"{name}\"}}'",
    ENCODER: "--set 'generate.encoder={{use=\"{name}\"}}'",
    POST_PROCESSOR: "--set 'generate.post_processor={{use=\"{name}\"}}'",
    BACKEND: "--backend {name}",
    FORMAT: "",
}

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_plugin(name: str, kind: str, to: Path) -> Path:
    """Write the package `selfinstruct-NAME` into a new folder below `to`, and return the folder.

    Raises `UsageError` for a name that cannot be used, `RunError` for a folder that cannot be written.
    """
    check_name(name, kind)
    values = _values(name, kind)
    folder = to / values["distribution"]
    stem, module = kind.replace("-", "_"), values["module"]
    wanted = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"src/{module}/__init__.py": f"{stem}.py.txt",
        f"tests/test_{module.removeprefix('selfinstruct_')}.py": f"{stem}_test.py.txt",
    }
    if kind == BACKEND:
        wanted[f"src/{module}/model.py"] = "backend_model.py.txt"
    templates = files("selfinstruct.cli") / "templates" / "plugin"
    try:
        to.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        for path, template in wanted.items():
            text = Template((templates / template).read_text("utf-8")).substitute(values)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8", newline="\n")
    except FileExistsError as error:
        raise RunError(f"{error.filename} exists already", "Choose another name, or another folder: --to.") from None
    except OSError as error:
        raise RunError(
            f"{error.filename} cannot be written: {error.strerror}", "Choose another folder: --to."
        ) from None
    return folder


def check_name(name: str, kind: str) -> None:
    """Raise `UsageError` if the name is not valid for a plugin, or is in use."""
    if not _NAME.fullmatch(name):
        likely = "-".join(re.findall(r"[a-z0-9]+", name.lower())).removeprefix("selfinstruct-")
        hint = f"For example: {likely}" if _NAME.fullmatch(likely) else "For example: no-haiku"
        raise UsageError(f"the name {name!r} must be lower-case words joined by hyphens", hint)
    if name.startswith("selfinstruct"):
        raise UsageError(
            f"the name '{name}' is for the package, not the component",
            "Leave selfinstruct- out; it is added to the package's name.",
        )
    kind, registry = registered_kind(kind), Registry.load()
    if any(plugin.name == name for plugin in registry.plugins):
        raise UsageError(f"a plugin called '{name}' is already installed", "Choose another name.")
    if taken := next((o for o in registry.offers(kind) if o.component.name == name), None):
        raise UsageError(f"plugin '{taken.plugin}' already offers a {kind} called '{name}'", "Choose another name.")


def registered_kind(kind: str) -> str:
    """The kind under which the registry lists a component that was created as `kind`."""
    return ENCODER if kind == FORMAT else kind


def _values(name: str, kind: str) -> dict[str, str]:
    """The values to fill into the templates."""
    run = f"selfinstruct generate --backend demo --target 10 --out runs/{name} {TRY[kind].format(name=name)}"
    if kind == BACKEND:
        run = run.replace("--backend demo ", "")
    if kind == FORMAT:
        run = (
            f"selfinstruct run --backend demo --target 10 --out runs/{name}\n"
            f"selfinstruct export --out runs/{name} --to data/{name} --format {name}"
        )
    return {
        "name": name,
        "kind": kind,
        "module": f"selfinstruct_{name.replace('-', '_')}",
        "distribution": f"selfinstruct-{name}",
        "title": "".join(word.capitalize() for word in name.split("-")),
        "summary": SUMMARIES[kind],
        "api": str(API_VERSION),
        "registered": registered_kind(kind),
        "try_it": run,
    }

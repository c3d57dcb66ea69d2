"""Loads plugins from Python files, and takes the digest by which a changed file is noticed."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from selfinstruct.errors import PluginError

LOAD_HINTS = {
    "Component.__init__": "Name all: Component(name=..., summary=..., options=NoOptions, build=lambda options: ...).",
    "from 'selfinstruct.api' (": "Its names are in the reference, under Plugin API; a filter returns keep() or drop().",
    "from 'selfinstruct' (": "Import what plugins use from selfinstruct.api.",
}
"""What to do about an error in a plugin's text, by words of the error."""


def source_digest(plugin: object) -> str:
    """A digest of the file of a module; empty for other objects."""
    file = getattr(plugin, "__file__", None) if isinstance(plugin, ModuleType) else None
    return f"sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]}" if file else ""


def module_from_file(path: str) -> ModuleType:
    """Run a Python file as a module; raises `PluginError` if it is no such file, or what the file raises."""
    where = Path(path)
    if not where.is_file():
        is_odd = where.exists() and not where.is_dir()
        raise PluginError(f"{path} is not a regular file" if is_odd else f"there is no file {path} in {Path.cwd()}")
    name = f"selfinstruct_plugin_{where.stem}"  # a name that no other module has: annotations are looked up by it
    spec = importlib.util.spec_from_file_location(name, where)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module

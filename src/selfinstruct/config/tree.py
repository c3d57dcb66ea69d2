"""A config as a plain tree: read from TOML, laid over another, assigned to, compared, and rid of secrets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from selfinstruct.errors import ConfigError
from selfinstruct.registry import suggest

FILE = "selfinstruct.toml"
Tree = dict[str, Any]

_SECRET_NAME = re.compile(r"(key|token|secret|password|authorization)$", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/\\s]*@")


def recipes() -> list[str]:
    """The names of the recipes that come with the package."""
    folder = resources.files("selfinstruct") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_recipe(name: str) -> Tree:
    """A recipe by name, or from a TOML file; raises `ConfigError`."""
    if name.endswith(".toml"):
        return read_file(Path(name))
    if name not in recipes():
        raise ConfigError(f"recipe: no recipe is called '{name}'{suggest(name, recipes())}")
    return tomllib.loads((resources.files("selfinstruct") / "recipes" / f"{name}.toml").read_text("utf-8"))


def read_file(path: Path) -> Tree:
    """A TOML file; raises `ConfigError` with the line of the first mistake."""
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {path}", "Make one with: selfinstruct init .") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """Lay one tree over another: tables are merged key by key, anything else is replaced.

    A table that names another component (`use`) replaces the old one whole, since its options are not the same.
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = value
        if isinstance(old, Mapping) and isinstance(value, Mapping) and _same_component(old, value):
            merged[key] = merge(old, value)
    return merged


def _same_component(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(new.get("use", old.get("use")) == old.get("use"))


def assign(tree: Tree, setting: str) -> None:
    """Apply one `--set path=value`; the value is TOML, or else a plain string.

    A list of components is entered by position (`generate.filters[0].min_words`) or by name
    (`generate.filters.length.min_words`). Raises `ConfigError`.
    """
    path, equals, text = setting.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set {setting}: write it as path=value, such as run.seed=7")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    keys = [key for key in re.split(r"[.\[\]]+", path.strip()) if key]
    here: Any = tree
    for key in keys[:-1]:
        here = _enter(here, key, setting)
    if isinstance(here, list):
        raise ConfigError(f"--set {setting}: name an option of one entry, such as {path}.OPTION=VALUE")
    here[keys[-1]] = value


def _enter(here: Any, key: str, setting: str) -> Any:
    if isinstance(here, list):
        if key.isdigit() and int(key) < len(here):
            return here[int(key)]
        named = [entry for entry in here if isinstance(entry, dict) and entry.get("use") == key]
        if len(named) == 1:
            return named[0]
        known = [entry["use"] for entry in here if isinstance(entry, dict) and "use" in entry]
        problem = f"'{key}' stands there {len(named)} times" if named else f"no entry '{key}'{suggest(key, known)}"
        raise ConfigError(f"--set {setting}: {problem}", f"There are: {', '.join(known)}.")
    if not isinstance(here, dict):
        raise ConfigError(f"--set {setting}: there is nothing below '{key}'")
    return here.setdefault(key, {})


def without_secrets(tree: Mapping[str, Any]) -> Tree:
    """The tree without entries that are secrets by their name, or addresses with a login in them."""
    kept = {key: value for key, value in tree.items() if not _SECRET_NAME.search(key)}
    return {
        key: without_secrets(value) if isinstance(value, Mapping) else value
        for key, value in kept.items()
        if not (isinstance(value, str) and _LOGIN.search(value))
    }


def differences(frozen: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two trees differ, one line each: `generate.filters[0].min_words: 3 in the run, now 4`."""
    found: list[str] = []
    for key in dict.fromkeys([*frozen, *now]):
        where = f"{path}.{key}" if path else str(key)
        found += _difference(frozen.get(key), now.get(key), where)
    return found


def _difference(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return differences(old, new, where)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [line for index, (a, b) in pairs for line in _difference(a, b, f"{where}[{index}]")]
    return [] if old == new else [f"{where}: {_short(old)} in the run, now {_short(new)}"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""Functions on a config as a plain tree: read TOML, merge, assign, compare, and remove secrets."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from datetime import date, time
from importlib import resources
from pathlib import Path
from typing import Any

from selfinstruct.api.secret_finder import SHORTEST_PART, find_secrets
from selfinstruct.errors import ConfigError, shorten, suggest
from selfinstruct.files.inputs import read_input_text
from selfinstruct.plugins.checks import SECRET_NAME

FILE = "selfinstruct.toml"
OFF = "off"
"""The value that removes a component from a list, as in `generate.filters.keywords=off`."""

Tree = dict[str, Any]
Names = Callable[[], Collection[str]]
"""Names that are looked up only where they are needed."""

_NAMES = re.compile(rf"{SECRET_NAME.pattern}|headers$", re.IGNORECASE)

_SECRET_TEXT = re.compile(
    r"://[^/\s]*@|[?&][\w-]*(key|token|secret|password|signature|sig)=|^(bearer|basic)\s", re.IGNORECASE
)
"""Matches addresses with a login or key, and values of a header `Authorization`."""


def recipes() -> list[str]:
    """The names of the recipes in the package."""
    folder = resources.files("selfinstruct.config") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_recipe(name: str) -> Tree:
    """Read a recipe by name, or from a TOML file. Raises `ConfigError`."""
    return read_file(Path(name)) if name.endswith(".toml") else _parse(recipe_text(name))


_TOML_HINTS = {
    "Invalid value": 'Put quotes around a text, as in: model = "llama3.1". Yes is true, no is false, in lower case.',
    "twice": "Write each [table] once, with all its settings under it.",
    "overwrite": "Write each setting once.",
    "hex value|Unescaped": "Put a text with backslashes in single quotes, or write a path with forward slashes.",
    "newline|statement|'='": "Write [TABLE], and each setting on a line below it, as NAME = 20000, without commas.",
}
"""What to do about a mistake, by words of the TOML reader's message."""


def recipe_text(name: str) -> str:
    """The text of a recipe of the package. Raises `ConfigError` for an unknown name."""
    if name not in recipes():
        known = f"Known: {', '.join(recipes())}."
        raise ConfigError(f"recipe: no recipe is called '{name}'{suggest(name, recipes())}", known)
    return (resources.files("selfinstruct.config") / "recipes" / f"{name}.toml").read_text("utf-8")


def read_file(path: Path) -> Tree:
    """Read a TOML file. Raises `ConfigError` with the line of the first mistake."""
    try:
        tree = _parse(read_input_text(path))
    except FileNotFoundError:
        hint = f"Make one with: selfinstruct init {path.parent}" if path.name == FILE else "Correct the path."
        raise ConfigError(f"there is no config file {path}", hint) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text, from byte {error.start} on", "Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"\(at line (\d+)", str(error))
        hint = next((hint for words, hint in _TOML_HINTS.items() if re.search(words, str(error))), "")
        raise ConfigError(f"{path}{f':{line[1]}' if line else ''} is not TOML: {error}", hint) from None
    plugins = tree.get("plugins", [])
    if not (isinstance(plugins, list) and all(isinstance(name, str) for name in plugins)):
        raise ConfigError(f'{path}: plugins: must be a list of files or modules, such as ["./my_filters.py"]')
    return tree


def _parse(text: str) -> Tree:
    """Parse TOML into JSON values: dates become strings."""
    tree: Tree = _plain(tomllib.loads(text))
    return tree


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date | time) else value


def merge(base: Mapping[str, Any], over: Mapping[str, Any], path: str = "", *, gone: Names = frozenset) -> Tree:
    """Override one tree with another: tables are merged key by key, other values are replaced.

    A table that names another component (`use`) replaces the old table, since its options differ. A table over a list
    of components changes those that it names, as `length = { max_words = 60 }` does, and removes those that are `off`.
    The result is a deep copy. `path` is where the trees stand in the config; the components that `gone` names may have
    been removed before. Raises `ConfigError` for another name that the list does not have.
    """
    merged = deepcopy(dict(base))
    for key, value in over.items():
        old = merged.get(key)
        where = f"{path}.{key}" if path else key
        if isinstance(old, Mapping) and isinstance(value, Mapping) and _same_component(old, value):
            merged[key] = merge(old, value, where, gone=gone)
        elif _are_components(old) and isinstance(value, Mapping) and "use" not in value:
            for name, change in value.items():
                _change_component(merged[key], name, change=change, path=f"{where}.{name}", gone=gone)
        else:
            merged[key] = deepcopy(value)
    return merged


def _are_components(value: Any) -> bool:
    entries = value if isinstance(value, list) else []
    return bool(entries) and all(isinstance(entry, Mapping) and "use" in entry for entry in entries)


def _change_component(components: list[Any], name: str, *, change: Any, path: str, gone: Names) -> None:
    if change == OFF and name in gone() and all(entry.get("use") != name for entry in components):
        return
    place = _place(components, name, path)
    if change == OFF:
        del components[place]
    elif isinstance(change, Mapping):
        is_same = _same_component(components[place], change)
        components[place] = merge(components[place], change, path) if is_same else dict(change)
    else:
        raise ConfigError(
            f'{path}: must be a table of options, such as {{ OPTION = 3 }}, or "off" to leave it out',
            f"To set one option, name it: {path}.OPTION",
        )


def component_names(tree: Mapping[str, Any]) -> frozenset[str]:
    """The names of all components in the lists of a tree, such as filters."""
    lists = [value for table in tree.values() if isinstance(table, Mapping) for value in table.values()]
    return frozenset(str(entry["use"]) for value in lists if _are_components(value) for entry in value)


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Tree:
    """The part of a tree that changed. A table of a component keeps its name."""
    found: Tree = {}
    for key, value in now.items():
        old = before.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and _same_component(old, value):
            if parts := changed(old, value):
                found[key] = {name: value[name] for name in ("use",) if name in value} | parts
        elif value != old:
            found[key] = value
    return found


def _same_component(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(new.get("use", old.get("use")) == old.get("use"))


def parse_assignment(text: str) -> tuple[str, Any]:
    """Split `--set path=value` into path and value. The value is read as TOML, or else as a plain string.

    Raises `ConfigError` if there is no path or no equals sign.
    """
    path, equals, value = text.partition("=")
    if not equals or not path_keys(path):
        raise ConfigError(f"--set {path}: write it as path=value, such as run.seed=7")
    return path.strip(), read_value(value)


def assign(tree: Tree, path: str, value: Any, *, gone: Names = frozenset) -> None:
    """Set the value at a dotted path, such as `run.seed`.

    A component of a list is named by its position (`generate.filters[0].min_words`) or by its name
    (`generate.filters.length.min_words`). One that is set to `off` is removed; those that `gone` names may have been
    removed before. Raises `ConfigError`.
    """
    if not (keys := path_keys(path)):
        raise ConfigError(f"'{path}' is not a path of a setting", "Write a path such as run.seed.")
    here: Any = tree
    for key in keys[:-1]:
        place = _place(here, key, path)
        here = here.setdefault(place, {}) if isinstance(here, dict) else here[place]
    if isinstance(here, list) and (value == OFF or _are_components(here)):
        _change_component(here, keys[-1], change=value, path=path, gone=gone)
    elif isinstance(here, dict) and isinstance(value, Mapping) and _are_components(here.get(keys[-1])):
        here.update(merge(here, {keys[-1]: value}, ".".join(keys[:-1]), gone=gone))
    else:
        here[_place(here, keys[-1], path)] = value


def path_keys(path: str) -> list[str]:
    """The parts of the dotted path of a setting."""
    return [key for key in re.split(r"[.\[\]]+", path.strip()) if key]


def read_value(text: str) -> Any:
    """Read a value as TOML, or else return the text."""
    try:
        return _parse(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _place(here: Any, key: str, path: str) -> Any:
    """The key of a table, or the position in a list, that the user calls `key`."""
    if isinstance(here, dict):
        return key
    if not isinstance(here, list):
        raise ConfigError(f"{path}: '{key}' is below a plain value", "Shorten the path.")
    if key.isdecimal() and int(key) < len(here):
        return int(key)
    names = [str(entry.get("use", "?")) if isinstance(entry, dict) else "?" for entry in here]
    if names.count(key) == 1:
        return names.index(key)
    if key in names:
        places = [f"[{place}]" for place, name in enumerate(names) if name == key]
        raise ConfigError(f"{path}: '{key}' occurs {len(places)} times", f"Name one: {', '.join(places)}.")
    numbered = key.isdecimal() or len(set(names)) < len(names)
    known = ", ".join(f"[{place}] {name}" if numbered else name for place, name in enumerate(names)) or "none"
    raise ConfigError(f"{path}: no entry '{key}'{suggest(key, names)}", f"There are: {known}.")


def without_secrets(tree: Mapping[str, Any], known: Collection[str] = ()) -> Tree:
    """The tree without secrets: entries named like one, headers, addresses with a login, and texts with a secret.

    `known` are secrets besides those that the tree itself and the environment name.
    """
    secrets = (*known, *find_secrets(tree, dict(os.environ)))
    return _clean_table(tree, {secret for secret in secrets if len(secret) >= SHORTEST_PART})


def _clean_table(tree: Mapping[str, Any], secrets: Collection[str]) -> Tree:
    kept = {key: value for key, value in tree.items() if not (_NAMES.search(key) or _is_secret(value, secrets))}
    return {key: _cleaned(value, secrets) for key, value in kept.items()}


def _cleaned(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        return _clean_table(value, secrets)
    if isinstance(value, list | tuple):
        return [_cleaned(entry, secrets) for entry in value if not _is_secret(entry, secrets)]
    return value


def _is_secret(value: Any, secrets: Collection[str]) -> bool:
    return isinstance(value, str) and bool(_SECRET_TEXT.search(value) or any(secret in value for secret in secrets))


def differences(frozen: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """The differences of two trees as lines: `generate.filters.length.min_words: 3 in the run, now 4`."""
    found: list[str] = []
    for key in dict.fromkeys([*frozen, *now]):
        where = f"{path}.{key}" if path else str(key)
        found += _difference(frozen.get(key), now.get(key), where)
    return found


def _difference(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if old.get("use") != new.get("use"):  # another component has other options
            return _difference(old.get("use"), new.get("use"), f"{where}.use")
        return differences(old, new, where)
    if _are_components(old) and _are_components(new) and (by_name := _component_differences(old, new, where)):
        return by_name
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [line for index, (a, b) in pairs for line in _difference(a, b, f"{where}[{index}]")]
    return [] if old == new else [f"{where}: {_short(old)} in the run, now {_short(new)}"]


def _component_differences(old: list[Any], new: list[Any], where: str) -> list[str]:
    """The differences of two lists of components by name, unless their order differs, or one has a name twice."""
    before, now = ({entry["use"]: entry for entry in entries} for entries in (old, new))
    reordered = before.keys() == now.keys() and list(before) != list(now)
    if reordered or len(before) < len(old) or len(now) < len(new):
        return []
    found: list[str] = []
    if gone := [name for name in before if name not in now]:
        found.append(f"{where}: {', '.join(gone)} in the run, now left out")
    if new_names := [name for name in now if name not in before]:
        found.append(f"{where}: {', '.join(new_names)} not in the run, now added")
    for name in [name for name in before if name in now]:
        found += differences(before[name], now[name], f"{where}.{name}")
    return found


def _short(value: Any) -> str:
    if value is None:
        return "not set"
    if _are_components(value):
        return ", ".join(str(entry["use"]) for entry in value)
    return shorten(str(value), 60)

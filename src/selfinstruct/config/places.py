"""Where a setting stands in a config file, and where one that stands in the wrong table belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from selfinstruct.config.tables import ConfigSchema, SamplingOptions
from selfinstruct.config.tree import component_names, path_keys
from selfinstruct.errors import ConfigError

SYNONYMS = {
    "seed_file": "run.seeds",
    "seed_tasks_path": "run.seeds",
    "seeds_file": "run.seeds",
    "num_instructions": "generate.target",
    "num_instructions_to_generate": "generate.target",
    "n": "generate.target",
    "threads": "run.concurrency",
    "num_workers": "run.concurrency",
    "batch_size": "classify.batch",
    "format": "export.encoder.use",
    "model": "backend.model",
    "api_key": "backend.api_key",
    "base_url": "backend.base_url",
}
"""Settings by names of other tools, or of tables whose options depend on a component."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_USE = re.compile(r"\{.*?\buse\s*=\s*[\"']([^\"']+)")
"""The name of a component in an inline table on a line of its own."""

QUOTES = "\"'"


def locate_problems(error: ConfigError, name: str, text: str) -> ConfigError:
    """The error with the file's name and line before each problem whose setting stands in the file."""
    lines = _settings(text)
    places = [(_line(problem, lines), problem) for problem in error.problems]
    return ConfigError([f"{name}:{line}: {words}" if line else words for line, words in places], error.hint)


def name_origins(error: ConfigError, given: Mapping[str, str]) -> ConfigError:
    """The error with the way in which a value was given, such as `--filter rouge`, in place of the setting's path.

    `given` holds it by path. One that ends in a space, such as `--set `, stands before the path. The values are taken
    from the last to the first, as they override each other.
    """
    return ConfigError([_name_origin(problem, given) for problem in error.problems], error.hint)


def _name_origin(problem: str, given: Mapping[str, str]) -> str:
    path, colon, words = problem.partition(": ")
    keys = path_keys(path)
    for setting, origin in reversed(list(given.items())):
        given_keys = path_keys(setting)
        pairs = list(zip(given_keys, keys, strict=False))  # one may lie in the other
        is_whole = len(keys) == 1 < len(given_keys)  # the problem is one of a whole table
        if colon and not is_whole and all(a == b or (a.isdecimal() and not b.isdecimal()) for a, b in pairs):
            return f"{origin}{problem}" if origin.endswith(" ") else f"{origin}: {words}"
    return problem


def with_stage(error: ConfigError, tree: Mapping[str, Any]) -> ConfigError:
    """The error about a component that a list does not have, with the stages of the tree that use it, if any do.

    A setting that stands below the table of the list by mistake is named with the table that it belongs to.
    """
    stage, key, name, *_ = [*path_keys(error.problems[0].partition(": ")[0]), "", "", ""]
    stages = [
        one for one, table in tree.items() if isinstance(table, Mapping) and name in component_names({key: table})
    ]
    if key not in ("filters", "add_filters") or stage in stages:
        return error
    if not stages:
        homes = [f"If you mean {home}, move it to [{home.rpartition('.')[0]}]. " for home in homes_of(name)[:1]]
        return ConfigError(error.problems, "".join(homes) + error.hint)
    hint = f"{name} serves {', '.join(stages)}: write {stages[0]}.{key}.{name}. {error.hint}"
    return ConfigError(error.problems, hint)


def _line(problem: str, lines: dict[str, int]) -> int:
    """The line of the setting with which a problem begins, or of the table around it; 0 if the file has neither."""
    path = problem.partition(": ")[0]
    while path:
        if line := lines.get(path) or lines.get(f"{path}[0]"):  # `[[list]]` has the line of its first table
            return line
        last = re.search(r"(?:\.?[^.\[\]]+|\[\d+\])$", path)
        path = path[: last.start()] if last else ""
    return 0


def _settings(text: str) -> dict[str, int]:
    """The dotted path and the line of every table and key. A key in an inline table counts as its table.

    A component of a list is there by its position and by its name.
    """
    table = path = ""
    counts: dict[str, int] = {}
    lines: dict[str, int] = {}
    names: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _dotted(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines[table] = number
        elif key := _KEY.match(line):
            path = f"{table}.{_dotted(key[1])}" if table else _dotted(key[1])
            lines[path] = number
            if path.endswith("].use"):
                names[table] = f"{table.rpartition('[')[0]}.{line[key.end() :].split('#')[0].strip().strip(QUOTES)}"
        elif use := _USE.search(line):
            lines[f"{path}.{use[1]}"] = number
    for indexed, named in names.items():
        lines |= {named + path[len(indexed) :]: line for path, line in lines.items() if path.startswith(indexed)}
    return lines


def _dotted(key: str) -> str:
    return ".".join(part.strip().strip(QUOTES) for part in key.split("."))


def homes_of(option: str) -> list[str]:
    """The paths of all settings of this name: where an option belongs that stands in the wrong table."""
    if option in SYNONYMS:
        return [SYNONYMS[option]]
    found = [path for path in _paths(ConfigSchema) if path.rpartition(".")[2] == option]
    generate = [path for path in found if path.startswith("generate.")]
    others = [path for path in found if path.count(".") == 1]
    return list(dict.fromkeys(others or generate or found))[:3]


def nearest_home(option: str) -> str:
    """The suggestion of a setting of any table whose name is similar, or an empty string."""
    names = {path.rpartition(".")[2]: path for path in reversed(list(_paths(ConfigSchema)))}
    close = get_close_matches(option, names, 1, 0.8)
    return f"; did you mean {names[close[0]]}?" if close else ""


def _paths(model: type[BaseModel], start: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{start}{name}"
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            yield path
        elif start.count(".") < 2 or inner is SamplingOptions:
            yield path
            yield from _paths(inner, f"{path}.")

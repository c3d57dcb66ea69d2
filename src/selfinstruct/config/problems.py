"""Writes the problems that pydantic finds in a config as lines that name the setting and what it must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ValidationError

from selfinstruct.config.places import homes_of, nearest_home
from selfinstruct.config.tables import ComponentTable
from selfinstruct.errors import shorten, suggest
from selfinstruct.plugins.checks import SECRET_NAME

_TYPES = ("bool", "int", "float", "str")
_TYPE_FAULTS = {
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false, in lower case"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "string_type": "must be a text, in quotes",
}
"""The text of a problem by the type of pydantic's error: what the value must be, and how it is written."""


def _is_type(part: int | str) -> bool:
    """Whether the last part of a location is one of several types that a value may have."""
    return part in _TYPES or str(part).strip("`").startswith(("constrained-", "literal[", "tuple["))


def problems_of(error: ValidationError, model: type[BaseModel], path: str) -> Iterator[str]:
    """Yield one line for each setting that is wrong, with its path below `path`.

    For a value of several possible types pydantic reports an error for each type; they become one line.
    """
    found: dict[str, str] = {}
    given: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        location = fault["loc"][:-1] if len(fault["loc"]) > 1 and _is_type(fault["loc"][-1]) else fault["loc"]
        where = _path(location, path)
        if fault["type"] == "extra_forbidden":
            words = f"unknown option{_suggestion(str(location[-1]), _fields_at(model, location[:-1]), where)}"
        elif fault["type"] == "missing":
            example = ": write use = 'NAME'" if location[-1] == "use" else ""
            words = f"missing{example}{_description(model, location)}"
        elif fault["type"] == "model_type":
            named = fault["input"] if isinstance(fault["input"], str) else "NAME"
            example = (
                f", such as {{ use = '{named}' }}" if fault["ctx"]["class_name"] == ComponentTable.__name__ else ""
            )
            words = f"must be a table{example}"
        elif fault["type"] == "list_type" and isinstance(fault["input"], Mapping):
            words = f"must be a list of tables: write [[{where}]], with double brackets"
        elif fault["type"] in ("list_type", "tuple_type"):
            one = f"{{ use = '{fault['input']}' }}" if where.endswith("filters") else repr(fault["input"])
            words = f"must be a list, such as [{one}]"
        else:
            said = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
            words = _TYPE_FAULTS.get(fault["type"]) or f"{said[:1].lower()}{said[1:]}"
            if fault["type"] in _TYPE_FAULTS and isinstance(fault["input"], str | int | float):
                given[where] = f", not {shorten(repr(fault['input']), 40)}"
        if where in found:
            comma = "," if "," in found[where] else ""  # "a text, in quotes, or a whole number"
            words = f"{found[where]}{comma} or {words.removeprefix('must be ')}"
        found[where] = words
    return (f"{where}: {words}{given.get(where, '')}" for where, words in found.items())


def _suggestion(option: str, known: Sequence[str], where: str) -> str:
    """The suggestion for an unknown option: an option of another table, or a similar one of its own table."""
    if where.endswith(f"backend.{option}") and SECRET_NAME.search(option) and not any(map(SECRET_NAME.search, known)):
        return "; this backend takes no key"
    if homes := [path for path in homes_of(option) if path != where]:
        table = where.removesuffix(option).rstrip(".")
        above = f" Its line must stand above the first [table], not below [{table}]." if "." not in homes[0] else ""
        return f"; did you mean {' or '.join(homes)}?{above}"
    if "." in option:
        return "; write its parts as tables in tables, or all of its path as one dotted name"
    return suggest(option, known) or nearest_home(option) or (f"; known: {', '.join(known)}" if known else "")


def _description(model: type[BaseModel], location: Sequence[int | str]) -> str:
    """What an option that must be set is for, as its author describes it."""
    field = model.model_fields.get(str(location[-1])) if len(location) == 1 else None
    return f" ({field.description.partition('. ')[0].rstrip('.')})" if field and field.description else ""


def _path(location: Sequence[int | str], start: str = "") -> str:
    path = start
    for key in location:
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
    return path


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The option names of the model at a location inside it."""
    for key in location:
        annotation = model.model_fields[str(key)].annotation if str(key) in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)

"""Checks the arguments of the calls of `SelfInstruct`."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from selfinstruct.errors import UsageError, suggest
from selfinstruct.run.settings import setting_path

P = ParamSpec("P")
T = TypeVar("T")


def check_arguments(call: Callable[P, T]) -> Callable[P, T]:
    """The call, which raises `UsageError` for an argument of another type, and takes any iterable as a list."""
    signature = inspect.signature(call)
    shown = call.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @functools.wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError:
            if call.__name__ == "__init__":
                _explain(args[1:], kwargs, list(signature.parameters)[1:])
            return call(*args, **kwargs)  # raises the error that names the call
        for name, value in given.arguments.items():
            given.arguments[name] = _checked(shown, signature.parameters[name], value)
        return call(*given.args, **given.kwargs)

    return checked


def _explain(unnamed: tuple[object, ...], named: Iterable[str], known: list[str]) -> None:
    """Raise `UsageError` with the right way for arguments that the constructor does not take."""
    if unnamed:
        raise UsageError("SelfInstruct takes arguments by name only", 'Write it as SelfInstruct(backend="demo").')
    for name in sorted(set(named) - set(known)):
        path = setting_path(name)
        hint = f'Give the setting as settings={{"{path}": ...}}.' if path else f"Known: {', '.join(known)}."
        raise UsageError(f"SelfInstruct has no argument '{name}'{'' if path else suggest(name, known)}", hint)


def _checked(call: str, parameter: inspect.Parameter, value: Any) -> Any:
    annotation = str(parameter.annotation)
    kind = annotation.removesuffix(" | None").partition("[")[0]
    if kind not in _KINDS or (value is None and annotation.endswith("None")):
        return value
    wanted, example, takes = _KINDS[kind]
    if not takes(value):
        found = repr(value) if value is None or value == "" else type(value).__name__
        hint = _HINTS.get(parameter.name, f"Write it as {parameter.name}={example}.")
        raise UsageError(f"{call}({parameter.name}=...) takes {wanted}, not {found}", hint)
    return _CONVERSIONS[kind](value) if kind in _CONVERSIONS else value


_KINDS: Mapping[str, tuple[str, str, Callable[[Any], bool]]] = {
    "bool": ("True or False", "True", lambda it: isinstance(it, bool)),
    "int": ("a whole number", "3", lambda it: hasattr(it, "__index__") and not isinstance(it, bool)),
    "float": ("a number", "0.9", lambda it: isinstance(it, Real) and not isinstance(it, bool)),
    "str": ("a text", '"..."', lambda it: isinstance(it, str)),
    "str | Path": ("a path", '"path/to/it"', lambda it: it != "" and isinstance(it, str | Path)),
    "Sequence": ("a list", "[...]", lambda it: isinstance(it, Iterable) and not isinstance(it, str | bytes | Mapping)),
    "Mapping": (
        "a dictionary whose names are texts",
        '{"run.seed": 7}',
        lambda it: isinstance(it, Mapping) and all(isinstance(name, str) for name in it),
    ),
}
"""By annotation: the kind in words, an example, and whether a value is of this kind."""

_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"int": operator.index, "Sequence": tuple}

_HINTS = {"seeds": "Write the seed tasks into a file, such as one JSON object a line, and give its path."}

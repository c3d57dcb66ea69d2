"""Explains arguments that `SelfInstruct` does not take."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selfinstruct.errors import UsageError, suggest
from selfinstruct.run.settings import setting_path

F = TypeVar("F", bound=Callable[..., None])


def explain_arguments(constructor: F) -> F:
    """The constructor, which raises `UsageError` with the right way for arguments that it does not take."""
    known = list(inspect.signature(constructor).parameters)[1:]

    @functools.wraps(constructor)
    def checked(self: object, *unnamed: object, **named: Any) -> None:
        if unnamed:
            raise UsageError("SelfInstruct takes arguments by name only", 'Write it as SelfInstruct(backend="demo").')
        for name in named.keys() - set(known):
            path = setting_path(name)
            hint = f'Give the setting as settings={{"{path}": ...}}.' if path else f"Known: {', '.join(known)}."
            raise UsageError(f"SelfInstruct has no argument '{name}'{'' if path else suggest(name, known)}", hint)
        for name in ("out", "config"):
            if not isinstance(given := named.get(name, ""), str | Path | None if name == "config" else str | Path):
                hint = 'Leave it out for the default; settings go into settings={"run.seed": 7}.'
                raise UsageError(f"SelfInstruct({name}=...) takes a path, not {type(given).__name__}", hint)
        constructor(self, **named)

    return checked  # type: ignore[return-value]

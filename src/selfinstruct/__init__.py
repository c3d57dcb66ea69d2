"""Self-Instruct with any LangChain chat model: grow a few hand-written tasks into an instruction-tuning dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfinstruct.client.result import Result
    from selfinstruct.client.self_instruct import SelfInstruct
    from selfinstruct.errors import (
        ConfigError,
        DataError,
        ModelError,
        PluginError,
        RunError,
        SelfInstructError,
        Stopped,
        UsageError,
    )

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "DataError",
    "ModelError",
    "PluginError",
    "Result",
    "RunError",
    "SelfInstruct",
    "SelfInstructError",
    "Stopped",
    "UsageError",
    "__version__",
]

_MODULES = {"SelfInstruct": "selfinstruct.client.self_instruct", "Result": "selfinstruct.client.result"}
"""The module of each public name that is not an error."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, so that the command line and `import selfinstruct` stay fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES.get(name, "selfinstruct.errors")), name)


def __dir__() -> list[str]:
    """The public names, including those not imported yet."""
    return sorted({*globals(), *__all__})

"""Self-Instruct with any LangChain chat model: grow a few hand-written tasks into an instruction-tuning dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfinstruct.run.client import SelfInstruct

__version__ = "0.1.0"
__all__ = ["SelfInstruct", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the facade when it is first asked for, so that the command line starts quickly."""
    if name == "SelfInstruct":
        from selfinstruct.run.client import SelfInstruct

        return SelfInstruct
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

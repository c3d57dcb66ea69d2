"""A whole small run with an author's component in it: real files, no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from selfinstruct import SelfInstruct

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ComponentChoice: TypeAlias = "str | Mapping[str, Any]"
"""A component's name, or a table with its name under `use` and its options: {"use": "mine", "most": 3}."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a run left in its folder."""

    folder: Path
    reason: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of `machine_generated_instructions.jsonl`."""
        return self._read("machine_generated_instructions.jsonl")

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The rows of `rejected.jsonl`: `text`, `filter`, `reason`, `evidence` and so on."""
        return self._read("rejected.jsonl")

    @property
    def instructions(self) -> list[str]:
        """The accepted instructions."""
        return [row["instruction"] for row in self.rows]

    @property
    def prompts(self) -> list[str]:
        """The prompts that brought accepted instructions, each once, in order."""
        return list(dict.fromkeys(row["metadata"]["prompt"] for row in self.rows))

    def dropped_by(self, name: str) -> list[str]:
        """The reasons with which one filter dropped candidates, in order."""
        return [row["reason"] for row in self.rejected if row["filter"] == name]

    def _read(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]


def grow_in(
    folder: Path,
    target: int = 5,
    *,
    plugin: ModuleType | str | None = None,
    model: BaseChatModel | None = None,
    backend: ComponentChoice = "demo",
    sampler: ComponentChoice | None = None,
    encoder: ComponentChoice | None = None,
    post_processor: ComponentChoice | None = None,
    filters: Sequence[ComponentChoice] = (),
    settings: Mapping[str, Any] | None = None,
) -> FinishedRun:
    """Run `generate` in `folder` until `target` instructions are accepted; the offline demo model answers.

    plugin          the author's plugin: its module, or the path of a file
    model           a chat model in place of the backend, such as `Script(...).chat_model()`
    sampler, ...    the components to use in place of the recipe's
    filters         filters after the recipe's own
    settings        anything else, as in `selfinstruct.toml`

    Raises what `SelfInstruct.generate` raises.
    """
    chosen = {"sampler": sampler, "encoder": encoder, "post_processor": post_processor}
    generate: dict[str, Any] = {key: _table(use) for key, use in chosen.items() if use is not None}
    if filters:
        generate["add_filters"] = [_table(use) for use in filters]
    tree: dict[str, Any] = {key: value for key, value in (settings or {}).items() if key != "generate"}
    tree["generate"] = {**(settings or {}).get("generate", {}), **generate}
    if model is None:
        tree["backend"] = {**_table(backend), **tree.get("backend", {})}
    named = [plugin.__name__ if isinstance(plugin, ModuleType) else plugin] if plugin else []
    result = SelfInstruct(model=model, out=folder, plugins=named, settings=tree).generate(target)
    return FinishedRun(result.folder, result.summary.reason)


def _table(use: ComponentChoice) -> dict[str, Any]:
    return {"use": use} if isinstance(use, str) else dict(use)

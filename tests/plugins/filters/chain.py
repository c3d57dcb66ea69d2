"""The filters of the recipe `chat` as a chain, for tests that need the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selfinstruct.api import Draft, Filter, Instruction, Reply, Request
from selfinstruct.types import Finish
from selfinstruct_chat.post_processor import ChatTasks
from selfinstruct_filters import selfinstruct_filters

ORDER = (
    "cut", "unreadable", "refusal", "first-char", "length", "answer", "keywords", "exact", "restated",
    "containment", "rouge-l",
)  # fmt: skip


class Chain:
    """Filters in order, which remember seeds and what they accepted, as the engine makes them."""

    def __init__(self, seeds: Iterable[str] = (), leave_out: Sequence[str] = ()) -> None:
        components = {component.name: component for component in selfinstruct_filters()}
        self.filters: list[tuple[str, Filter[Draft]]] = [
            (name, components[name].build(components[name].options())) for name in ORDER if name not in leave_out
        ]
        for seed in seeds:
            self.observe(Draft(seed, (), {"seed": True}))

    def observe(self, draft: Draft) -> None:
        for _, one in self.filters:
            one.observe(draft)

    def judge(self, draft: Draft) -> tuple[str, str]:
        """Name of the filter that drops the draft, and its reason; both empty if it is kept."""
        for name, one in self.filters:
            verdict = one.judge(draft)
            if not verdict.keep:
                return name, verdict.reason
        return "", ""

    def accepted(self, drafts: Iterable[Draft]) -> list[str]:
        """Texts of the drafts that are kept, each observed before the next is judged."""
        kept = []
        for draft in drafts:
            if not self.judge(draft)[0]:
                self.observe(draft)
                kept.append(draft.text)
        return kept


def read(text: str, examples: Iterable[str] = (), finish: Finish = "stop") -> Sequence[Draft]:
    """Drafts that the chat parser reads out of a reply."""
    shown = tuple(Instruction(str(at), example) for at, example in enumerate(examples))
    return ChatTasks().process(Request("generate", 0, (), examples=shown), Reply(text, finish))

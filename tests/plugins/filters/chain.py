"""The filters of the recipe `chat` as a chain, for tests that need the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selfinstruct.api import Draft, Instruction, Reply, Request
from selfinstruct.config import read_recipe, resolve
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter
from selfinstruct.plugins.registry import Registry
from selfinstruct.types import GENERATE, Decision, Finish
from selfinstruct_chat.readers.tasks import ChatTasksReader

REGISTRY = Registry.load()
FILTERS = resolve(read_recipe("chat"), REGISTRY).stages[GENERATE].filters
ORDER = tuple(chosen.name for chosen in FILTERS)


class Chain:
    """Filters in order, which remember seeds and what they accepted, as the engine makes them."""

    def __init__(self, seeds: Iterable[str] = ()) -> None:
        self._chain = FilterChain([NamedFilter(chosen.name, chosen.build(REGISTRY)) for chosen in FILTERS])
        self._chain.observe(Draft(seed, (), {"seed": True}) for seed in seeds)

    def decide(self, drafts: Sequence[Draft]) -> Sequence[Decision]:
        """What becomes of the drafts of one reply, each kept one remembered before the next is judged."""
        return self._chain.evaluate(lambda: drafts, "", 0, room=None, most=None).decisions

    def accepted(self, drafts: Sequence[Draft]) -> list[str]:
        """Texts of the drafts that are kept."""
        return [one.text for one in self.decide(drafts) if one.fate == "accepted"]


def read(text: str, examples: Iterable[str] = (), finish: Finish = "stop") -> Sequence[Draft]:
    """Drafts that the chat parser reads out of a reply."""
    shown = tuple(Instruction(str(at), example) for at, example in enumerate(examples))
    return ChatTasksReader().process(Request("generate", 0, (), examples=shown), Reply(text, finish))

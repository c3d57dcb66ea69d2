"""The contract of filters: one verdict with its reason, no edits, and no memory except of observed items."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from selfinstruct.api import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    PREPARE,
    Deferred,
    Filter,
    Label,
    RawInstances,
    SeedTask,
    Similarity,
    Verdict,
)
from selfinstruct.testing.builders import make_draft, make_example, make_seeds
from selfinstruct.testing.contract import ComponentContract, is_json, served_stages, without_shared_randomness
from selfinstruct.testing.texts import STORED, any_text, for_any

KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

SENTENCES = (
    "Describe a quiet harbour at dawn.",
    "Describe a quiet harbour at dawn, please.",
    "Name three rivers that flow north.",
    "Write a program that sorts a list.",
    "Draw a picture of a horse.",
    "Ecris une lettre \u00e0 ta grand-m\u00e8re.",
    "\u5199\u4e00\u9996\u5173\u4e8e\u6625\u5929\u7684\u8bd7\u3002",
    "Sure! Here are ten new tasks:",
    "I am sorry, I cannot help with that.",
    "Sort the words. For example: pear, apple. Output: apple, pear.",
    "describe a QUIET harbour at dawn",
    "Yes",
)


class FilterContract(ComponentContract):
    """A filter gives the same item the same verdict until it observes another one.

    keeps        items that a new filter keeps
    drops        pairs of an item that a new filter drops and the reason
    seeds_pass   whether a new filter is to keep every one of `seeds`, and their examples
    reads_other_items whether an item's verdict may depend on the other items of its reply, from `prefetch`
    """

    hook = "selfinstruct_filters"
    base = Filter
    keeps: ClassVar[Sequence[Any]] = ()
    drops: ClassVar[Sequence[tuple[Any, str]]] = ()
    reads_other_items: ClassVar[bool] = False
    seeds_pass: ClassVar[bool] = False
    seeds: ClassVar[Sequence[SeedTask]] = make_seeds(30)

    def items(self, texts: Iterable[str] = SENTENCES) -> list[Any]:
        """An item of each text for every stage that it serves, and with them the author's own."""
        own = [*self.keeps, *(item for item, _ in self.drops)]
        stages = served_stages(self.stages(), (GENERATE, CLASSIFY, INSTANCES, PREPARE))
        return [*(item for text in texts for stage in stages for item in _items(stage, text)), *own]

    def verdict(self, filter_: Filter[Any], item: Any) -> Verdict:
        """Its verdict, if it is one and leaves the item as it was."""
        before = copy.deepcopy(item)
        verdict = filter_.evaluate(item)
        assert item == before, f"it edited the item {before.text[:80]!r}"
        assert isinstance(verdict, Verdict), f"{type(verdict).__name__} in place of a Verdict"
        assert type(verdict.keep) is bool, f"`keep` is {verdict.keep!r}"
        if not verdict.keep:
            assert KEBAB.fullmatch(verdict.reason), f"the reason {verdict.reason!r} is not in-kebab-case"
        assert is_json(dict(verdict.evidence)), f"evidence that is no JSON: {verdict.evidence!r}"
        assert verdict.similarity is None or isinstance(verdict.similarity, Similarity | Deferred)
        return verdict

    def verdicts(self, filter_: Filter[Any], items: Iterable[Any]) -> list[Verdict]:
        """Its verdicts on items."""
        return [self.verdict(filter_, item) for item in items]

    # --- judging ------------------------------------------------------------------------------------------------------

    def test_it_evaluates(self) -> None:
        """A verdict on every item, with a reason for a drop and evidence that can be stored."""
        self.verdicts(self.build(), self.items())

    def test_evaluating_is_not_remembering(self) -> None:
        """The core judges again after a kill: an item has the same verdict twice, and in any order."""
        one, items = self.build(), self.items()
        first = without_shared_randomness(self.verdicts, one, items)
        assert self.verdicts(one, items[::-1])[::-1] == first, "a verdict depends on what was judged before"
        assert [self.verdict(self.build(), item) for item in items] == first, "a new filter judges otherwise"

    def test_it_takes_any_text(self) -> None:
        """Items are written by models, and a filter that raises stops the run."""
        one = self.build()
        self.verdicts(one, self.items(STORED.values()))
        for_any(any_text(), lambda text: self.verdicts(one, self.items([text])))

    def test_prefetching_is_a_hint(self) -> None:
        """The verdicts are the same without it, unless `reads_other_items`; only the last reply announced counts."""
        plain, prefetched, once, items = self.build(), self.build(), self.build(), tuple(self.items())
        once.prefetch(items)
        prefetched.prefetch(())
        prefetched.prefetch(items[::2])
        prefetched.prefetch(items)
        prefetched.prefetch(items)
        verdicts = self.verdicts(prefetched, items)
        assert verdicts == self.verdicts(once, items), "it remembers items of an earlier reply"
        without = self.verdicts(plain, items)
        assert self.reads_other_items or verdicts == without, (
            "prefetching changes verdicts: is that `reads_other_items`?"
        )

    # --- memory -------------------------------------------------------------------------------------------------------

    def test_observing_one_by_one_and_all_at_once_is_the_same(self) -> None:
        """The pool is observed one by one while it grows, and all at once when a run is resumed."""
        seen = self._pool()
        asked = [*self.items(), *seen]
        grown, resumed, half = self.build(), self.build(), self.build()
        for item in seen:
            grown.observe(item)
        resumed.observe_all(iter(seen))
        half.observe_all(seen[: len(seen) // 2])
        half.observe_all(seen[len(seen) // 2 :])
        first = self.verdicts(grown, asked)
        assert self.verdicts(resumed, asked) == first, "observe_all remembers otherwise than observe"
        assert self.verdicts(half, asked) == first, "observe_all forgets earlier items"

    def test_two_of_it_have_two_memories(self) -> None:
        """One filter, used in two places, must not know of the other place."""
        one, other, items = self.build(), self.build(), self.items()
        before = self.verdicts(other, items)
        for item in self._pool():
            one.observe(item)
        assert self.verdicts(other, items) == before, "one object remembers what another observed"

    def test_it_can_observe_anything_that_was_accepted(self) -> None:
        """Seeds of any length and script, and whatever another filter let pass."""
        one = self.build()
        for item in self.items(text for text in STORED.values() if len(text) < 50_000):
            before = copy.deepcopy(item)
            one.observe(item)
            assert item == before, f"it edited the item {before.text[:80]!r}"
        self.verdicts(one, self.items())

    def _pool(self) -> list[Any]:
        """Seeds, marked as such, and accepted items, as the core passes them."""
        shown = [make_draft(seed.instruction, notes={"seed": True}) for seed in self.seeds]
        return [*(shown if GENERATE in self.stages() else []), *self.items()[::2]]

    # --- what its author says of it -----------------------------------------------------------------------------------

    def test_it_keeps_what_it_should(self) -> None:
        """Every item of `keeps`."""
        for item in self.keeps:
            verdict = self.verdict(self.build(), item)
            assert verdict.keep, f"dropped as {verdict.reason}: {item.text[:80]!r}"

    def test_it_drops_what_it_should(self) -> None:
        """Every item of `drops`, for its reason."""
        for item, reason in self.drops:
            verdict = self.verdict(self.build(), item)
            assert (verdict.keep, verdict.reason) == (False, reason), f"on: {item.text[:80]!r}"

    def test_seeds_pass_if_they_are_to(self) -> None:
        """A filter that drops what people wrote by hand says what it will do to the rest."""
        one = self.build()
        for seed in self.seeds:
            for item in _of_seed(self.stages(), seed):
                verdict = self.verdict(one, item)
                passes = verdict.keep or not self.seeds_pass
                assert passes, f"dropped as {verdict.reason}: {item.text[:80]!r}"


def _items(stage: str, text: str) -> list[Any]:
    if stage == GENERATE:
        shown = ("Describe a quiet harbour at dawn.",)
        return [
            make_draft(text),
            make_draft(text, shown, {"cut": True, "intro": text[:50], "tail": text[:50], "number": 3}),
        ]
    if stage == CLASSIFY:
        return [Label(text, "g0.0"), Label("yes", "g0.0", {"said": text[:50]})]
    if stage == INSTANCES:
        return [RawInstances(text, "g0.0")]
    return [
        make_example(output=text),
        make_example(text, text[:100], "No", clf=True, subject="g1.0"),
        make_example(text, "", text, notes={"cut": True}),
    ]


def _of_seed(stages: Sequence[str], seed: SeedTask) -> list[Any]:
    """A seed task as a draft, and its instances as examples, where the stages are served."""
    cases = [
        make_example(seed.instruction, one.input, one.output, clf=seed.is_classification, subject=seed.id)
        for one in seed.instances
    ]
    return [*([make_draft(seed.instruction)] if GENERATE in stages else []), *(cases if PREPARE in stages else [])]

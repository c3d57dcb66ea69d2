"""The stages `classify`, `instances` and `judge`: they ask about instructions or examples, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from selfinstruct.api import Filter, PostProcessor, PromptEncoder, Sampler, drop, keep
from selfinstruct.engine.stages.ratings import merge_ratings
from selfinstruct.types import (
    CLASSIFY,
    INSTANCES,
    JUDGE,
    REQUEST_FAILED,
    TWICE,
    Decision,
    Instruction,
    Item,
    Label,
    PoolView,
    Rating,
    RawInstances,
    Reply,
    Request,
    Sampling,
    Verdict,
)


class AnsweredFilter(Filter[Any]):
    """Drops items without an answer; the first filter of these stages.

    It also drops a second answer; `answered` are the subjects with an answer. A second answer occurs only in
    reprocessing, if another parser finds an answer in a reply that had to be repeated.
    """

    def __init__(self, answered: Iterable[str] = ()) -> None:
        self._answered = set(answered)

    def evaluate(self, item: Label | RawInstances | Rating) -> Verdict:
        """Drop an item that the reply did not answer, or answered with neither yes nor no, or with an empty text."""
        if item.notes.get("missing"):
            return drop("missing-from-reply")
        if isinstance(item, Rating) and not {*item.answers} <= {"yes", "no"}:
            return drop("partly-answered")
        if isinstance(item, Label) and item.text not in ("yes", "no"):
            return drop("neither-yes-nor-no", said=item.notes.get("said", ""))
        if not item.text.strip():
            return drop("empty")
        return drop(TWICE) if item.subject in self._answered else keep()

    def observe(self, item: Label | RawInstances | Rating) -> None:
        """Remember that the subject has an answer."""
        self._answered.add(item.subject)


@dataclass(frozen=True, slots=True)
class SubjectHistory:
    """The state of a subject when the stage starts: number of attempts, and whether it has an answer."""

    times: int = 0
    answered: bool = False


class SubjectStage:
    """Asks about all subjects, `batch` at a time. Subjects without an answer are repeated, up to `attempts` times.

    Repeated subjects come after all others, in the same order, so that the plan depends only on the replies. A request
    of the journal may have subjects that are no longer needed: it is settled, but they are not repeated.
    """

    goal: int | None = None
    recorded = False

    def __init__(
        self,
        name: str,
        instructions: Sequence[Instruction],
        seeds: Sequence[Instruction],
        *,
        encoder: PromptEncoder,
        post_processor: PostProcessor,
        sampling: Sampling,
        seed: int,
        sampler: Sampler | None = None,
        batch: int = 1,
        attempts: int = 1,
        history: Mapping[str, SubjectHistory] | None = None,
    ) -> None:
        self.name = name
        self.known: Mapping[str, Instruction] = {entry.id: entry for entry in [*seeds, *instructions]}
        self._seeds = seeds
        self._encoder = encoder
        self._post_processor = post_processor
        self._sampling = sampling
        self._seed = seed
        self._sampler = sampler
        self._batch = batch
        self.attempts = attempts
        history = history or {}
        asked = {entry.id: history.get(entry.id, SubjectHistory()) for entry in instructions}
        self._times = {identity: state.times for identity, state in asked.items()}
        self._waiting = dict.fromkeys(identity for identity, state in asked.items() if not state.times)
        self._again = dict.fromkeys(
            identity for identity, state in asked.items() if 0 < state.times < attempts and not state.answered
        )
        self._open = 0

    def initial_items(self) -> Sequence[Item]:
        """Return nothing: the subjects are not items of these stages."""
        return ()

    def plan(self, index: int, pool_size: int) -> Request | None:  # noqa: ARG002 - the pool does not grow here
        """A request about the next subjects. Unanswered ones are repeated only when everything else is settled."""
        queue = self._waiting or (self._again if not self._open else {})
        subjects = tuple(self.known[identity] for identity in islice(queue, self._batch))
        if not subjects:
            return None
        examples: tuple[Instruction, ...] = ()
        if self._sampler is not None:
            rng = Random(f"{self._seed}:{self.name}")  # noqa: S311 - the same examples each time: prompts stay cacheable
            examples = tuple(self._sampler.sample(PoolView(self.name, index, self._seeds, (), rng)))
        messages = tuple(self._encoder.encode(examples, subjects))
        schema = self._encoder.schema(examples, subjects)
        return Request(self.name, index, messages, self._sampling, examples, subjects, schema)

    def on_planned(self, request: Request) -> None:
        """Remove the request's subjects from the list."""
        self._open += 1
        for subject in request.subjects:
            if subject.id in self._times:
                self._times[subject.id] += 1
            self._waiting.pop(subject.id, None)
            self._again.pop(subject.id, None)

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """One item for each subject in order: the answer in the reply, or a blank item."""
        found: dict[str, list[Item]] = {subject.id: [] for subject in request.subjects}
        for item in self._post_processor.process(request, reply):
            if item.subject in found:
                found[item.subject].append(item)
        return [_one(items, BLANK[self.name](identity)) for identity, items in found.items()]

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        """The fate of a failed request's subjects."""
        return [
            Decision(position, "", "rejected", reason=REQUEST_FAILED, subject=subject.id)
            for position, subject in enumerate(request.subjects)
        ]

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:  # noqa: ARG002 - decisions say it all
        """Put subjects without an answer back on the list, while attempts are left."""
        self._open -= 1
        for decision in decisions:
            times = self._times.get(decision.subject, self.attempts)
            if decision.fate != "accepted" and times < self.attempts:
                self._again[decision.subject] = None


def _one(items: Sequence[Item], blank: Item) -> Item:
    """The one item about a subject. Contradictory items count as no answer."""
    if not items:
        return blank
    if ratings := [item for item in items if isinstance(item, Rating)]:
        return merge_ratings(ratings)
    if len({item.text for item in items}) > 1 and isinstance(items[0], Label):
        said = ", ".join(item.text for item in items)
        return Label("unknown", items[0].subject, {"said": said})
    return items[0]


BLANK: Mapping[str, Callable[[str], Item]] = {
    CLASSIFY: lambda identity: Label("unknown", identity, {"missing": True}),
    INSTANCES: lambda identity: RawInstances("", identity, {"missing": True}),
    JUDGE: lambda identity: Rating("unknown", "unknown", "unknown", identity, notes={"missing": True}),
}
"""The blank item of each stage, for a subject without an answer."""

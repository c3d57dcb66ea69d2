"""What a report says, as frozen values: small however long the run was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selfinstruct.insight.funnel import Funnel
from selfinstruct.insight.ratings import RatingCounts
from selfinstruct.store import Stretch
from selfinstruct.store.ledger import ShownInstruction
from selfinstruct.store.reviews import ReviewCounts as Reviewed
from selfinstruct.types import Example


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """Where the data come from. Times are ISO 8601, UTC, of the first and the last request."""

    run: str
    recipe: str
    backend: str
    model: str
    judge: str
    first: str
    last: str
    version: str
    plugins: Mapping[str, str]
    seeds: int
    seeds_digest: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one stage's calls cost; `usd` is `None` where prices are not known."""

    stage: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    @property
    def tokens(self) -> int:
        """Both kinds."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of equal bins, `width` wide from `start` on; if `open_ended`, the last one holds all beyond it too."""

    start: float
    width: float
    counts: Sequence[int]
    median: float
    mean: float
    open_ended: bool = False

    @property
    def total(self) -> int:
        """Everything counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class VerbCount:
    """A root verb, how many instructions have it with an object, and its most frequent objects."""

    verb: str
    count: int
    objects: Sequence[tuple[str, int]]

    @property
    def shown(self) -> int:
        """Instructions that it stands for with these objects."""
        return sum(count for _, count in self.objects)


@dataclass(frozen=True, slots=True)
class VerbPhrases:
    """Root verbs and their objects. `found` of `total` instructions have a verb, `with_object` an object too."""

    total: int
    found: int
    with_object: int
    pairs: int
    verbs: Sequence[VerbCount]

    @property
    def shown(self) -> int:
        """Instructions that the shown verbs and objects stand for."""
        return sum(verb.shown for verb in self.verbs)


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """An accepted instruction that is much like one before it."""

    id: str
    text: str
    nearest: ShownInstruction
    score: float


@dataclass(frozen=True, slots=True)
class SampledInstruction:
    """An instruction of the sample with its lineage: what its prompt showed, its nearest, its label, its examples."""

    id: str
    text: str
    shown: Sequence[ShownInstruction]
    nearest: ShownInstruction | None
    score: float | None
    label: str
    examples: Sequence[tuple[str, Example]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report shows.

    `near_unknown` accepted instructions have no similarity yet. `reviews` are what people decided, by stage: exports
    honour it, and nothing else here does.
    """

    origin: RunOrigin
    funnels: Sequence[Funnel]
    costs: Sequence[Cost]
    phrases: VerbPhrases
    near: Histogram
    near_unknown: int
    near_seeds: Histogram
    instruction_words: Histogram
    input_words: Histogram
    output_words: Histogram
    without_input: int
    stretches: Sequence[Stretch]
    labels: Mapping[str, int]
    with_instances: int
    ratings: RatingCounts
    closest: Sequence[SimilarPair]
    sample: Sequence[SampledInstruction]
    reviews: Mapping[str, Reviewed]

    def funnel(self, stage: str) -> Funnel | None:
        """The funnel of a stage, if it has begun."""
        return next((funnel for funnel in self.funnels if funnel.stage == stage), None)

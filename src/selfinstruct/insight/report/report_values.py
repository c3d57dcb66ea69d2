"""The values of a report. Their size does not grow with the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from selfinstruct.insight.cost import Cost
from selfinstruct.insight.diversity_loss import Comparison
from selfinstruct.insight.funnel import Funnel
from selfinstruct.insight.ratings import RatingCounts
from selfinstruct.store import Stretch
from selfinstruct.store.ledger import ShownInstruction
from selfinstruct.store.reviews import ReviewCounts as Reviewed
from selfinstruct.types import Example


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """The origin of the data. Times are those of the first and last request, in ISO 8601, UTC."""

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
class Histogram:
    """Counts in bins of equal `width` from 0 on. If `open_ended`, the last bin includes all larger values."""

    width: float
    counts: Sequence[int]
    median: float
    mean: float
    open_ended: bool = False

    @property
    def total(self) -> int:
        """The sum of all bins."""
        return sum(self.counts)

    @property
    def end(self) -> float:
        """The end of the last bin."""
        return self.width * len(self.counts)

    @property
    def bins(self) -> list[tuple[str, int]]:
        """Each bin's range in words, and its count."""
        digits = 2 if self.width < 1 else 0
        starts = [f"{at * self.width:.{digits}f}" for at in range(len(self.counts) + 1)]
        names = starts[:-1] if self.width == 1 else [f"{a} to {b}" for a, b in pairwise(starts)]
        if self.open_ended:
            names[-1] = f"{starts[-2]} and more"
        return list(zip(names, self.counts, strict=True))


@dataclass(frozen=True, slots=True)
class VerbCount:
    """A root verb, the number of instructions that have it with an object, and its most frequent objects."""

    verb: str
    count: int
    objects: Sequence[tuple[str, int]]

    @property
    def shown(self) -> int:
        """Number of instructions with this verb and one of these objects."""
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
        """Number of instructions with one of the shown verbs and objects."""
        return sum(verb.shown for verb in self.verbs)


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """An accepted instruction that is similar to an earlier text, and that text."""

    id: str
    text: str
    nearest: ShownInstruction
    score: float


@dataclass(frozen=True, slots=True)
class SampledInstruction:
    """A sampled instruction with its lineage: prompt examples, nearest neighbours, label and training examples."""

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

    `facts` are the numbers of instructions with each value of each fact.

    `near_unknown` is the number of accepted instructions without a similarity yet. `reviews` are counts of review
    actions by stage; all other values describe the run before reviews.
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
    variety: Sequence[Comparison]
    labels: Mapping[str, int]
    facts: Mapping[str, Mapping[str, int]]
    with_instances: int
    ratings: RatingCounts
    closest: Sequence[SimilarPair]
    sample: Sequence[SampledInstruction]
    reviews: Mapping[str, Reviewed]

    def funnel(self, stage: str) -> Funnel | None:
        """The funnel of a stage, or `None` if it has not started."""
        return next((funnel for funnel in self.funnels if funnel.stage == stage), None)

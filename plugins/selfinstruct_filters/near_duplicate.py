"""The rule against examples that nearly repeat one of any task."""

from __future__ import annotations

from pydantic import Field

from selfinstruct.api import Example, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import Pool, lcs_length, sign_tokens


class NearDuplicateOptions(Options):
    """Options of the filter `near-duplicate`."""

    threshold: float = Field(
        0.9, gt=0, le=1, description="Drop an example whose ROUGE-L F1 with one that was kept is above this."
    )
    shortest: int = Field(
        12, ge=1, description="Words that an output needs to be compared: labels and short answers often repeat."
    )


class NearDuplicateFilter(Filter[Example]):
    """Drop an example that nearly repeats one of any task: as a whole, and in its output alone.

    Two questions about one long text are nearly the same as wholes, so the outputs must be near as well.
    """

    def __init__(self, options: NearDuplicateOptions) -> None:
        self._threshold = options.threshold
        self._shortest = options.shortest
        self._pool = Pool(sign_tokens)
        self._first: dict[str, Example] = {}

    def evaluate(self, item: Example) -> Verdict:
        """Look the nearest example up, and compare its output."""
        output = sign_tokens(item.output)
        if len(output) < self._shortest or (match := self._pool.decide(_whole(item), self._threshold)) is None:
            return keep()
        first = self._first[match.text]
        other = sign_tokens(first.output)
        if 2 * lcs_length(output, other) <= self._threshold * (len(output) + len(other)):
            return keep()
        return drop("near-duplicate", nearest=first.output[:200], subject=first.subject, score=match.score)

    def observe(self, item: Example) -> None:
        """Remember an example that is long enough."""
        if len(sign_tokens(item.output)) >= self._shortest:
            whole = _whole(item)
            self._pool.add(whole)
            self._first.setdefault(whole, item)


def _whole(item: Example) -> str:
    return "\n".join((item.instruction, item.input, item.output))


KEPT = Example(
    "Write two sentences about the moon.",
    "",
    "The moon has no air and no weather. Footprints on it stay as they are for millions of years.",
    is_classification=False,
    subject="g4.0",
)
DROPPED = Example(
    "Explain the tides briefly.",
    "",
    "The moon pulls at the sea, and so the water comes and goes twice each day.",
    is_classification=False,
    subject="g9.1",
)
BEFORE = (
    Example(
        "Explain the tides.",
        "",
        "The moon pulls at the sea, and so the water comes and goes twice a day.",
        is_classification=False,
        subject="g2.3",
    ),
)

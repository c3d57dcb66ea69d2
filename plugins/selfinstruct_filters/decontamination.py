"""The rule against text from evaluation sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, field_validator

from selfinstruct.api import Draft, Example, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct.api.text import N, evaluation_set, ngram_hashes, text_hash


class DecontaminationOptions(Options):
    """Options of the filter `decontamination`."""

    sets: tuple[str, ...] = Field(
        min_length=1, description="Files of evaluation sets: fingerprints, JSONL, or text with one item per line."
    )
    n: int = Field(N, ge=4, le=100, description="Number of words in an n-gram, for files that are not fingerprints.")
    least: int = Field(1, ge=1, description="Drop items that share at least this many n-grams with a set.")

    @field_validator("sets")
    @classmethod
    def _are_there(cls, sets: tuple[str, ...]) -> tuple[str, ...]:
        for name in sets:
            if not Path(name).is_file():
                raise ValueError(
                    f"there is no regular file {name}" if Path(name).exists() else f"there is no file {name}"
                )
        return sets


class DecontaminationFilter(Filter[Draft | Example]):
    """Drop what shares n-grams with an evaluation set (Brown et al. 2020, appendix C), or is one of its short texts.

    [Keeping evaluation sets out](decontamination.md) explains it.
    """

    def __init__(self, options: DecontaminationOptions) -> None:
        self._sets = [evaluation_set(Path(name), options.n) for name in options.sets]
        self._least = options.least

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Look every n-gram up in every set."""
        parts, wholes = _texts(item)
        short = {key: tokens for tokens in wholes for key in text_hash(tokens)}
        for one in self._sets:
            runs = {key: tokens[at : at + one.n] for tokens in parts for key, at in ngram_hashes(tokens, one.n).items()}
            known = short | runs
            shared = [key for key, held in zip(known, one.contains(list(known)), strict=True) if held]
            if len(shared) >= self._least or any(key in short for key in shared):
                return drop("in-evaluation-set", set=one.name, shared=len(shared), words=" ".join(known[shared[0]]))
        return keep()


def _texts(item: Draft | Example) -> tuple[Sequence[list[str]], Sequence[list[str]]]:
    """The tokens whose n-grams count, and those that are short texts as wholes."""
    if not isinstance(item, Example):
        words = unicode_tokens(item.text)
        return [words], [words]
    asked, given, said = (unicode_tokens(text) for text in (item.instruction, item.input, item.output))
    return [asked + given, said], [asked, given, asked + given, said]


OPTIONS = {"sets": ["docs/examples/evaluation.jsonl"]}
KEPT = Draft("A train covers 120 kilometres in two hours. How fast is it?")
DROPPED = Draft("Solve this: a gardener plants nine rows of seven tulips and four die. How many are left?")

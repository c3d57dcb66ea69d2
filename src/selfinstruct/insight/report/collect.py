"""Collects the values of a report from one snapshot of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from selfinstruct.insight.cost import read_cost
from selfinstruct.insight.diversity_loss import read_variety
from selfinstruct.insight.funnel import funnels
from selfinstruct.insight.ratings import RatingCounts
from selfinstruct.insight.report.measure import BINS, draw, lengths, nearest_seeds, phrases, scores, words
from selfinstruct.insight.report.report_values import Report, RunOrigin, SampledInstruction, SimilarPair
from selfinstruct.store import RunStore
from selfinstruct.store.curated import CuratedRun
from selfinstruct.store.ledger import JournalledRequest, ShownInstruction
from selfinstruct.store.rows import example_of
from selfinstruct.types import CLASSIFY, GENERATE, JUDGE, PREPARE, Instruction, Similarity

SAMPLED = 300
"""Largest number of instructions in the sample."""

PAIRS = 20
"""Number of most similar pairs that are shown."""

STRETCHES, SHORTEST = 30, 3
"""Number of stretches in the growth figures, and smallest number of requests in a stretch."""


def collect(store: RunStore) -> Report:
    """Collect the report of a run, even while another process works on it.

    Raises `DamagedRunError` if its counts do not add up.
    """
    with store.snapshot():
        flows = funnels(store)
        view = store.overview()
        seeds, machine = store.seeds(), list(store.instructions())
        texts = [instruction.text for instruction in machine]
        known = {seed.id: seed.instruction for seed in seeds} | {one.id: one.text for one in machine}
        ids = {text: identity for identity, text in reversed(known.items())}
        near, unknown = view.nearness(BINS)
        sizes: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        for given, output in view.example_texts():
            sizes[0][words(given)] += 1
            sizes[1][words(output)] += 1
        without = sizes[0].pop(0, 0)
        return Report(
            _origin(store, len(seeds)),
            flows,
            [read_cost(store, flow.stage) for flow in flows if flow.stage != PREPARE],
            phrases(texts),
            scores(near),
            unknown,
            nearest_seeds(texts, [seed.instruction for seed in seeds]),
            lengths(Counter(map(words, texts))),
            lengths(sizes[0]),
            lengths(sizes[1]),
            without,
            store.growth().stretches(STRETCHES, SHORTEST),
            read_variety(store),
            view.labels(),
            view.fact_counts(),
            view.with_instances(),
            _tally(view.ratings(), view.grades()),
            [
                SimilarPair(p.id, p.text, ShownInstruction(ids.get(p.nearest, ""), p.nearest), p.score)
                for p in view.closest(PAIRS)
            ],
            _sample(store, machine, known, ids=ids),
            CuratedRun(store).review_counts,
        )


def _origin(store: RunStore, seeds: int) -> RunOrigin:
    facts = store.facts
    backend, judge = facts.run_backend, facts.own_backend(JUDGE)
    first, last = store.overview().asked_between()
    return RunOrigin(
        store.folder.absolute().name,
        Path(facts.recipe).stem,
        facts.backend_name,
        backend.model if backend else "",
        judge.model if judge else "",
        first,
        last,
        facts.version,
        facts.plugins,
        seeds,
        facts.seeds_digest,
        facts.whole_config,
    )


def _tally(answers: dict[tuple[str, str, str], int], grades: dict[int, int]) -> RatingCounts:
    yes, by_score = [0, 0, 0], [0, 0, 0, 0]
    for said, count in answers.items():
        right = [answer == "yes" for answer in said]
        by_score[sum(right)] += count
        for at, answer in enumerate(right):
            yes[at] += answer * count
    scores = (by_score[0], by_score[1], by_score[2], by_score[3])
    return RatingCounts(sum(by_score), (yes[0], yes[1], yes[2]), scores, grades)


# --- the sample -------------------------------------------------------------------------------------------------------


def _sample(
    store: RunStore, machine: Sequence[Instruction], texts: Mapping[str, str], *, ids: Mapping[str, str]
) -> list[SampledInstruction]:
    """A random sample of the run's instructions with their lineage. The same run always gives the same sample."""
    ledger = store.ledger()
    drawn = []
    for instruction in draw(machine, SAMPLED):
        index, _, position = instruction.id[1:].partition(".")
        entry = ledger.entry_at(GENERATE, int(index), int(position))
        asked = ledger.request(GENERATE, int(index))
        assert entry is not None, "an accepted instruction has a decision"
        near = entry.row.decision.similarity
        best = near.nearest[0] if isinstance(near, Similarity) and near.nearest else None
        drawn.append(
            SampledInstruction(
                instruction.id,
                instruction.text,
                _texts(asked, texts),
                ShownInstruction(ids.get(best[0], ""), best[0]) if best else None,
                best[1] if best else None,
                _label(store, instruction.id),
                [
                    (found.id, example_of(found.row.decision))
                    for found in ledger.entries_about(PREPARE, instruction.id)
                    if found.row.decision.fate == "accepted"
                ],
            )
        )
    return drawn


def _texts(asked: JournalledRequest | None, texts: Mapping[str, str]) -> list[ShownInstruction]:
    """The instructions that a prompt showed, with their texts."""
    return [ShownInstruction(one.id, one.text or texts.get(one.id, "")) for one in (asked.examples if asked else ())]


def _label(store: RunStore, identity: str) -> str:
    """The label of an instruction, or an empty string if it has none."""
    said = [entry.row.decision for entry in store.ledger().entries_about(CLASSIFY, identity)]
    return next((decision.text for decision in reversed(said) if decision.fate == "accepted"), "")

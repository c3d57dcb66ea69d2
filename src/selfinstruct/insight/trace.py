"""The lineage of an instruction: the examples in its prompt, back to the seeds, and everything made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selfinstruct.insight.fates import History
from selfinstruct.store import Entry, RunStore, ShownInstruction
from selfinstruct.store.ids import parse_candidate_id
from selfinstruct.store.rows import example_of
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Example

Tree = dict[str, Any]
Encode = Callable[[str, Example], Tree]
"""Makes the training row of an example; the first argument is its id."""


def trace(store: RunStore, identity: str, depth: int, *, encode: Encode) -> Tree:
    """The lineage of a seed task or a candidate.

    A label, raw instances, an example or a rating stands for its instruction.

    depth  number of prompts to go back; 0 lists the examples in the first prompt, but not their own prompts

    Raises `DataError` for an unknown id, and the errors of the encoder.
    """
    history = History(store)
    asked_for = identity
    if identity not in history.seeds:
        entry = history.entry(identity)
        if entry.stage == JUDGE:
            identity = history.rated(entry.row.decision.subject)
        elif entry.stage != GENERATE:
            identity = entry.row.decision.subject
    tree: Tree = {"asked_for": asked_for, "id": identity}
    if identity in history.seeds:
        tree |= _seed(history, identity)
    else:
        tree |= _candidate(history, history.entry(identity), depth)
    return tree | _made(history, identity, encode)


def _seed(history: History, identity: str) -> Tree:
    seed = history.seeds[identity]
    return {
        "kind": "seed",
        "text": seed.instruction,
        "is_classification": seed.is_classification,
        "instances": [{"input": case.input, "output": case.output} for case in seed.instances],
        "shown_in": history.ledger.requests_showing(identity),
    }


def _candidate(history: History, entry: Entry, depth: int) -> Tree:
    fate = history.fate(entry)
    source = fate.source
    return {
        "kind": "candidate",
        "text": fate.text,
        **_said(entry),
        "request": source.request,
        "asked_at": source.asked_at,
        "answered_at": source.answered_at,
        "model": source.model,
        "prompt": source.prompt,
        "reply": source.reply,
        "finish": source.finish,
        "showed": _showed(history, entry.row.index, depth, seen={entry.id}),
        "of_the_same_reply": [_brief(one) for one in history.ledger.of_reply(GENERATE, entry.row.index)],
    }


def _showed(history: History, index: int, depth: int, *, seen: set[str]) -> list[Tree]:
    return [_ancestor(history, shown, depth, seen=seen) for shown in history.shown(GENERATE, index)]


def _ancestor(history: History, shown: ShownInstruction, depth: int, *, seen: set[str]) -> Tree:
    """One shown instruction, and the examples in its own prompt.

    A repeated instruction is marked `above` and not repeated.
    """
    if shown.id in history.seeds:
        return {"id": shown.id, "kind": "seed", "text": history.texts[shown.id]}
    text = history.texts.get(shown.id, "") if shown.text is None else shown.text
    tree: Tree = {"id": shown.id, "kind": "machine", "text": text}
    if shown.text is not None and history.texts.get(shown.id) != shown.text:
        return tree | {"kind": "of the reprocessed run"}
    if shown.id in seen:
        return tree | {"above": True}
    place = parse_candidate_id(shown.id)
    if depth <= 0 or place is None:
        return tree
    seen.add(shown.id)
    _, request, _ = place
    return tree | {"request": request, "showed": _showed(history, request, depth - 1, seen=seen)}


def _made(history: History, identity: str, encode: Encode) -> Tree:
    """Everything made from an instruction: labels, raw instances, and examples with their training rows."""
    ledger = history.ledger
    examples = []
    for entry in ledger.entries_about(PREPARE, identity):
        decision = entry.row.decision
        example = example_of(decision)
        made = _brief(entry) | {"input": example.input, "output": example.output}
        made["ratings"] = [_brief(rated) for rated in ledger.entries_about(JUDGE, example.digest)]
        del made["text"]
        examples.append(made | ({"row": encode(entry.id, example)} if decision.fate == "accepted" else {}))
    return {
        "labels": [_brief(entry) | {"request": entry.row.index} for entry in ledger.entries_about(CLASSIFY, identity)],
        "raw_instances": [
            _brief(entry) | {"request": entry.row.index} for entry in ledger.entries_about(INSTANCES, identity)
        ],
        "examples": examples,
    }


def _brief(entry: Entry) -> Tree:
    return {"id": entry.id, "text": entry.row.decision.text, **_said(entry)}


def _said(entry: Entry) -> Tree:
    decision = entry.row.decision
    tree: Tree = {"fate": decision.fate}
    if decision.fate != "accepted":
        tree |= {"filter": decision.filter, "reason": decision.reason, "evidence": dict(decision.evidence)}
    return tree

"""Everything a runner needs, made of next to nothing: a reply is a line of words, and every word is a candidate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfinstruct.api import Filter, drop, keep
from selfinstruct.engine.events import Events
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter
from selfinstruct.engine.live_answerer import Answer
from selfinstruct.engine.runner import Bounds, Runner
from selfinstruct.store import RunStore, Totals
from selfinstruct.types import (
    GENERATE,
    Decision,
    Draft,
    Exhausted,
    Failure,
    Instruction,
    Message,
    Reply,
    Request,
    Settlement,
    Verdict,
)

Said = str | Failure | Exhausted | BaseException
"""What an answerer does: a reply's text, an answer of another kind, or an exception to raise."""


class WordStage:
    """A stage whose request shows its index and the size of the pool, and whose replies are words."""

    name = GENERATE
    recorded = False
    known: Mapping[str, Instruction] = {}

    def __init__(self, goal: int | None, most: int | None = None, accepted: Sequence[str] = ()) -> None:
        self.goal, self.most, self.accepted = goal, most, accepted

    def initial_items(self) -> Sequence[Draft]:
        return [Draft(word) for word in self.accepted]

    def plan(self, index: int, pool_size: int) -> Request | None:
        if self.most is not None and index >= self.most:
            return None
        return Request(self.name, index, (Message("user", f"{index} {pool_size}"),))

    def on_planned(self, request: Request) -> None: ...

    def read(self, request: Request, reply: Reply) -> Sequence[Draft]:
        return [Draft(word) for word in reply.text.split()]

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        return ()

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None: ...


class ScriptedAnswerer:
    """Answers request i with what `says(i)` gives, when `ready(i)` allows it."""

    def __init__(
        self, says: Callable[[int], Said], ready: Callable[[int], Any] | None = None, is_repeatable: bool = False
    ) -> None:
        self.says, self.ready, self.is_repeatable = says, ready, is_repeatable
        self.asked: list[int] = []
        self.answered: list[int] = []
        self.stopped = asyncio.Event()

    async def answer(self, request: Request) -> Answer:
        self.asked.append(request.index)
        if self.ready is not None:
            await self.ready(request.index)
        self.answered.append(request.index)
        said = self.says(request.index)
        if isinstance(said, BaseException):
            raise said
        return Reply(said, "stop", created_at="noon") if isinstance(said, str) else said

    def stop(self) -> None:
        self.stopped.set()


class DropRepeats(Filter[Draft]):
    """Drops what it has observed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def evaluate(self, item: Draft) -> Verdict:
        return drop("seen", word=item.text) if item.text in self.seen else keep()

    def observe(self, item: Draft) -> None:
        self.seen.append(item.text)


class DropInitial(Filter[Draft]):
    """Drops words that start with a letter."""

    def __init__(self, letter: str) -> None:
        self.letter = letter

    def evaluate(self, item: Draft) -> Verdict:
        return drop("starts-so") if item.text.startswith(self.letter) else keep()


class FunctionFilter(Filter[Draft]):
    """Judges by any function."""

    def __init__(self, judge: Callable[[Draft], Any], observe: Callable[[Draft], None] = lambda _: None) -> None:
        self._judge, self._observe = judge, observe

    def evaluate(self, item: Draft) -> Verdict:
        verdict: Verdict = self._judge(item)
        return verdict

    def observe(self, item: Draft) -> None:
        self._observe(item)


class RecordingObserver:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.settlements: list[Settlement] = []

    def events(self) -> Events:
        return Events({"selfinstruct_settled": [("witness", self.settlements.append)]}, print)


@dataclass
class StageBench:
    """Runs a stage of words over a folder; every `run` opens the folder again, as a new process would."""

    folder: Path
    lookahead: int = 4
    patience: int = 50
    max_candidates: int | None = None
    min_acceptance: float | None = None
    acceptance_window: int = 50
    most_requests: int | None = None
    quarantine: bool = False
    collected: Collection[int] = ()
    rules: Callable[[], Sequence[NamedFilter]] = lambda: [
        NamedFilter("novel", DropRepeats()),
        NamedFilter("no-x", DropInitial("x")),
    ]
    witness: RecordingObserver = field(default_factory=RecordingObserver)
    runner: Runner | None = None

    async def run(
        self,
        answerer: ScriptedAnswerer,
        goal: int | None = 10,
        most: int | None = None,
        stage: Callable[[int | None, int | None, Sequence[str]], WordStage] = WordStage,
    ) -> str:
        """Run to the goal, or to the end of `most` requests; returns the reason or raises what ended it."""
        with closing(RunStore.open(self.folder)) as store:
            accepted = [instruction.text for instruction in store.instructions()]
            rate = (self.min_acceptance, self.acceptance_window, self.most_requests)
            bounds = Bounds(self.lookahead, self.max_candidates, self.patience, *rate)
            judge = FilterChain(self.rules(), self.quarantine)
            words = stage(goal, most, accepted)
            given: dict[str, Any] = {"store": store, "events": self.witness.events(), "bounds": bounds}
            self.runner = Runner(words, judge, answerer, **given, collected=self.collected)
            return await self.runner.run()

    def record(self, *answers: str | Reply | Failure) -> None:
        """Put the first requests and their answers into the journal, as another process or a batch did."""
        with closing(RunStore.open(self.folder)) as store:
            for index, answer in enumerate(answers):
                request = Request(GENERATE, index, (Message("user", f"{index} 0"),))
                store.record_request(request)
                reply = Reply(answer, "stop", created_at="noon") if isinstance(answer, str) else answer
                store.record_answer(request, reply).result()

    # --- what became of it --------------------------------------------------------------------------------------------

    def open_readonly(self) -> RunStore:
        return RunStore.open_readonly(self.folder)

    def accepted(self) -> list[str]:
        with closing(self._store()) as store:
            return [instruction.text for instruction in store.instructions()]

    def fates(self) -> list[tuple[int, int, str, str, str]]:
        """Every decision: request, position, text, fate, filter."""
        with closing(self._store()) as store:
            rows = [row for fate in ("accepted", "rejected", "quarantined") for row in store.decisions(GENERATE, fate)]
        return sorted((row.index, (d := row.decision).position, d.text, d.fate, d.filter) for row in rows)

    def totals(self) -> Totals:
        with closing(self._store()) as store:
            return store.totals(GENERATE)

    def sizes(self) -> list[int]:
        with closing(self._store()) as store:
            return store.accepted_totals(GENERATE)

    def replies(self) -> dict[int, str]:
        """The journalled replies by request."""
        with closing(self._store()) as store:
            held = {
                index: store.journal_entry(GENERATE, index, None) for index in range(store.totals(GENERATE).requests)
            }
        return {i: h.answer.text for i, h in held.items() if h is not None and isinstance(h.answer, Reply)}

    def plans(self) -> list[tuple[int, int]]:
        """Each request's index, and the size of the pool that it was planned from."""
        with closing(self._store()) as store:
            count = store.totals(GENERATE).requests
            held = [store.journal_entry(GENERATE, index, None) for index in range(count)]
        prompts = [h.request.prompt.split() for h in held if h is not None]
        return [(int(index), int(size)) for index, size in prompts]

    def _store(self) -> RunStore:
        return RunStore.open(self.folder)


def fresh(index: int, count: int = 3) -> str:
    """A reply of words that no other has."""
    return " ".join(f"w{index}.{position}" for position in range(count))


def mixed(index: int) -> str:
    """A reply of new words, words that came before, and words that are unwanted."""
    return f"w{index} w{index // 2} x{index} v{index % 7}"

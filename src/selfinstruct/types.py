"""The frozen values of a run, in the order in which they are used. Imports the standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import ClassVar, Literal, Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Finish: TypeAlias = Literal["stop", "length", "filtered", "unknown"]
"""Why a model stopped: it finished, it reached `max_tokens`, the provider withheld the text, or unknown."""

GENERATE, CLASSIFY, INSTANCES = "generate", "classify", "instances"
PREPARE, JUDGE, EXPORT = "prepare", "judge", "export"
STAGES = (GENERATE, CLASSIFY, INSTANCES, PREPARE, JUDGE, EXPORT)
"""The stages that a component can serve. The last one, `export`, is not run by the engine: training encoders serve
it.
"""

ENGINE_STAGES = STAGES[:-1]
"""The stages of a run, in order."""

TaskFact: TypeAlias = Literal["topic", "difficulty", "self_contained", "harm"]
TASK_FACTS: Mapping[TaskFact, tuple[str, ...]] = {
    "topic": (
        "mathematics", "science", "technology", "programming", "language", "writing", "arts", "history", "geography",
        "society", "law", "business", "health", "food", "home", "travel", "sports", "leisure", "other",
    ),
    "difficulty": ("easy", "medium", "hard"),
    "self_contained": ("yes", "no"),
    "harm": ("none", "some", "serious"),
}  # fmt: skip
"""The facts that the stage `classify` may ask for beside the label of a task, and the possible values of each.

A task is self-contained if it holds all that it needs, so that it works without an input. `harm` is what a right answer
could do to people.
"""

REQUEST_FAILED = "request-failed"
"""The reason of the decision on each subject of a request that failed."""

ANSWERED, TWICE = "answered", "answered-before"
"""The filter that drops subjects without an answer, and its reason for one that had an answer already."""


# --- the start of a run
# ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instance:
    """One worked example of a task: an input (empty if the task needs none) and a correct output."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class SeedTask:
    """A hand-written task with which a run starts."""

    id: str
    instruction: str
    instances: tuple[Instance, ...]
    is_classification: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A member of the pool: a seed's instruction, or a machine-written one that was accepted.

    `id` is the seed's id, or `g<request>.<position>` for an accepted candidate. `is_classification` is `None` if it is
    not known yet. The stage `judge` asks about an `example` of the instruction; `id` is then its digest.
    """

    id: str
    text: str
    seed: SeedTask | None = None
    is_classification: bool | None = None
    example: Example | None = None


# --- requests
# ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PoolView:
    """The input of a sampler: the pool at the time when a request is planned, and a random generator for the request.

    `machine` is a prefix of all accepted instructions, oldest first. `rng` is seeded from the run's seed, the stage
    and the request's index, so the same view always yields the same sample.
    """

    stage: str
    index: int
    seeds: Sequence[Instruction]
    machine: Sequence[Instruction]
    rng: Random


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters of the model. `None` leaves a parameter to the provider. `max_tokens` limits the reply."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the model, recorded before it is sent. `index` counts from 0 within its stage.

    `schema` is the JSON schema that the reply must have; `None` where the reply is free text.
    """

    stage: str
    index: int
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    examples: tuple[Instruction, ...] = ()
    subjects: tuple[Instruction, ...] = ()
    schema: Mapping[str, Json] | None = None

    @property
    def prompt(self) -> str:
        """All messages as one text, a blank line between them."""
        return "\n\n".join(message.text for message in self.messages)


# --- replies
# -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Billed tokens of a reply. `None` if the provider did not report them.

    `cached_tokens` are those prompt tokens that the provider had in its cache, and `reasoning_tokens` those completion
    tokens that the model spent on thinking.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The content of a reply, as a backend read it from its client's message."""

    text: str
    finish: Finish = "unknown"
    usage: Usage = Usage()
    model: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to one request, recorded before it is evaluated."""

    text: str
    finish: Finish
    usage: Usage = Usage()
    model: str = ""
    created_at: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ended_early(self) -> bool:
        """Whether the reply may end in half an item."""
        return self.finish in ("length", "filtered")


@dataclass(frozen=True, slots=True)
class Busy:
    """The provider cannot answer now but may later: rate limits, overload, timeouts, broken connections.

    `retry_after` is in seconds. `scope` names the limit that was reached. `too_many_requests` says that the provider
    has too many requests; fewer are then sent at once. `hint` says what to do if it does not pass.
    """

    message: str
    retry_after: float | None = None
    scope: str = ""
    too_many_requests: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never answer this request, because it is too long or against its rules.

    Other requests may succeed. `is_too_long` says that the request, with the longest reply that it allows, is larger
    than the model or the account takes; of the first request, that ends the run. `is_unexplained` says that the
    provider blames neither length nor content, so the account may be the reason.
    """

    message: str
    is_too_long: bool = False
    is_unexplained: bool = False


@dataclass(frozen=True, slots=True)
class Unusable:
    """No request can succeed: wrong key, unknown model, no credit. `hint` says what the user should do.

    `setting` names the settings of the sampling that the model refuses, if any, with spaces between them; the run adds
    how to leave them out.
    """

    message: str
    hint: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The backend has no more replies, as expected: all recorded replies were used."""

    message: str


Fault: TypeAlias = Busy | Rejected | Unusable | Exhausted


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no answer. It is a failure, never an empty answer.

    `may_pass` says that its cause may pass: another command asks about its subjects again. `hint` says what to do if
    the server did not answer; it is not recorded.
    """

    message: str
    may_pass: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """One rate limit of a provider: at most `limit` of `what` in any period of `seconds`.

    `remaining` and `resets_in` (seconds, as of `seen_at`, a `time.monotonic()` reading) are the provider's last words.
    """

    what: Literal["requests", "tokens"]
    seconds: int
    limit: int
    remaining: int | None = None
    resets_in: float | None = None
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The known limits of a provider. `concurrency` is the number of requests that it serves simultaneously.

    `is_firm` says that the client cannot send more than those at once, so no config raises their number.
    `learning` means that the first reply will contain the limits, so one request is sent before all others.
    `cached_count` says whether cached prompt tokens count towards limits of tokens. `context` is the number of tokens
    of the chosen model, for prompt and reply. Longer requests are never sent.
    """

    windows: tuple[Window, ...] = ()
    concurrency: int | None = None
    learning: bool = False
    cached_count: bool = True
    context: int | None = None
    is_firm: bool = False

    def simultaneous_requests(self, configured: int | None, lookahead: int) -> int:
        """How many requests to send at once: as configured, else as the provider serves, within the lookahead."""
        known = self.concurrency or lookahead
        return min(configured or known, lookahead, known if self.is_firm else lookahead)


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a provider, in US dollars per million tokens.

    `cached` is the price of cached prompt tokens, by default that of all others. `source` says where the prices come
    from; it is empty for the user's own figures.
    """

    prompt: float
    completion: float
    cached: float | None = None
    source: str = ""

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """The cost of these tokens in US dollars; the cached tokens are among those of the prompt."""
        saved = 0.0 if self.cached is None else cached_tokens * (self.prompt - self.cached)
        return (prompt_tokens * self.prompt + completion_tokens * self.completion - saved) / 1_000_000

    def at_share(self, share: float) -> Prices:
        """The prices in a batch, where every token costs a share of its price, and a cached one no less."""
        return replace(self, prompt=self.prompt * share, completion=self.completion * share, cached=None)

    def __str__(self) -> str:
        cached = "" if self.cached is None else f", {self.cached:g} for cached prompt tokens"
        words = f"{self.prompt:g} and {self.completion:g} US dollars for a million prompt and completion tokens{cached}"
        return f"{words} ({self.source})" if self.source else words


@dataclass(frozen=True, slots=True)
class BilledModel:
    """A model as price tables name it, with the address of the API."""

    provider: str
    model: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check, and how to fix the problem if it failed.

    `doctor` marks a check that passed and has a `fix`, for something that it could not see, as `note`.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The results of a backend's own checks: key, server, model."""

    checks: tuple[Check, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)


# --- candidates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate instruction as a post-processor found it.

    `examples` are the instructions in its prompt, `messages` the texts of the prompt's messages, and `notes` remarks of
    the parser for the filters: `seed` (a seed task, shown to filters first), `cut` (the reply ended inside this item),
    `intro` (text before the first item), `tail` (text that followed the task inside its item, such as an answer).
    """

    text: str
    examples: tuple[str, ...] = ()
    notes: Mapping[str, Json] = field(default_factory=dict)
    messages: tuple[str, ...] = ()

    subject: ClassVar[str] = ""
    payload: ClassVar[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class Label:
    """A model's answer whether an instruction is a classification task: `text` is "yes", "no" or "unknown".

    `subject` is the instruction's id. `notes` may hold `said`, the words of the answer, and `facts` by name.
    """

    text: str
    subject: str
    notes: Mapping[str, Json] = field(default_factory=dict)

    payload: ClassVar[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class RawInstances:
    """The instances of one instruction as the model wrote them. `subject` is the instruction's id."""

    text: str
    subject: str
    notes: Mapping[str, Json] = field(default_factory=dict)

    payload: ClassVar[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: an instruction, an input (empty if not needed), and an output.

    `subject` is the instruction's id. `notes` are remarks of the parser, such as `cut` (the reply ended inside it), and
    the instruction's `facts`.
    """

    instruction: str
    input: str
    output: str
    is_classification: bool
    subject: str
    notes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The output, which stands for the example in lists."""
        return self.output

    @property
    def facts(self) -> Mapping[str, str]:
        """The known facts about the instruction, by name (`TASK_FACTS`)."""
        found = self.notes.get("facts")
        return {name: str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}

    @property
    def payload(self) -> Mapping[str, Json]:
        """The values that are stored beside the text and the subject."""
        return {"instruction": self.instruction, "input": self.input, "is_classification": self.is_classification}

    @property
    def digest(self) -> str:
        """A digest of the three texts, as 32 hexadecimal digits."""
        said = json.dumps([self.instruction, self.input, self.output])
        return hashlib.sha256(said.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Rating:
    """A judge's rating of one example, by the three questions of the paper's review (Wang et al. 2023, Table 2).

    Each answer is "yes", "no" or "unknown". `subject` is the example's digest, `reason` the judge's explanation,
    `grade` from 1 (of no use) to 5.
    """

    valid_task: str
    suitable_input: str
    correct_output: str
    subject: str
    reason: str = ""
    notes: Mapping[str, Json] = field(default_factory=dict)
    grade: int | None = None

    @property
    def answers(self) -> tuple[str, str, str]:
        """The three answers, in the order of the questions."""
        return self.valid_task, self.suitable_input, self.correct_output

    @property
    def score(self) -> int:
        """The number of yes answers, 0 to 3."""
        return sum(answer == "yes" for answer in self.answers)

    @property
    def text(self) -> str:
        """The score, which stands for the rating in lists."""
        return str(self.score)

    @property
    def payload(self) -> Mapping[str, Json]:
        """The values that are stored beside the score and the subject; `remark` is the reason."""
        return {
            "valid_task": self.valid_task,
            "suitable_input": self.suitable_input,
            "correct_output": self.correct_output,
            "remark": self.reason,
            **({} if self.grade is None else {"grade": self.grade}),
        }


class Item(Protocol):
    """The common parts of all items, which the engine stores."""

    @property
    def text(self) -> str:
        """The text of the item."""

    @property
    def subject(self) -> str:
        """The id of the instruction that the item belongs to, or an empty string."""

    @property
    def notes(self) -> Mapping[str, Json]:
        """Remarks of the parser."""

    @property
    def payload(self) -> Mapping[str, Json]:
        """The other values of the item."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """The similarity of a text to a pool, as ROUGE-L F1.

    `nearest` holds the most similar entries with their scores, best first, `mean` is the mean over the whole pool, and
    `highest` the best score (0.0 for an empty pool). `containment` is the longest common subsequence as a share of the
    shorter text.
    """

    highest: float
    nearest: tuple[tuple[str, float], ...]
    mean: float
    containment: float = 0.0


Tokenising: TypeAlias = Literal["unicode", "classical"]
Ties: TypeAlias = Literal["older", "numpy"]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A similarity that is computed later: to the `pool` oldest of the seeds and the accepted instructions.

    The pool only grows, so the result does not depend on when it is computed. `nearest` is the number of entries, and
    `ties` the order of entries with equal scores.
    """

    pool: int
    tokeniser: Tokenising = "unicode"
    nearest: int = 10
    ties: Ties = "older"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of one filter on one item: keep or drop, and why. Filters never edit an item."""

    keep: bool
    reason: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    similarity: Similarity | Deferred | None = None


Fate: TypeAlias = Literal["accepted", "rejected", "quarantined"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The fate of one candidate.

    `filter` and `reason` say which filter dropped it and why; both are empty if it was kept.
    """

    position: int
    text: str
    fate: Fate
    filter: str = ""
    reason: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    similarity: Similarity | Deferred | None = None
    notes: Mapping[str, Json] = field(default_factory=dict)
    subject: str = ""
    payload: Mapping[str, Json] = field(default_factory=dict)


# --- events
# ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StageStart:
    """A stage is about to start. The counts include earlier commands.

    `target` is the number of items to accept, `size` the number of instructions of a stage without a target.
    """

    stage: str
    target: int | None
    accepted: int
    requests: int
    size: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """The committed decisions on a reply. `accepted` is the stage's total so far. `reply` is `None` for a failure."""

    request: Request
    reply: Reply | None
    decisions: tuple[Decision, ...]
    accepted: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """A request is about to be sent again, after `wait` seconds. `attempt` counts from 1."""

    stage: str
    index: int
    attempt: int
    wait: float
    message: str


@dataclass(frozen=True, slots=True)
class StageSummary:
    """The end of a stage: its reason in words, its exit code, and its totals over the whole run."""

    stage: str
    reason: str
    exit_code: int
    accepted: int
    rejected: int
    quarantined: int
    requests: int
    failures: int
    drops: Mapping[str, int] = field(default_factory=dict)
    usage: Usage = Usage()
    marks: Mapping[str, int] = field(default_factory=dict)
    """Counts of incomplete replies: `cut`, `empty`, `withheld`, `no_items` (the parser found no items)."""
    retries: int = 0
    """Number of times that a request was sent again after an error."""
    asked_again: Mapping[str, int] = field(default_factory=dict)
    """Of the drops: answers that were missing or unusable. Their subjects are asked about again, up to a limit."""

    @property
    def brought_nothing(self) -> bool:
        """Whether the stage failed before anything was answered or decided."""
        return bool(self.exit_code) and not (self.requests or self.accepted or self.rejected or self.quarantined)

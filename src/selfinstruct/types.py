"""The frozen values that travel through a run, in their order of appearance (standard library only)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Literal, Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Finish: TypeAlias = Literal["stop", "length", "filtered", "unknown"]
"""Why a model stopped: it was done, its tokens ran out, the provider withheld the text, or it did not say."""

GENERATE, CLASSIFY, INSTANCES = "generate", "classify", "instances"
PREPARE, JUDGE, EXPORT = "prepare", "judge", "export"
STAGES = (GENERATE, CLASSIFY, INSTANCES, PREPARE, JUDGE, EXPORT)
"""Where a component can serve. The last is no stage of the engine: it is where training encoders work."""

ENGINE_STAGES = STAGES[:-1]
"""The stages of a run, in order."""

REQUEST_FAILED = "request-failed"
"""The reason of the decision on each subject of a request that failed."""


# --- what a run starts from -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instance:
    """One worked case of a task: an input (empty where the task needs none) and the right output."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class SeedTask:
    """A hand-written task that a run grows from."""

    id: str
    instruction: str
    instances: tuple[Instance, ...]
    is_classification: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A member of the pool: a seed's instruction, or a machine-written one that was accepted.

    `id` is the seed's id, or `g<request>.<position>` for an accepted candidate. `is_classification` is `None` where
    that is not known (yet). The stage `judge` asks about an `example` of the instruction; `id` is then its digest.
    """

    id: str
    text: str
    seed: SeedTask | None = None
    is_classification: bool | None = None
    example: Example | None = None


# --- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PoolView:
    """What a sampler may look at: the pool as it stood when a request was planned, and addressed randomness.

    `machine` is a prefix of all accepted instructions, oldest first. `rng` is fresh for each request, seeded from
    the run's seed, the stage and the request's index, so the same view always yields the same sample.
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
    """How the model is to draw its words; `None` leaves a setting to the provider. `max_tokens` bounds the reply."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model, journalled before it is asked. `index` counts from 0 within its stage.

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
        """All messages as one text, a blank line between them: the `metadata.prompt` of the output contract."""
        return "\n\n".join(message.text for message in self.messages)


# --- what is answered -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a reply was billed for; `None` where the provider did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a backend read out of its client's message."""

    text: str
    finish: Finish = "unknown"
    usage: Usage = Usage()
    model: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to one request, journalled before anything judges it."""

    text: str
    finish: Finish
    usage: Usage = Usage()
    model: str = ""
    created_at: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ended_early(self) -> bool:
        """Whether the reply may end in half an item, since it ended neither by itself nor by a stop text."""
        return self.finish in ("length", "filtered")


@dataclass(frozen=True, slots=True)
class Busy:
    """The provider cannot answer now and may later: rate limits, overload, timeouts, broken connections.

    `retry_after` is in seconds, `None` where the provider named no time. `scope` says which limit was met, if known.
    `too_many_requests` says that the provider refused the request because it has too many; fewer are then sent at once.
    """

    message: str
    retry_after: float | None = None
    scope: str = ""
    too_many_requests: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never answer this request (too long, refused by its rules); others may fare better."""

    message: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """No request can succeed: wrong key, unknown model, no credit. `hint` says what the user should do.

    `setting` names the setting of the sampling that the model refuses, if that is the reason.
    """

    message: str
    hint: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The backend has nothing more to give, as planned (recorded replies that have ended)."""

    message: str


Fault: TypeAlias = Busy | Rejected | Unusable | Exhausted


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no answer. It is a failure, never an empty answer.

    `may_pass` says that its cause may pass: another command asks about its subjects again.
    """

    message: str
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """One allowance of a provider: at most `limit` of `what` in any `seconds`.

    `remaining` and `resets_in` (seconds, as of `seen_at`, a `time.monotonic()` reading) are what the provider last
    said, `None` where it did not.
    """

    what: Literal["requests", "tokens"]
    seconds: int
    limit: int
    remaining: int | None = None
    resets_in: float | None = None
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows, as far as it is known; `concurrency` is how many requests it serves at once.

    `learning` says that the first reply will tell more, so that one request is sent ahead of all others.
    """

    windows: tuple[Window, ...] = ()
    concurrency: int | None = None
    learning: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """What a provider charges, in US dollars for a million tokens."""

    prompt: float
    completion: float

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Dollars for so many tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and how to fix it if it is not well."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a backend found out about itself: key, server, model.

    `context` is how many tokens its model takes, prompt and reply together; `None` where that is not known.
    """

    checks: tuple[Check, ...] = ()
    context: int | None = None

    @property
    def ok(self) -> bool:
        """Whether every check went well."""
        return all(check.ok for check in self.checks)


# --- what is read out of a reply, and judged --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate instruction as a post-processor found it.

    `examples` are the instructions that its prompt showed. `notes` hold what the parser noticed and filters may use:
    `seed` (a seed task, shown to filters first), `cut` (the reply ended inside this item), `intro` (text before the
    first item), `tail` (text that followed the task inside its item, such as an answer).
    """

    text: str
    examples: tuple[str, ...] = ()
    notes: Mapping[str, Json] = field(default_factory=dict)

    subject: ClassVar[str] = ""
    payload: ClassVar[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class Label:
    """Whether one instruction is a classification task, as a reply says: `text` is "yes", "no" or "unknown".

    `subject` is the instruction's id. `notes` may hold `said`, the words that were read.
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
    """One training example: an instruction, an input (empty where it needs none), and the output.

    `subject` is the instruction's id. `notes` hold what the parser noticed, such as `cut` (the reply ended in it).
    """

    instruction: str
    input: str
    output: str
    is_classification: bool
    subject: str
    notes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The output, by which the example is listed."""
        return self.output

    @property
    def payload(self) -> Mapping[str, Json]:
        """What is stored beside the text and the subject."""
        return {"instruction": self.instruction, "input": self.input, "is_classification": self.is_classification}

    @property
    def digest(self) -> str:
        """What the example says, as 32 hexadecimal digits: equal texts are one example, wherever they stand."""
        said = json.dumps([self.instruction, self.input, self.output])
        return hashlib.sha256(said.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Rating:
    """What a judge says of one example: the three questions of the paper's review (Wang et al. 2023, Table 2).

    Does the instruction describe a valid task, does the input suit the instruction, is the output a correct and
    acceptable response? Each answer is "yes", "no" or "unknown". `subject` is the example's digest, `reason` the
    judge's own words, if it gave any.
    """

    valid_task: str
    suitable_input: str
    correct_output: str
    subject: str
    reason: str = ""
    notes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def answers(self) -> tuple[str, str, str]:
        """The three answers, in the order of the questions."""
        return self.valid_task, self.suitable_input, self.correct_output

    @property
    def score(self) -> int:
        """How many of the answers are yes: 0 to 3."""
        return sum(answer == "yes" for answer in self.answers)

    @property
    def text(self) -> str:
        """The score, by which the rating is listed."""
        return str(self.score)

    @property
    def payload(self) -> Mapping[str, Json]:
        """What is stored beside the score and the subject; `remark` is the reason, since decisions have one too."""
        return {
            "valid_task": self.valid_task,
            "suitable_input": self.suitable_input,
            "correct_output": self.correct_output,
            "remark": self.reason,
        }


class Item(Protocol):
    """What every item has in common: what the engine stores of it."""

    @property
    def text(self) -> str:
        """What it says."""

    @property
    def subject(self) -> str:
        """The id of the instruction that it is about, if it is about one."""

    @property
    def notes(self) -> Mapping[str, Json]:
        """What the parser noticed."""

    @property
    def payload(self) -> Mapping[str, Json]:
        """Its other parts."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """How near a text is to a pool, by ROUGE-L F1.

    `nearest` are the ten closest entries with their scores, best first; `mean` is over the whole pool; `highest` is
    the best score, 0.0 for an empty pool; `containment` is the longest common subsequence over the shorter side.
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

    The pool only grows, so it is the same whenever it is computed. `tokeniser`, `nearest` (how many are named) and
    `ties` (which of equally near entries goes first) say how.
    """

    pool: int
    tokeniser: Tokenising = "unicode"
    nearest: int = 10
    ties: Ties = "older"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one filter thinks of one item. Filters never edit; they keep or drop, and say why."""

    keep: bool
    reason: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    similarity: Similarity | Deferred | None = None


Fate: TypeAlias = Literal["accepted", "rejected", "quarantined"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The one fate of one candidate. `filter` and `reason` name who dropped it and why; both are empty if kept."""

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


# --- what observers are told ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StageStart:
    """A stage is about to ask its first request; counts include what earlier commands did.

    `target` is how many items are to be accepted, `size` how many instructions a stage without a target is about.
    """

    stage: str
    target: int | None
    accepted: int
    requests: int
    size: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """A reply's decisions, just committed. `accepted` is the stage's total so far; `reply` is `None` on a failure."""

    request: Request
    reply: Reply | None
    decisions: tuple[Decision, ...]
    accepted: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """A request is about to be asked again, after `wait` seconds. `attempt` counts from 1."""

    stage: str
    index: int
    attempt: int
    wait: float
    message: str


@dataclass(frozen=True, slots=True)
class StageSummary:
    """How a stage ended: `reason` in words, the exit code, and its totals over the whole run."""

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
    """Replies that brought less than they should: `cut`, `empty`, `withheld`, `no_items` (nothing found in them)."""

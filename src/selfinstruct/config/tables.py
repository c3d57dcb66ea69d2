"""The tables of a config file, as pydantic models: every setting with its bounds and its description."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from selfinstruct.api import Options, Sampling, TaskFact


class RunOptions(Options):
    """The table `[run]`: settings for all stages."""

    seeds: str = Field("builtin", description="File of seed tasks, or builtin for the 175 of the package.")
    seed_tasks: Literal["all", "classification"] = Field("all", description="Which seed tasks to use.")
    seed: int = Field(42, description="Random seed.")
    lookahead: int = Field(8, ge=1, description="Requests that may be planned after the last settled one.")
    concurrency: int | None = Field(
        None, ge=1, description="Simultaneous requests, at most lookahead. Affects only speed."
    )
    batch: bool = Field(
        False,
        description="Send classify, instances and judge in batches, which cost half and take hours.",
    )
    batch_size: int = Field(50_000, ge=1, description="The most requests in one batch.")
    resend_lost: bool = Field(
        False, description="Send the requests of lost batches again; the provider may bill them twice."
    )
    structured: Literal["auto"] | bool = Field(
        "auto",
        description="Whether replies follow a JSON schema; auto: if the model supports it.",
    )
    trace: bool = Field(False, description="Allow LangSmith tracing of a local backend, if the environment enables it.")
    on_plugin_error: Literal["stop", "quarantine"] = Field(
        "stop", description="Whether to stop the run, or to set the item aside."
    )


Unset = Literal["unset"]
"""Leaves a sampling parameter out of requests, whatever the recipe says, so that the provider's value applies."""


class SamplingOptions(Options):
    """Sampling parameters of the model.

    One that is not set is left to the prompt encoder, and one that is `"unset"` to the provider.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] | Unset | None = Field(
        None, description="0 is greedy; higher is more varied."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | Unset | None = Field(
        None, description="Sample from the most likely words with this total probability."
    )
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000_000)] | Unset | None = Field(
        None, description="The longest reply, in tokens."
    )
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | Unset | None = Field(
        None, description="Penalty for frequent words."
    )
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | Unset | None = Field(
        None, description="Penalty for words already used."
    )
    stop: tuple[str, ...] | None = Field(None, description="Texts that end a reply.")

    @field_validator("stop", mode="before")
    @classmethod
    def _no_texts(cls, stop: object) -> object:
        return () if stop == "unset" else stop

    def over(self, base: Sampling) -> Sampling:
        """The prompt encoder's sampling with what is set here in its place."""
        chosen = self.model_dump(exclude_none=True)
        unset = {name: None for name, value in chosen.items() if value == "unset"}
        return replace(base, **chosen | unset)


class LimitOptions(Options):
    """The table `[limits]`: limits of a provider that does not report them."""

    requests_per_minute: int | None = Field(None, ge=1, description="Requests in any minute.")
    tokens_per_minute: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any minute.")
    requests_per_day: int | None = Field(None, ge=1, description="Requests in any day.")
    tokens_per_day: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any day.")


class BudgetBounds(Options):
    """Limits on the total cost over all commands of a run. At a limit the run stops and can be resumed."""

    max_requests: int | None = Field(None, ge=1, description="Calls to the model, including failed ones.")
    max_tokens: int | None = Field(None, ge=1, description="Tokens, prompt and reply.")
    max_usd: float | None = Field(None, gt=0, description="US dollars; needs prices.")


class BudgetOptions(BudgetBounds):
    """The table `[budget]`: limits on the total cost of a run over all its commands.

    At a limit the run stops and can be resumed.
    """

    max_hours: float | None = Field(None, gt=0, description="Hours of work.")
    usd_per_million_prompt_tokens: float | None = Field(
        None, ge=0, description="Price of prompt tokens. Default: that of the price table."
    )
    usd_per_million_cached_tokens: float | None = Field(
        None, ge=0, description="Price of cached prompt tokens. Default: that of the others, if set."
    )
    usd_per_million_completion_tokens: float | None = Field(
        None, ge=0, description="Price of completion tokens. Default: that of the price table."
    )


class ComponentTable(BaseModel):
    """A component by name; all other keys are its options."""

    model_config = ConfigDict(extra="allow")
    use: str


class StageTable(BaseModel):
    """Settings that the tables of all stages share."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    not_frozen: ClassVar[frozenset[str]] = frozenset()
    """Settings that say how far to go, so they may change between commands."""

    sampler: ComponentTable | None = None
    encoder: ComponentTable | None = None
    post_processor: ComponentTable
    filters: list[ComponentTable] = []
    add_filters: list[ComponentTable] = []
    """Filters to add after those of the recipe, without repeating its list."""
    sampling: SamplingOptions = SamplingOptions()


class AskingTable(StageTable):
    """What the tables of stages that ask a model have in common.

    `limits`, `budget` and the prices are those of the stage's own backend. Stages whose backend and all of these are
    the same share one account.
    """

    not_frozen: ClassVar[frozenset[str]] = frozenset(
        {"limits", "budget", *(f"usd_per_million_{kind}_tokens" for kind in ("prompt", "cached", "completion"))}
    )
    encoder: ComponentTable
    backend: ComponentTable | None = Field(None, description="The stage's own backend, if not that of the run.")
    limits: LimitOptions | None = Field(None, description="Limits of the stage's own provider.")
    budget: BudgetBounds | None = Field(None, description="Budget of its own backend, within the run's budget.")
    usd_per_million_prompt_tokens: float | None = Field(None, ge=0, description="Price of its backend's prompt tokens.")
    usd_per_million_cached_tokens: float | None = Field(
        None, ge=0, description="Price of its backend's cached prompt tokens."
    )
    usd_per_million_completion_tokens: float | None = Field(
        None, ge=0, description="Price of its backend's completion tokens."
    )

    @property
    def terms(self) -> tuple[object, ...]:
        """The settings that apply only to the stage's own backend."""
        prices = (self.usd_per_million_prompt_tokens, self.usd_per_million_completion_tokens)
        return (self.limits, self.budget, *prices, self.usd_per_million_cached_tokens)

    @property
    def lacks_backend(self) -> bool:
        """Whether there are such settings, but no own backend."""
        return self.backend is None and any(term is not None for term in self.terms)


class GenerateTable(AskingTable):
    """The table `[generate]`: the stage that asks for new instructions."""

    not_frozen: ClassVar[frozenset[str]] = AskingTable.not_frozen | {
        "target",
        "max_candidates",
        "patience",
        "min_acceptance",
        "acceptance_window",
    }
    sampler: ComponentTable
    target: int | None = Field(None, ge=1, description="Total number of instructions to accept.")
    max_candidates: int | None = Field(None, ge=1, description="Stop after this many candidates.")
    patience: int = Field(
        50, ge=1, description="Stop after this many requests in a row without an accepted instruction."
    )
    min_acceptance: float | None = Field(
        None, gt=0, le=1, description="Stop if a smaller share of recent candidates is accepted."
    )
    acceptance_window: int = Field(50, ge=1, description="Number of recent requests for `min_acceptance`.")


class AskTable(AskingTable):
    """The table `[instances]`: the stage that asks for inputs and outputs."""

    batch: int = Field(1, ge=1, description="Number of instructions in one request.")
    attempts: int = Field(1, ge=1, description="Number of times to ask about an instruction without an answer.")


class ClassifyTable(AskTable):
    """The table `[classify]`: the stage that asks which instructions are classification tasks."""

    facts: tuple[TaskFact, ...] = Field((), description="Facts to ask for in the same request.")


class JudgeTable(AskTable):
    """The table `[judge]`: the stage that rates examples."""

    not_frozen: ClassVar[frozenset[str]] = AskTable.not_frozen | {"enabled"}
    enabled: bool = Field(False, description="Whether `selfinstruct run` rates the examples too.")
    batch: int = Field(8, ge=1, description="Number of examples in one request.")
    attempts: int = Field(2, ge=1, description="Number of times to ask about an example without a rating.")


class PrepareTable(StageTable):
    """The table `[prepare]`: the stage that makes training examples of the instances."""

    min_score: int | None = Field(None, ge=0, le=3, description="Drop examples with a lower rating: 0 to 3.")
    unrated: Literal["keep", "drop"] = Field(
        "keep", description="Keep or drop examples without a rating, if min_score is set."
    )
    include_seeds: bool = Field(False, description="Whether to use the instances of seed tasks as examples too.")


class ExportTable(BaseModel):
    """The table `[export]`: how the dataset is written."""

    model_config = ConfigDict(extra="forbid")
    encoder: ComponentTable = ComponentTable(use="messages")
    distance: ComponentTable = Field(
        ComponentTable(use="rouge-l"),
        description="How --best measures nearness: rouge-l (the default), or semantic.",
    )


class ConfigSchema(BaseModel):
    """A complete config, before components are looked up."""

    model_config = ConfigDict(extra="forbid")
    recipe: str = "chat"
    plugins: list[str] = []
    run: RunOptions = RunOptions()
    limits: LimitOptions = LimitOptions()
    budget: BudgetOptions = BudgetOptions()
    backend: ComponentTable | None = None
    generate: GenerateTable
    classify: ClassifyTable | None = None
    instances: AskTable | None = None
    prepare: PrepareTable | None = None
    judge: JudgeTable | None = None
    export: ExportTable = ExportTable()

"""The tables of a config file, as pydantic models: every setting with its bounds and its description."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from selfinstruct.api import Options, Sampling


class RunOptions(Options):
    """The table `[run]`: what holds for all stages."""

    seeds: str = Field("builtin", description="Seed tasks, a JSONL file; builtin: the 175 that come with the package.")
    seed_tasks: Literal["all", "classification"] = Field(
        "all", description="classification: grow from classification seeds only, as the reference can be told to."
    )
    seed: int = Field(42, description="Where all randomness starts.")
    lookahead: int = Field(8, ge=1, description="How many requests may be planned beyond the last settled one.")
    concurrency: int | None = Field(
        None, ge=1, description="How many requests are sent at once; never more than lookahead. Changes only speed."
    )
    structured: Literal["auto"] | bool = Field(
        "auto",
        description="Whether replies must keep to a JSON schema; auto: where the model takes one and it does no harm.",
    )
    trace: bool = Field(
        False, description="Let LangSmith see the prompts of a local backend, where the environment switches it on."
    )
    on_plugin_error: Literal["stop", "quarantine"] = Field(
        "stop", description="stop: end the run, resumably; quarantine: set the item aside and go on."
    )


Unset = Literal["unset"]
"""Leaves a setting of the sampling out of requests, whatever the recipe says, so that the provider's value holds."""


class SamplingOptions(Options):
    """How the model draws its words; what is not set is left to the prompt encoder, and `unset` to the provider."""

    temperature: Annotated[float, Field(ge=0, le=2)] | Unset | None = Field(
        None, description="0 is greedy; higher is more varied."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | Unset | None = Field(
        None, description="Draw from the likeliest words of this mass."
    )
    max_tokens: Annotated[int, Field(ge=1)] | Unset | None = Field(None, description="The longest reply, in tokens.")
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | Unset | None = Field(
        None, description="Against repeated words."
    )
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | Unset | None = Field(
        None, description="Against words already said."
    )
    stop: tuple[str, ...] | Unset | None = Field(None, description="Texts that end a reply.")

    def over(self, base: Sampling) -> Sampling:
        """The prompt encoder's sampling with what is set here in its place."""
        chosen = self.model_dump(exclude_none=True)
        unset = {name: () if name == "stop" else None for name, value in chosen.items() if value == "unset"}
        return replace(base, **chosen | unset)


class LimitOptions(Options):
    """The table `[limits]`: what the provider allows, where it does not say so itself."""

    requests_per_minute: int | None = Field(None, ge=1, description="Requests in any minute.")
    tokens_per_minute: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any minute.")
    requests_per_day: int | None = Field(None, ge=1, description="Requests in any day.")
    tokens_per_day: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any day.")


class BudgetOptions(Options):
    """The table `[budget]`: what a run may cost in all, over all its commands; reaching it ends the run, resumably."""

    max_requests: int | None = Field(None, ge=1, description="Calls to the model, those that fail included.")
    max_tokens: int | None = Field(None, ge=1, description="Tokens, prompt and reply.")
    max_usd: float | None = Field(None, gt=0, description="US dollars; needs prices.")
    max_hours: float | None = Field(None, gt=0, description="Hours of work.")
    usd_per_million_prompt_tokens: float | None = Field(
        None, ge=0, description="Price of what is sent. Default: what the backend knows."
    )
    usd_per_million_completion_tokens: float | None = Field(
        None, ge=0, description="Price of what is written. Default: what the backend knows."
    )


class ComponentTable(BaseModel):
    """A component by name; all other keys are its options."""

    model_config = ConfigDict(extra="allow")
    use: str


class StageTable(BaseModel):
    """What the tables of all stages have in common."""

    model_config = ConfigDict(extra="forbid")
    not_frozen: ClassVar[frozenset[str]] = frozenset()
    """Settings that say how far to go, and so may change from command to command."""

    sampler: ComponentTable | None = None
    encoder: ComponentTable | None = None
    post_processor: ComponentTable
    filters: list[ComponentTable] = []
    add_filters: list[ComponentTable] = []
    """Filters after those of the recipe, whose list a config would otherwise have to repeat."""
    sampling: SamplingOptions = SamplingOptions()


class GenerateTable(StageTable):
    """The table `[generate]`."""

    not_frozen: ClassVar[frozenset[str]] = frozenset(
        {"target", "max_candidates", "patience", "min_acceptance", "acceptance_window"}
    )
    sampler: ComponentTable
    encoder: ComponentTable
    target: int | None = Field(None, ge=1, description="How many instructions to accept.")
    max_candidates: int | None = Field(None, ge=1, description="Stop after this many candidates were judged.")
    patience: int = Field(50, ge=1, description="Stop when so many requests in a row bring nothing accepted.")
    min_acceptance: float | None = Field(
        None, gt=0, le=1, description="Stop when a smaller share of the last requests' candidates was accepted."
    )
    acceptance_window: int = Field(50, ge=1, description="How many requests `min_acceptance` looks back.")


class AskTable(StageTable):
    """The tables `[classify]` and `[instances]`, which ask about accepted instructions."""

    encoder: ComponentTable
    batch: int = Field(1, ge=1, description="How many instructions one request asks about.")
    attempts: int = Field(1, ge=1, description="How often an instruction without an answer is asked about.")


class JudgeTable(AskTable):
    """The table `[judge]`: who rates the finished examples, and how. Limits and prices are those of its own backend."""

    not_frozen: ClassVar[frozenset[str]] = frozenset(
        {"enabled", "limits", "usd_per_million_prompt_tokens", "usd_per_million_completion_tokens"}
    )
    enabled: bool = Field(False, description="Whether `selfinstruct run` has the examples rated too.")
    batch: int = Field(8, ge=1, description="How many examples one request asks about.")
    attempts: int = Field(2, ge=1, description="How often an example without a rating is asked about.")
    backend: ComponentTable | None = Field(None, description="Who rates, if not the backend of the run.")
    limits: LimitOptions | None = Field(None, description="What the judge's own provider allows.")
    usd_per_million_prompt_tokens: float | None = Field(None, ge=0, description="Price of what the judge is sent.")
    usd_per_million_completion_tokens: float | None = Field(None, ge=0, description="Price of what the judge writes.")

    @model_validator(mode="after")
    def _has_its_own(self) -> Self:
        prices = (self.usd_per_million_prompt_tokens, self.usd_per_million_completion_tokens)
        if self.backend is None and (self.limits is not None or prices != (None, None)):
            raise ValueError("limits and prices here are those of [judge.backend], which is missing")
        return self


class PrepareTable(StageTable):
    """The table `[prepare]`."""

    min_score: int | None = Field(None, ge=0, le=3, description="Drop examples that the judge rated lower: 0 to 3.")
    unrated: Literal["keep", "drop"] = Field(
        "keep", description="What becomes of examples without a rating, where there is a min_score."
    )
    include_seeds: bool = Field(False, description="Whether the seed tasks' own instances become examples too.")


class ExportTable(BaseModel):
    """The table `[export]`."""

    model_config = ConfigDict(extra="forbid")
    encoder: ComponentTable = ComponentTable(use="messages")


class ConfigFile(BaseModel):
    """The whole of a config, before components are looked up."""

    model_config = ConfigDict(extra="forbid")
    recipe: str = "chat"
    plugins: list[str] = []
    run: RunOptions = RunOptions()
    limits: LimitOptions = LimitOptions()
    budget: BudgetOptions = BudgetOptions()
    backend: ComponentTable | None = None
    generate: GenerateTable
    classify: AskTable | None = None
    instances: AskTable | None = None
    prepare: PrepareTable | None = None
    judge: JudgeTable | None = None
    export: ExportTable = ExportTable()

"""Checks a config tree in two passes, first its shape, then its components, and makes a `RunConfig`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel, ValidationError

from selfinstruct.api import CLASSIFY, EXPORT, GENERATE, STAGES, Options
from selfinstruct.api.secret_finder import find_secrets
from selfinstruct.config.problems import problems_of
from selfinstruct.config.tables import (
    AskingTable,
    BudgetOptions,
    ClassifyTable,
    ComponentTable,
    ConfigSchema,
    LimitOptions,
    RunOptions,
    StageTable,
)
from selfinstruct.config.tree import Tree, merge, without_secrets
from selfinstruct.errors import ConfigError, SelfInstructError
from selfinstruct.plugins.registry import BACKEND, ENCODER, FILTER, POST_PROCESSOR, SAMPLER, Registry

_VARIABLE = re.compile(r"\$\{(\w+)\}|^\$(\w+)$")
"""How a variable of the environment would be named. No value is replaced: a run keeps its config as it was read."""


@dataclass(frozen=True, slots=True)
class ChosenComponent:
    """A component named in the config, with checked options."""

    kind: str
    name: str
    options: Options

    def build(self, registry: Registry) -> Any:
        """Build it; raises `PluginError` or the component's own error."""
        return registry.build(self.kind, self.name, self.options)

    def frozen(self, recorded: Tree | None = None) -> Tree:
        """The values recorded in the run: all options except secrets and those that cannot change a result.

        `recorded` is this component's table in a run that exists. An option that the table lacks was added to the
        component since. It is left out where it has its default, so that the run can continue.
        """
        excluded = set(self.options.unfrozen)
        if recorded and recorded.get("use") == self.name:
            excluded |= {name for name in _names_at_default(self.options) if name not in recorded}
        table = {"use": self.name, **self.options.model_dump(mode="json", exclude=excluded)}
        return without_secrets(table, find_secrets(self.options))


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One resolved stage. `table` holds its other settings, `backend` its own backend if it is not the run's."""

    sampler: ChosenComponent | None
    encoder: ChosenComponent | None
    post_processor: ChosenComponent
    filters: tuple[ChosenComponent, ...]
    table: StageTable
    backend: ChosenComponent | None = None

    def frozen(self, recorded: Tree | None = None) -> Tree:
        """All settings that can change the results of the stage; without those added since `recorded`, as above."""
        then = recorded or {}
        filters = then.get("filters") or [None] * len(self.filters)
        uses = {"sampler", "encoder", "post_processor", "filters", "add_filters", "backend"}
        plain = self.table.model_dump(mode="json", exclude=uses | self.table.not_frozen, exclude_none=True)
        if recorded is not None:
            added = [name for name in _names_at_default(self.table) if name in plain and name not in recorded]
            plain = {name: value for name, value in plain.items() if name not in added}
        return plain | {
            "sampler": self.sampler.frozen(then.get("sampler")) if self.sampler else None,
            "encoder": self.encoder.frozen(then.get("encoder")) if self.encoder else None,
            "post_processor": self.post_processor.frozen(then.get("post_processor")),
            "filters": [chosen.frozen(old) for chosen, old in zip_longest(self.filters, filters[: len(self.filters)])],
            **({"backend": self.backend.frozen(then.get("backend"))} if self.backend else {}),
        }


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A checked config. `tree` is its source, `stages` holds its stages by name, `distance` is that of exports."""

    run: RunOptions
    limits: LimitOptions
    budget: BudgetOptions
    backend: ChosenComponent | None
    stages: Mapping[str, StageConfig]
    export: ChosenComponent
    distance: ChosenComponent
    tree: Tree

    def with_target(self, target: int) -> RunConfig:
        """The same config with another number of instructions to accept, which a run that continues reads again."""
        return replace(self, tree=merge(self.tree, {GENERATE: {"target": target}}))

    def frozen(self, recorded: Tree | None = None) -> Tree:
        """All settings outside the stages that can change the results; without those added since `recorded`, as above.

        A run folder cannot continue with other values.
        """
        then = recorded or {}
        return {
            "run": self.run.model_dump(include={"seed", "lookahead", "seed_tasks"}),
            "backend": self.backend.frozen(then.get("backend")) if self.backend else None,
        }


def _names_at_default(options: BaseModel) -> list[str]:
    fields = type(options).model_fields.items()
    return [name for name, field in fields if getattr(options, name) == field.get_default(call_default_factory=True)]


def resolve(tree: Tree, registry: Registry) -> RunConfig:
    """Check the shape of a tree, then its components and options. Raises one `ConfigError` with all problems."""
    try:
        shape = ConfigSchema.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(list(problems_of(error, ConfigSchema, ""))) from None
    problems: list[str] = []
    hints: list[str] = []

    def choose(kind: str, use: ComponentTable, path: str, *, stage: str = "", named: str = "") -> ChosenComponent:
        try:
            return _choose(registry, kind, use, path=path, stage=stage, named=named)
        except SelfInstructError as error:
            if not isinstance(error, ConfigError):
                raise
            problems.extend(error.problems)
            hints.append(error.hint)
            return ChosenComponent(kind, use.use, Options())

    backend = choose(BACKEND, shape.backend, "backend") if shape.backend else None
    stages = {
        name: StageConfig(
            choose(SAMPLER, table.sampler, f"{name}.sampler", stage=name) if table.sampler else None,
            choose(ENCODER, table.encoder, f"{name}.encoder", stage=name) if table.encoder else None,
            choose(POST_PROCESSOR, table.post_processor, f"{name}.post_processor", stage=name),
            tuple(
                choose(FILTER, use, f"{name}.{key}[{index}]", stage=name, named=_named(use, uses, f"{name}.{key}"))
                for key in ("filters", "add_filters")
                for uses in (getattr(table, key),)
                for index, use in enumerate(uses)
            ),
            table,
            choose(BACKEND, use, f"{name}.backend") if (use := getattr(table, "backend", None)) else None,
        )
        for name in STAGES
        if isinstance(table := getattr(shape, name), StageTable)
    }
    problems += [
        f"{name}: limits, budget and prices here are those of [{name}.backend], which is missing"
        for name, stage in stages.items()
        if isinstance(stage.table, AskingTable) and stage.table.lacks_backend
    ]
    export = choose(ENCODER, shape.export.encoder, "export.encoder", stage=EXPORT)
    problems += _facts_problems(stages.get(CLASSIFY), registry) if not problems else []
    distance = choose(FILTER, shape.export.distance, "export.distance", stage=GENERATE)
    if problems:
        raise ConfigError(problems, hints[0] if len(problems) == len(hints) == 1 else "")
    return RunConfig(shape.run, shape.limits, shape.budget, backend, stages, export, distance, tree)


def _facts_problems(stage: StageConfig | None, registry: Registry) -> Iterator[str]:
    """That the encoder of `classify` cannot ask for the facts that its table names."""
    if stage is None or stage.encoder is None or not isinstance(stage.table, ClassifyTable) or not stage.table.facts:
        return
    if stage.encoder.build(registry).with_facts(stage.table.facts) is None:
        yield f"classify.facts: the encoder '{stage.encoder.name}' cannot ask for facts; chat-classify can"


def _named(use: ComponentTable, uses: Sequence[ComponentTable], path: str) -> str:
    """The path of a component of a list by its name, if no other has that name."""
    return f"{path}.{use.use}" if [one.use for one in uses].count(use.use) == 1 else ""


def add_filter(stage: str, name: str) -> str:
    """The option of the command line that adds a filter to a stage."""
    return f"--set '{stage}.add_filters=[{{use=\"{name}\"}}]'"


def _choose(
    registry: Registry, kind: str, use: ComponentTable, *, path: str, stage: str, named: str
) -> ChosenComponent:
    try:
        component = registry.find(kind, use.use, stage=stage)
    except ConfigError as error:
        raise ConfigError(f"{path}.use: {error.message}", error.hint) from None
    if stage and component.stages and stage not in component.stages:
        serves = ", ".join(component.stages)
        fitting = [offer.component.name for offer in registry.offers(kind) if stage in offer.component.stages]
        there = f"Add it there: {add_filter(component.stages[0], use.use)}"
        hint = there if kind == FILTER else f"Those for {stage}: {', '.join(fitting)}."
        raise ConfigError(f"{path}.use: {kind} '{use.use}' does not serve the stage {stage}, only {serves}", hint)
    for name, value in (use.model_extra or {}).items() if kind == BACKEND else ():
        if found := _VARIABLE.search(str(value)):
            words = f"{path}.{name}: {found[0]} is taken as it stands, as environment variables are not filled in"
            hint = f'Give the value with the command, as in: --set "{path}.{name}=${found[1] or found[2]}"'
            raise ConfigError(words, hint)
    try:
        return ChosenComponent(kind, use.use, component.options.model_validate(use.model_extra or {}))
    except ValidationError as error:
        problems = list(problems_of(error, component.options, named or path))
        where, _, words = problems[0].partition(": ")
        hint = f"Add it: --set {where}=VALUE" if words.startswith("missing") else ""
        raise ConfigError(problems, hint) from None

"""Reads TOML and overrides into a `RunConfig`: every `use` resolved against the registry, every option checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selfinstruct.api import GENERATE, Options, Sampling
from selfinstruct.errors import ConfigError, SelfInstructError
from selfinstruct.registry import BACKEND, ENCODER, FILTER, POST_PROCESSOR, SAMPLER, Registry, suggest

FILE = "selfinstruct.toml"
Tree = dict[str, Any]

_SECRET_NAME = re.compile(r"(key|token|secret|password|authorization)$", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/\s]*@")


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
    trace: bool = Field(
        False, description="Let LangSmith see the prompts of a local backend, where the environment switches it on."
    )
    on_plugin_error: Literal["stop", "quarantine"] = Field(
        "stop", description="stop: end the run, resumably; quarantine: set the item aside and go on."
    )


class SamplingOptions(Options):
    """How the model draws its words; what is not set is left to the prompt encoder, then to the provider."""

    temperature: float | None = Field(None, ge=0, le=2, description="0 is greedy; higher is more varied.")
    top_p: float | None = Field(None, gt=0, le=1, description="Draw from the likeliest words of this mass.")
    max_tokens: int | None = Field(None, ge=1, description="The longest reply, in tokens.")
    frequency_penalty: float | None = Field(None, ge=-2, le=2, description="Against repeated words.")
    presence_penalty: float | None = Field(None, ge=-2, le=2, description="Against words already said.")
    stop: tuple[str, ...] | None = Field(None, description="Texts that end a reply.")

    def over(self, base: Sampling) -> Sampling:
        """The prompt encoder's sampling with what is set here in its place."""
        from dataclasses import replace

        return replace(base, **self.model_dump(exclude_none=True))


class LimitOptions(Options):
    """The table `[limits]`: what the provider allows, where it does not say so itself."""

    requests_per_minute: int | None = Field(None, ge=1, description="Requests in any minute.")
    tokens_per_minute: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any minute.")
    requests_per_day: int | None = Field(None, ge=1, description="Requests in any day.")
    tokens_per_day: int | None = Field(None, ge=1, description="Tokens, prompt and reply, in any day.")


class Use(BaseModel):
    """A component by name; all other keys are its options."""

    model_config = ConfigDict(extra="allow")
    use: str


class GenerateTable(BaseModel):
    """The table `[generate]`."""

    model_config = ConfigDict(extra="forbid")
    target: int | None = Field(None, ge=1, description="How many instructions to accept.")
    max_candidates: int | None = Field(None, ge=1, description="Stop after this many candidates were judged.")
    patience: int = Field(50, ge=1, description="Stop when so many requests in a row bring nothing accepted.")
    sampler: Use
    encoder: Use
    post_processor: Use
    filters: list[Use] = []
    sampling: SamplingOptions = SamplingOptions()


class ConfigFile(BaseModel):
    """The whole of a config, before components are looked up."""

    model_config = ConfigDict(extra="forbid")
    recipe: str = "chat"
    plugins: list[str] = []
    run: RunOptions = RunOptions()
    limits: LimitOptions = LimitOptions()
    backend: Use | None = None
    generate: GenerateTable


@dataclass(frozen=True, slots=True)
class Chosen:
    """A component that the config chose, with its options checked."""

    kind: str
    name: str
    options: Options

    def build(self, registry: Registry) -> Any:
        """Build it; raises `PluginError` or the component's own error."""
        return registry.build(self.kind, self.name, self.options)

    def frozen(self) -> Tree:
        """What the run remembers: all options but those that cannot change a result, secrets never."""
        return without_secrets(
            {"use": self.name, **self.options.model_dump(mode="json", exclude=set(self.options.unfrozen))}
        )


@dataclass(frozen=True, slots=True)
class GenerateConfig:
    """The stage `generate`, resolved."""

    sampler: Chosen
    encoder: Chosen
    post_processor: Chosen
    filters: tuple[Chosen, ...]
    sampling: SamplingOptions
    target: int | None
    max_candidates: int | None
    patience: int


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A config that can be run. `tree` is what it was read from."""

    run: RunOptions
    limits: LimitOptions
    backend: Chosen | None
    generate: GenerateConfig
    tree: Tree

    def frozen(self) -> Tree:
        """All that decides a run's results; a run folder refuses to go on with another."""
        stage = self.generate
        return {
            "run": self.run.model_dump(include={"seed", "lookahead", "seed_tasks"}),
            "backend": self.backend.frozen() if self.backend else None,
            "generate": {
                "sampler": stage.sampler.frozen(),
                "encoder": stage.encoder.frozen(),
                "post_processor": stage.post_processor.frozen(),
                "filters": [chosen.frozen() for chosen in stage.filters],
                "sampling": stage.sampling.model_dump(mode="json", exclude_none=True),
            },
        }


# --- reading ----------------------------------------------------------------------------------------------------------


def recipes() -> list[str]:
    """The names of the recipes that come with the package."""
    folder = resources.files("selfinstruct") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_recipe(name: str) -> Tree:
    """A recipe by name, or from a TOML file; raises `ConfigError`."""
    if name.endswith(".toml"):
        return read_file(Path(name))
    if name not in recipes():
        raise ConfigError(f"recipe: no recipe is called '{name}'{suggest(name, recipes())}")
    return tomllib.loads((resources.files("selfinstruct") / "recipes" / f"{name}.toml").read_text("utf-8"))


def read_file(path: Path) -> Tree:
    """A TOML file; raises `ConfigError` with the line of the first mistake."""
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {path}", "Make one with: selfinstruct init .") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """Lay one tree over another: tables are merged key by key, anything else is replaced.

    A table that names another component (`use`) replaces the old one whole, since its options are not the same.
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = value
        if isinstance(old, Mapping) and isinstance(value, Mapping) and _same_component(old, value):
            merged[key] = merge(old, value)
    return merged


def _same_component(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(new.get("use", old.get("use")) == old.get("use"))


def assign(tree: Tree, setting: str) -> None:
    """Apply one `--set path=value`; the value is TOML, or else a plain string.

    A list of components is entered by position (`generate.filters[0].min_words`) or by name
    (`generate.filters.length.min_words`). Raises `ConfigError`.
    """
    path, equals, text = setting.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set {setting}: write it as path=value, such as run.seed=7")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    keys = [key for key in re.split(r"[.\[\]]+", path.strip()) if key]
    here: Any = tree
    for key in keys[:-1]:
        here = _enter(here, key, setting)
    if isinstance(here, list):
        raise ConfigError(f"--set {setting}: name an option of one entry, such as {path}.OPTION=VALUE")
    here[keys[-1]] = value


def _enter(here: Any, key: str, setting: str) -> Any:
    if isinstance(here, list):
        if key.isdigit() and int(key) < len(here):
            return here[int(key)]
        named = [entry for entry in here if isinstance(entry, dict) and entry.get("use") == key]
        if len(named) == 1:
            return named[0]
        known = [entry["use"] for entry in here if isinstance(entry, dict) and "use" in entry]
        problem = f"'{key}' stands there {len(named)} times" if named else f"no entry '{key}'{suggest(key, known)}"
        raise ConfigError(f"--set {setting}: {problem}", f"There are: {', '.join(known)}.")
    if not isinstance(here, dict):
        raise ConfigError(f"--set {setting}: there is nothing below '{key}'")
    return here.setdefault(key, {})


# --- checking ---------------------------------------------------------------------------------------------------------


def resolve(tree: Tree, registry: Registry) -> RunConfig:
    """Check a tree in two passes: its shape, then every component and its options; raises one `ConfigError` for all."""
    try:
        shape = ConfigFile.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(list(_problems(error, ConfigFile, ""))) from None
    problems: list[str] = []

    def choose(kind: str, use: Use, path: str, stage: str = "") -> Chosen:
        try:
            return _choose(registry, kind, use, path, stage)
        except SelfInstructError as error:
            if not isinstance(error, ConfigError):
                raise
            problems.extend(error.problems)
            return Chosen(kind, use.use, Options())

    table = shape.generate
    backend = choose(BACKEND, shape.backend, "backend") if shape.backend else None
    generate = GenerateConfig(
        sampler=choose(SAMPLER, table.sampler, "generate.sampler", GENERATE),
        encoder=choose(ENCODER, table.encoder, "generate.encoder", GENERATE),
        post_processor=choose(POST_PROCESSOR, table.post_processor, "generate.post_processor", GENERATE),
        filters=tuple(
            choose(FILTER, use, f"generate.filters[{index}]", GENERATE) for index, use in enumerate(table.filters)
        ),
        sampling=table.sampling,
        target=table.target,
        max_candidates=table.max_candidates,
        patience=table.patience,
    )
    if problems:
        raise ConfigError(problems)
    return RunConfig(shape.run, shape.limits, backend, generate, tree)


def _choose(registry: Registry, kind: str, use: Use, path: str, stage: str) -> Chosen:
    try:
        component = registry.find(kind, use.use)
    except ConfigError as error:
        raise ConfigError(f"{path}.use: {error.message}", error.hint) from None
    if stage and component.stages and stage not in component.stages:
        serves = ", ".join(component.stages)
        raise ConfigError(f"{path}.use: {kind} '{use.use}' does not serve the stage {stage}, only {serves}")
    try:
        return Chosen(kind, use.use, component.options.model_validate(use.model_extra or {}))
    except ValidationError as error:
        raise ConfigError(list(_problems(error, component.options, path))) from None


def _problems(error: ValidationError, model: type[BaseModel], path: str) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        where = _path(fault["loc"], path)
        if fault["type"] == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            yield f"{where}: unknown option{suggest(str(fault['loc'][-1]), known)}"
        elif fault["type"] == "missing":
            yield f"{where}: missing"
        else:
            yield f"{where}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _path(location: Sequence[int | str], start: str = "") -> str:
    path = start
    for key in location:
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
    return path


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The option names that the model knows at a place inside it."""
    for key in location:
        annotation = model.model_fields[str(key)].annotation if str(key) in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def without_secrets(tree: Mapping[str, Any]) -> Tree:
    """The tree without entries that are secrets by their name, or addresses with a login in them."""
    kept = {key: value for key, value in tree.items() if not _SECRET_NAME.search(key)}
    return {
        key: without_secrets(value) if isinstance(value, Mapping) else value
        for key, value in kept.items()
        if not (isinstance(value, str) and _LOGIN.search(value))
    }


def differences(frozen: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two trees differ, one line each: `generate.filters[0].min_words: 3 in the run, now 4`."""
    found: list[str] = []
    for key in dict.fromkeys([*frozen, *now]):
        where = f"{path}.{key}" if path else str(key)
        found += _difference(frozen.get(key), now.get(key), where)
    return found


def _difference(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return differences(old, new, where)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [line for index, (a, b) in pairs for line in _difference(a, b, f"{where}[{index}]")]
    return [] if old == new else [f"{where}: {_short(old)} in the run, now {_short(new)}"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

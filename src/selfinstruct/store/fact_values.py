"""The values that facts of a run have, and how the database holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

from selfinstruct import __version__
from selfinstruct.types import Json, Prices

Table = Mapping[str, Any]
"""A table of a config, as TOML has it."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A config file: its name and content, without secrets. Both are empty if there is none."""

    name: str = ""
    tree: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendFacts:
    """What a backend says of itself when a stage first uses it, and its prices if they are known."""

    description: Mapping[str, Json] = field(default_factory=dict)
    prices: Prices | None = None

    @property
    def model(self) -> str:
        """The name of its model; empty if it gives none."""
        return str(self.description.get("model") or "")


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """The files that an imported run began with: their SHA-256 digests, sorted, and a report on each file."""

    digests: Sequence[str]
    files: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ReprocessingFacts:
    """How a reprocessed run began, and how far it is.

    source           folder of the run whose replies are read again, and `source_created_at` when that run began
    tree             config tree of the reprocessed run
    target           instructions to accept; `None`: as many as the replies hold
    requests         requests of the stage `generate` that were copied from the source
    copied_stages    later stages whose requests were copied too
    is_finished      whether every stage was reprocessed
    """

    source: str
    source_created_at: str
    tree: Table
    target: int | None
    requests: int
    copied_stages: Sequence[str] = ()
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class InitialFacts:
    """The facts that a run begins with.

    config     the settings that no later command may change, without the tables of stages
    tree       the whole config as the user gave it, without secrets
    plugins    names of the plugins and their versions
    """

    config: Table = field(default_factory=dict)
    tree: Table = field(default_factory=dict)
    file: ConfigFile = field(default_factory=ConfigFile)
    seeds_digest: str = ""
    created_at: str = ""
    python: str = ""
    plugins: Mapping[str, str] = field(default_factory=dict)
    version: str = __version__
    imported: ImportFacts | None = None
    reprocessing: ReprocessingFacts | None = None
    backends: Mapping[str, BackendFacts] = field(default_factory=dict)
    """What is known of backends already: by stage, and under an empty name that of the run."""

    structured: Mapping[str, bool] | None = field(default_factory=dict)
    """Whether stages ask with a JSON schema; `None` where the run continues one from before there were any."""

    def to_rows(self) -> dict[str, Any]:
        """Keys and values as the database has them."""
        rows = {
            "config": self.config,
            "tree": self.tree,
            "file": asdict(self.file),
            "seeds_digest": self.seeds_digest,
            "created_at": self.created_at,
            "version": self.version,
            "python": self.python,
            "plugins": self.plugins,
        }
        if self.structured is not None:
            rows["structured"] = dict(self.structured)
        if self.imported is not None:
            rows["imported"] = asdict(self.imported)
        if self.reprocessing is not None:
            rows["replay"] = reprocessing_row(self.reprocessing)
        for stage, facts in self.backends.items():
            rows |= backend_rows(stage, facts)
        return rows


def backend_keys(stage: str) -> tuple[str, str]:
    """The keys of a backend's description and prices; an empty stage stands for the run's backend."""
    return (f"backend.{stage}", f"prices.{stage}") if stage else ("backend", "prices")


def backend_rows(stage: str, facts: BackendFacts) -> dict[str, Any]:
    """A backend's facts as keys and values."""
    prices: list[float | str | None] | None = list(astuple(facts.prices)) if facts.prices else None
    if prices is not None and prices[2:] == [None, ""]:
        del prices[2:]  # as older versions know them
    return dict(zip(backend_keys(stage), (dict(facts.description), prices), strict=True))


def reprocessing_row(facts: ReprocessingFacts) -> dict[str, Any]:
    """The value as older versions of this program wrote it."""
    return {
        "of": facts.source,
        "began": facts.source_created_at,
        "tree": facts.tree,
        "target": facts.target,
        "requests": facts.requests,
        "taken": list(facts.copied_stages),
        "done": facts.is_finished,
    }


def reprocessing_of(row: Mapping[str, Any]) -> ReprocessingFacts:
    """The facts that `reprocessing_row` wrote."""
    return ReprocessingFacts(
        source=row["of"],
        source_created_at=row["began"] or "",
        tree=row["tree"],
        target=row["target"],
        requests=row["requests"],
        copied_stages=row["taken"],
        is_finished=row["done"],
    )

"""The facts of a run, typed: its config, its origin, who answered, and how far an import or a reprocessing got."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from selfinstruct import __version__
from selfinstruct.errors import RunError, UsageError
from selfinstruct.store.damage import insert, reads_row
from selfinstruct.store.fact_values import (
    BackendFacts,
    ConfigFile,
    ImportFacts,
    ReprocessingFacts,
    Table,
    backend_keys,
    backend_rows,
    reprocessing_of,
    reprocessing_row,
)
from selfinstruct.store.writer import CommitFuture, Statement
from selfinstruct.text.encoding import dumps
from selfinstruct.types import ENGINE_STAGES, Prices


class RunFacts:
    """Reads and records the facts of a run. Nothing is cached: each property is what the database holds now."""

    def __init__(self, read: sqlite3.Connection, write: Callable[[Sequence[Statement]], CommitFuture]) -> None:
        self._read = read
        self._write = write

    @property
    def are_recorded(self) -> bool:
        """Whether the run has started: its initial facts are recorded together with its seed tasks."""
        return self._value("config") is not None

    # --- the config ---------------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """The settings that no later command may change, without the tables of stages."""
        return self._value("config") or {}

    def stage_config(self, stage: str) -> dict[str, Any] | None:
        """The settings of a stage that no later command may change; `None` if the stage never started."""
        found: dict[str, Any] | None = self._value(f"config.{stage}")
        return found

    @property
    def whole_config(self) -> dict[str, Any]:
        """`config` with a table for each stage that has started."""
        stages = {stage: table for stage in ENGINE_STAGES if (table := self.stage_config(stage)) is not None}
        return self.config | stages

    @property
    def structured(self) -> dict[str, bool] | None:
        """Whether each stage that has started asks with a JSON schema; `None` in a run from before there were any."""
        found: dict[str, bool] | None = self._value("structured")
        return found

    def record_structured(self, stages: Mapping[str, bool]) -> None:
        """Record whether stages ask with a JSON schema."""
        self._record({"structured": dict(stages)})

    @property
    def tree(self) -> dict[str, Any]:
        """The whole config as the last command had it, without secrets."""
        return self._value("tree") or {}

    @property
    def file(self) -> ConfigFile:
        """The config file that the run began with."""
        return ConfigFile(**(self._value("file") or {}))

    @property
    def recipe(self) -> str:
        """The recipe: its name, or the path of its file."""
        return str(self.tree.get("recipe", "chat"))

    @property
    def seeds_path(self) -> str:
        """The seed file; `builtin` for the one in this package."""
        return str(self.tree.get("run", {}).get("seeds", "builtin"))

    @property
    def plugin_paths(self) -> list[str]:
        """The plugins that the config names: paths of files, or names of modules."""
        return list(self.tree.get("plugins", []))

    @property
    def backend_name(self) -> str:
        """The component that answers, such as `groq`; empty if none was chosen yet."""
        return str((self.config.get("backend") or {}).get("use", ""))

    @property
    def seed(self) -> int:
        """The random seed of the run."""
        return int(self.config.get("run", {}).get("seed", 0))

    # --- the origin ---------------------------------------------------------------------------------------------------

    @property
    def seeds_digest(self) -> str:
        """The SHA-256 of the seed tasks."""
        return str(self._value("seeds_digest") or "")

    @property
    def created_at(self) -> str:
        """When the run began, ISO 8601, UTC."""
        return str(self._value("created_at") or "")

    @property
    def version(self) -> str:
        """The version of this program that began the run."""
        return str(self._value("version") or __version__)

    @property
    def plugins(self) -> dict[str, str]:
        """Names of the plugins at the last command, and their versions, or digests of their files."""
        return self._value("plugins") or {}

    @property
    def imported(self) -> ImportFacts | None:
        """The files that the run was imported from; `None` if it was not imported."""
        found = self._value("imported")
        return ImportFacts(**found) if found is not None else None

    # --- who answers --------------------------------------------------------------------------------------------------

    def backend(self, stage: str) -> BackendFacts | None:
        """What is known of the backend that answers a stage; `None` before a model was needed."""
        return self.own_backend(stage) or self.run_backend

    @property
    def run_backend(self) -> BackendFacts | None:
        """The same for the backend of all stages that have none of their own."""
        return self._backend("")

    def own_backend(self, stage: str) -> BackendFacts | None:
        """The same for a backend that only this stage uses; `None` if the stage asks the run's backend."""
        return self._backend(stage)

    def _backend(self, stage: str) -> BackendFacts | None:
        description_key, prices_key = backend_keys(stage)
        description = self._value(description_key)
        if description is None:
            return None
        prices = self._value(prices_key)
        return BackendFacts(description, Prices(*prices) if prices else None)

    def known_backends(self) -> dict[str, BackendFacts]:
        """All that is known of backends, by stage; the run's own has the empty name."""
        found = {stage: self._backend(stage) for stage in ("", *ENGINE_STAGES)}
        return {stage: facts for stage, facts in found.items() if facts is not None}

    def record_backend(self, facts: BackendFacts, stage: str = "") -> None:
        """Record the run's backend, or one that only a stage uses."""
        self._record(backend_rows(stage, facts))

    # --- progress -----------------------------------------------------------------------------------------------------

    @property
    def rated(self) -> int:
        """How many ratings there were when `prepare` last ran with a lowest score."""
        return int(self._value("rated") or 0)

    @property
    def reprocessing(self) -> ReprocessingFacts | None:
        """How far the reprocessing is that began this run; `None` if the run began otherwise."""
        found = self._value("replay")
        return reprocessing_of(found) if found is not None else None

    def update_reprocessing(self, **changes: Any) -> None:
        """Record fields of `ReprocessingFacts` that have changed."""
        recorded = self.reprocessing
        assert recorded is not None, "only a reprocessed run has progress to record"
        self._record({"replay": reprocessing_row(replace(recorded, **changes))})

    def record_again(self, **changed: Any) -> None:
        """Record facts that have changed, such as `config`, `plugins` or `previewed`."""
        self._record(changed)

    @contextmanager
    def settings_of_accepted(self) -> Iterator[None]:
        """Inside the block, a command that is refused leaves the run's settings as they were."""
        tree = self.tree
        try:
            yield
        except UsageError as error:
            if tree and not isinstance(error, RunError):
                self.record_again(tree=tree)
            raise

    def record_stage(self, stage: str, config: Table, *, tree: Table, rated: int | None = None) -> None:
        """Record the settings with which a stage starts or continues, and for `prepare` the number of ratings."""
        self._record({f"config.{stage}": config, "tree": tree} | ({} if rated is None else {"rated": rated}))

    @property
    def previewed(self) -> int:
        """How many requests `preview` was to send; 0 without one."""
        return int(self._value("previewed") or 0)

    def record_attempts_from(self, stage: str, index: int) -> None:
        """Record that only fates from this request on, and answers, count as attempts to ask about a subject."""
        self._record({f"attempts_from.{stage}": index})

    @reads_row
    def _value(self, key: str) -> Any:
        row = self._read.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def _record(self, rows: Mapping[str, Any]) -> None:
        """Record facts, durably, over older ones of the same key."""
        self._write([insert("run", (key, dumps(value)), "INSERT OR REPLACE") for key, value in rows.items()]).result()

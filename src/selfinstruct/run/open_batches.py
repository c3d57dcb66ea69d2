"""Opens the batches of one stage: where they go, what they may cost, and how its requests are written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from selfinstruct.config import RunConfig
from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.engine.batches.request_lines import BatchLines
from selfinstruct.engine.batches.rounds import BatchRounds
from selfinstruct.errors import UsageError
from selfinstruct.run.backends import Backends, Say
from selfinstruct.run.context import refuse_small_context
from selfinstruct.run.stage_builder import StageParts
from selfinstruct.store import RunStore


def open_rounds(
    config: RunConfig,
    backends: Backends,
    store: RunStore,
    *,
    parts: StageParts,
    needs: Mapping[str, int],
    folder: Path | None,
    wait: bool,
    say: Say,
    stopped: asyncio.Event,
) -> BatchRounds:
    """What answers a stage in batches, by the provider or in a folder.

    Raises `UsageError` if its backend cannot, and `ModelError` before anything is sent if `needs`, the tokens of its
    longest requests, do not fit into the model's context.
    """
    name = parts.stage.name
    backend = backends.for_stage(name)
    lines = BatchLines(backend, parts.sampling)
    if not store.batches.open(name):  # what is out is collected in any case
        refuse_small_context(backend, needs)
    batches = FolderBatches(folder) if folder else backend.batches()
    if batches is None:
        raise UsageError(
            f"the provider of the backend {type(backend).__name__} takes no batches",
            "Leave out --batch, or write the requests into files with --batch-file FOLDER.",
        )
    budget = backends.batch_budget(name, store, batches.price_share)
    size = config.run.batch_size
    return BatchRounds(
        store, backend, batches, lines=lines, budget=budget, size=size, wait=wait, say=say, stopped=stopped
    )

"""Opens the batches of one stage: where they go, what they may cost, and how its requests are written."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from selfinstruct.config import RunConfig
from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.engine.batches.calls import TEMPORARY
from selfinstruct.engine.batches.messages import ONE_BY_ONE
from selfinstruct.engine.batches.request_lines import BatchLines
from selfinstruct.engine.batches.rounds import BatchRounds
from selfinstruct.errors import UsageError
from selfinstruct.run.backends import Backends, Say
from selfinstruct.run.context import refuse_small_context
from selfinstruct.store import RunStore
from selfinstruct.types import Sampling


def open_rounds(
    config: RunConfig,
    backends: Backends,
    store: RunStore,
    *,
    stage: str,
    sampling: Sampling,
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
    backend = backends.for_stage(stage)
    for left in store.folder.glob(f"{TEMPORARY}*"):  # by a command that was killed
        shutil.rmtree(left, ignore_errors=True)
    lines = BatchLines(backend, sampling)
    if not store.batches.open(stage):  # what is out is collected in any case
        refuse_small_context(backend, needs)
    batches = FolderBatches(folder, 1.0 if backends.engine_prices(stage) else 0.0) if folder else backend.batches()
    if batches is None:
        raise UsageError(
            f"the provider of the backend {type(backend).__name__} takes no batches",
            f"To go on, {ONE_BY_ONE}, or --batch-file FOLDER to write them into files.",
        )
    return BatchRounds(
        store,
        backend,
        batches,
        lines=lines,
        budget=backends.batch_budget(stage, store, batches.price_share),
        size=config.run.batch_size,
        resend_lost=config.run.resend_lost,
        wait=wait,
        say=say,
        stopped=stopped,
    )

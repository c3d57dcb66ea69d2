"""Calls a provider's batches, or the files of a folder, and turns what goes wrong into an error for the user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selfinstruct.api import Backend
from selfinstruct.api.batches import UnknownBatchError
from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin, check_fault
from selfinstruct.errors import ModelError, RunError, SelfInstructError, Stopped, UsageError
from selfinstruct.files.atomic import DISK_FULL
from selfinstruct.store.batches import SentBatch
from selfinstruct.store.write_errors import write_error
from selfinstruct.types import Rejected, Unusable

T = TypeVar("T")

TEMPORARY = ".batch-"
"""How the names of temporary folders in the run's folder begin."""

COME_BACK = "Run the same command again later, or now with --wait."


async def call_batches(backend: Backend, work: Callable[..., T], *values: object) -> T:
    """Call in a thread; raises the error that the backend reads out of an exception."""
    try:
        return await asyncio.to_thread(work, *values)
    except (SelfInstructError, UnknownBatchError):
        raise
    except Exception as error:
        if is_file_error(error):
            raise
        name = f"the backend {type(backend).__name__}"
        fault = call_plugin(name, "a batch", backend.read_error, error, hint=FIX_AND_RERUN)
        fault = check_fault(name, "a batch", fault)
        if isinstance(fault, Unusable):
            raise ModelError(fault.message, fault.hint) from None
        if isinstance(fault, Rejected):
            words = f"the provider refused the file of a batch: {fault.message}"
            raise ModelError(words, "Correct the cause, or set a lower run.batch_size.") from None
        raise Stopped(f"the provider's batches cannot be reached: {fault.message}", COME_BACK) from None


def is_file_error(error: BaseException) -> bool:
    """Whether an exception is about a file on this computer, or its full disk."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_FULL)


def file_error(error: OSError, folder: Path) -> RunError:
    """What to raise for such an exception; `folder` is named where the exception names no file."""
    words = f"{error.filename or folder} cannot be read or written"
    return write_error(words, error, hint="Check the folder and its permissions, then run the same command again.")


def lost_batches(stage: str, provider: str, requests: int) -> UsageError:
    """That requests are in a batch that the provider does not know, or in a folder that is not there."""
    words = f"{requests:,} requests of {stage} are in"
    if FolderBatches.wrote(provider):
        words, back = f"{words} the folder {provider}, which is not there", "Put it back or name its new place"
    else:
        why = "it or its results were deleted, or it belongs to another key or project"
        words, back = f"{words} batch {provider}, which the provider does not have: {why}", "Use the key that sent it"
    return UsageError(words, f"{back}. To pay for these requests again, add --set run.resend_lost=true.")


def refuse_other_place(batch: SentBatch, in_folder: bool) -> None:
    """Raise `UsageError` for a batch that went into a folder where the provider is asked now, or the reverse."""
    if FolderBatches.wrote(batch.provider) != in_folder:
        where, flag = ("the provider", "--batch") if in_folder else (batch.provider, f"--batch-file {batch.provider}")
        words = f"{len(batch.indexes):,} requests of {batch.stage} are in {where}"
        raise UsageError(words, f"Continue with {flag}.")

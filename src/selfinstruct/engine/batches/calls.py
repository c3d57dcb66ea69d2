"""Calls a provider's batches, or the files of a folder, and turns what goes wrong into an error for the user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selfinstruct.api import Backend
from selfinstruct.api.batches import Batches, UnknownBatchError
from selfinstruct.api.client_errors import address_of, code_of, error_words, status_of
from selfinstruct.engine.batches.messages import COME_BACK, ONE_BY_ONE, may_be_elsewhere
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin, check_fault
from selfinstruct.errors import ModelError, RunError, SelfInstructError, Stopped
from selfinstruct.files.atomic import DISK_FULL
from selfinstruct.store.batches import SentBatch
from selfinstruct.store.write_errors import write_error
from selfinstruct.types import Rejected, Unusable

T = TypeVar("T")

TEMPORARY = ".batch-"
"""How the names of temporary folders in the run's folder begin."""

NO_BATCH_API = (404, 405, 501)
"""Statuses with which a server says that it has no such address, or does not serve it."""


class RefusedCallError(ModelError):
    """The provider answered a call with a final error, so it made no batch."""


class NoBatchApiError(RefusedCallError):
    """The server has no batch API."""


class UnreachableError(Stopped):
    """The provider gave no answer, or one that may pass."""


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
        fault, status = check_fault(name, "a batch", fault), status_of(error) or 0
        if status in NO_BATCH_API and "model" not in f"{code_of(error)} {error_words(error)}".lower():
            server = f"the server at {address}" if (address := address_of(error).rpartition("/")[0]) else "the server"
            hint = f"To go on, {ONE_BY_ONE}, or --batch-file FOLDER to write them into files."
            raise NoBatchApiError(f"{server} has no batch API (HTTP {status})", hint) from None
        kind = RefusedCallError if 400 <= status < 500 else ModelError
        if isinstance(fault, Unusable):
            raise kind(fault.message, fault.hint) from None
        if isinstance(fault, Rejected):
            words = f"the provider refused the file of a batch: {fault.message}"
            raise kind(words, "Correct the cause, or set a lower run.batch_size.") from None
        raise UnreachableError(f"the provider's batches cannot be reached: {fault.message}", COME_BACK) from None


async def find_batch(backend: Backend, batches: Batches, batch: SentBatch, *, resend_lost: bool) -> str | None:
    """The provider's id of a batch whose sending was cut short; raises `ModelError` where nobody can say."""
    try:
        return await call_batches(backend, batches.find, batch.key)
    except NoBatchApiError as error:
        if resend_lost:
            return None
        raise may_be_elsewhere(batch, error.message) from None


def is_file_error(error: BaseException) -> bool:
    """Whether an exception is about a file on this computer, or its full disk."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_FULL)


def file_error(error: OSError, folder: Path) -> RunError:
    """What to raise for such an exception; `folder` is named where it names no file. Raises any other one again."""
    if not is_file_error(error):
        raise error
    words = f"{error.filename or folder} cannot be read or written"
    return write_error(words, error, hint="Check the folder and its permissions, then run the same command again.")

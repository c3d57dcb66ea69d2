"""What the user is told about batches."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.errors import ModelError, Stopped, UsageError, pluralize
from selfinstruct.store.batches import SentBatch

COME_BACK = "Run the same command again later, or now with --wait."
ANSWER_FILES = "Have your engine write its results into that folder, as .jsonl, then run the same command again."
ONE_BY_ONE = "add --set run.batch=false to send the requests one by one"
"""Leaving out `--batch` is not enough, since the run remembers it."""

RESEND = "To pay for these requests again, add --set run.resend_lost=true."


def are_out(sent: Sequence[SentBatch]) -> str:
    """How many requests are out in batches, and where."""
    requests, batches = sum(len(batch.indexes) for batch in sent), pluralize(len(sent), "batch", "batches")
    return f"{_requests(requests, '')} {_place(sent[0].provider)}, in {batches}"


def was_sent(requests: int, stage: str, *, provider: str, file: Path) -> str:
    """That a file of requests was sent to the provider, or written into a folder."""
    folder = FolderBatches.wrote(provider)
    where = f"into {FolderBatches.place(Path(provider), file)}" if folder else f"as batch {provider}"
    return f"{'wrote' if folder else 'sent'} {pluralize(requests, 'request')} of {stage} {where}"


def was_not_found(batch: SentBatch, in_folder: bool) -> str:
    """That a batch, whose sending was cut short, is not there."""
    where = "the folder holds" if in_folder else "the provider lists"
    requests = _requests(len(batch.indexes), batch.stage, past=True)
    return f"{requests} being sent when the command ended, and {where} no batch of them: it is sent again"


def not_answered(requests: int, provider: str, why: str) -> str:
    """That a batch has ended without an answer to some requests."""
    words = f"{_requests(requests, f'batch {provider}', past=True)} not answered and will be sent again"
    return f"{words}: {why}" if why else words


def no_answer(provider: str, why: str) -> Stopped:
    """That a batch has ended without an answer."""
    again = f"Run the same command again to send another batch, or {ONE_BY_ONE}."
    return Stopped(f"batch {provider} brought no answer: {why or 'its results are empty'}", again)


def refused_batch(stage: str, provider: str, why: str) -> ModelError:
    """That the provider refused a batch after it had taken it."""
    words = f"the provider refused batch {provider} of {stage}: {why}"
    return ModelError(words, f"Nothing was billed. Correct the cause, or {ONE_BY_ONE}.")


def may_be_elsewhere(batch: SentBatch, why: str) -> ModelError:
    """That nobody can say whether a batch, whose sending was cut short, was made."""
    words = f"{why}, and {pluralize(len(batch.indexes), 'request')} of {batch.stage} may have gone to another server"
    return ModelError(words, f"Use the address of that server. {RESEND}")


def lost_batches(stage: str, provider: str, requests: int) -> UsageError:
    """That requests are in a batch that the provider does not know, or in a folder that is not there."""
    words = f"{_requests(requests, stage)} in"
    if FolderBatches.wrote(provider):
        words, back = f"{words} the folder {provider}, which is not there", "Put it back or name its new place"
    else:
        why = "it or its results were deleted, or it belongs to another key or project"
        words, back = f"{words} batch {provider}, which the provider does not have: {why}", "Use the key that sent it"
    return UsageError(words, f"{back}. {RESEND}")


def refuse_other_place(sent: Sequence[SentBatch], in_folder: bool | None) -> None:
    """Raise `UsageError` for batches in a folder if the provider is asked now, or the reverse; for any with `None`."""
    if sent and FolderBatches.wrote(sent[0].provider) != in_folder:
        raise requests_elsewhere(sent)


def requests_elsewhere(sent: Sequence[SentBatch]) -> UsageError:
    """That requests of a stage are with the provider, or in a folder, and how to go on there."""
    stage, provider, requests = sent[0].stage, sent[0].provider, sum(len(batch.indexes) for batch in sent)
    flag = f"--batch-file {shlex.quote(provider)}" if FolderBatches.wrote(provider) else "--batch"
    return UsageError(f"{_requests(requests, stage)} {_place(provider)}", f"Continue with {flag}.")


def _place(provider: str) -> str:
    return f"in {provider}" if FolderBatches.wrote(provider) else "with the provider"


def _requests(count: int, owner: str, *, past: bool = False) -> str:
    """The subject of a sentence with its verb, such as `2 requests of classify are`."""
    one, more = ("was", "were") if past else ("is", "are")
    return f"{pluralize(count, 'request')}{f' of {owner}' if owner else ''} {one if count == 1 else more}"

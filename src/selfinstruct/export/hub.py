"""Sends an exported folder to the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfinstruct.errors import UsageError
from selfinstruct.export.folder import DATA, INFO


def refuse_without_hub() -> None:
    """Raise `UsageError` if the Hub's client is not installed or has no login."""
    try:
        from huggingface_hub import get_token
    except ModuleNotFoundError:
        raise UsageError("the Hub needs its client", "Run: pip install 'selfinstruct[hub]'") from None
    if not get_token():
        raise UsageError("you are not logged in at the Hub", "Run: hf auth login, or set HF_TOKEN.")


def push_to_hub(folder: Path, paths: Sequence[Path], repo: str, *, public: bool = False) -> str:
    """Upload files of a folder into a dataset repository, which is created if needed. Returns its address.

    The login is the Hub's own: `hf auth login`, or `HF_TOKEN`. Raises `UsageError` if that, or anything else at the
    Hub, fails, if a repository that should be private is public, or if the Hub's client is not installed.
    """
    refuse_without_hub()
    from huggingface_hub import HfApi

    try:
        return _push(HfApi(), folder, paths, repo=repo, public=public)
    except UsageError:
        raise
    except Exception as error:  # errors of the client, its HTTP library or the system mean the same to a user
        cause = " ".join(str(error).split()) or type(error).__name__
        hint = "The folder is complete. Run the same command again, or upload the folder yourself."
        raise UsageError(f"{repo} could not be pushed to the Hub: {cause}", hint) from error


def _push(api: Any, folder: Path, paths: Sequence[Path], *, repo: str, public: bool) -> str:
    made = api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
    if not public and not api.dataset_info(made.repo_id).private:
        raise UsageError(f"{made.repo_id} exists and is public", "Add --public if this is intended.")
    api.upload_folder(
        repo_id=made.repo_id,
        repo_type="dataset",
        folder_path=folder,
        allow_patterns=[path.relative_to(folder).as_posix() for path in paths],
        delete_patterns=[*DATA, INFO],
        commit_message="Export of a selfinstruct run",
    )
    return str(made)

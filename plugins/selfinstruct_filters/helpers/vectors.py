"""Embeddings on disk, one small file a text, so that a resumed run need not pay for them again."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfinstruct.api import ConfigError

if TYPE_CHECKING:
    import numpy as np


class VectorCache:
    """Unit vectors by text, of one model with its arguments. Any number of processes may share a folder.

    `folder` is the user's cache where it is `None`; an empty one keeps nothing. A file holds the numbers alone, four
    bytes each, under a hash of the text; it appears whole or not at all. Raises `ConfigError` for a folder that cannot
    be written to.
    """

    def __init__(self, folder: str | None, model: str, kwargs: Mapping[str, Any]) -> None:
        self._folder: Path | None = None
        if folder == "":
            return
        base = Path(folder).expanduser() if folder else _user_cache() / "selfinstruct" / "embeddings"
        self._folder = base / _hash(json.dumps([model, kwargs], sort_keys=True, default=str))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            hint = "Name a folder that can be written to, or an empty one to keep nothing."
            raise ConfigError(f"semantic.cache: {base} cannot be used: {error.strerror}", hint) from None

    def find(self, text: str) -> np.ndarray[Any, Any] | None:
        """The text's vector, if it is here and whole."""
        import numpy as np

        if self._folder is None:
            return None
        with suppress(OSError, ValueError):
            vector = np.frombuffer(self._path(self._folder, text).read_bytes(), "<f4")
            return vector if len(vector) and np.isfinite(vector).all() else None
        return None

    def keep(self, text: str, vector: np.ndarray[Any, Any]) -> None:
        """Keep a text's vector; a full disk costs a repeated call, so it stops nothing."""
        if self._folder is None:
            return
        path = self._path(self._folder, text)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_suffix(f".{secrets.token_hex(4)}")
            temporary.write_bytes(vector.astype("<f4").tobytes())
            os.replace(temporary, path)

    @staticmethod
    def _path(folder: Path, text: str) -> Path:
        name = _hash(text)
        return folder / name[:2] / name[2:]


def _user_cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

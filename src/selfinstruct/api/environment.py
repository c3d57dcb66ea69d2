"""Recognizes failures that come from the environment: variables for proxies and certificates, too many open files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from selfinstruct.api.client_errors import causes
from selfinstruct.errors import OPEN_FILES, ModelError

PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def environment_problem(error: BaseException) -> ModelError | None:
    """The error that names the variable or limit to change; `None` if it is not the environment."""
    for one in causes(error):
        if isinstance(one, OSError) and one.errno in (errno.EMFILE, errno.ENFILE):
            return ModelError("too many files are open", OPEN_FILES)
        if isinstance(one, ImportError) and "socksio" in str(one):
            name = _name_of(PROXIES, lambda value: value.startswith("socks")) or "a proxy variable"
            hint = f"Run: pip install 'httpx[socks]', or unset {name}."
            return ModelError(f"{name} names a SOCKS proxy, which needs the package socksio", hint)
        if type(one).__name__ == "InvalidURL" and (name := _name_of(("NO_PROXY",), _is_unreadable)):
            hint = "Write IPv6 addresses in it without brackets and without a slash, such as ::1."
            return ModelError(f"{name} is '{os.environ[name]}', which the HTTP client cannot read", hint)
        is_ours = isinstance(one, FileNotFoundError) and one.filename is None  # as `ssl` raises it
        if is_ours and (name := _name_of(CERTIFICATES, lambda value: not Path(value).exists())):
            return ModelError(f"{name} is {os.environ[name]}, which does not exist", f"Unset {name}, or correct it.")
    return None


def _is_unreadable(value: str) -> bool:
    return any("[" in host or ("/" in host and ":" in host) for host in value.split(","))


def _name_of(names: tuple[str, ...], fits: Callable[[str], bool]) -> str:
    """The first variable, in capitals or not, whose value fits; empty if none does."""
    both = (name for upper in names for name in (upper, upper.lower()))
    return next((name for name in both if (value := os.environ.get(name)) and fits(value)), "")

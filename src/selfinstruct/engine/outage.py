"""What to do about a server that does not answer, by how it does not."""

from __future__ import annotations

from selfinstruct.api.client_errors import causes, status_of
from selfinstruct.types import Busy

FAILING = "The server answers with errors: look at its log, and whether the model fits into its memory."
SLOW = "The server is too slow for the timeout: raise it (--timeout), or lower --concurrency."
NOWHERE = "Nothing listens at this address: start the server, or correct base_url."
NO_NAME = "The name of the server was not found: check the network, or correct base_url."
BROKEN_OFF = "The server ends connections without an answer: look at its log."
IN_DOUBT = "Check the address, base_url."
AGAIN = "Nothing is lost: run the same command again when it answers."

NO_LISTENER = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "ClientConnectorError", "gaierror"}
"""Classes of exceptions of a connection that was never made, whatever the client."""


def outage_hint(error: BaseException) -> str:
    """What to do about an exception of a client if it does not pass; empty if it tells nothing."""
    names = {type(one).__name__ for one in causes(error)}
    if (status_of(error) or 0) >= 500:
        return FAILING
    if "gaierror" in names:
        return NO_NAME
    if names & NO_LISTENER:
        return NOWHERE
    if any("Timeout" in name for name in names):
        return SLOW
    return BROKEN_OFF if names & {"ReadError", "RemoteProtocolError", "ConnectionResetError"} else ""


def down_hint(busy: Busy, has_answered: bool) -> str:
    """What to do when the server counts as down; `has_answered` says whether it ever gave the run a reply."""
    cause = busy.hint or ("" if has_answered or busy.too_many_requests else IN_DOUBT)
    return f"{cause} {AGAIN}".strip()

"""Says what an exception of any model client means: what passes, what one request is refused for, what ends the run."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Mapping

from selfinstruct.api.client_errors import (
    address_of,
    asked_at,
    causes,
    code_of,
    error_body,
    error_summary,
    error_words,
    page_title,
    status_of,
)
from selfinstruct.api.fault_hints import HINTS
from selfinstruct.api.requested_wait import retry_after
from selfinstruct.errors import ModelError
from selfinstruct.types import Busy, Fault, Rejected, Unusable

TOO_MANY_REQUESTS = (429, 503, 529)
"""Statuses with which a provider says that it has too many requests."""

PASSING = (408, 409, 425, 429, 498, 499)
"""Statuses below 500 that say nothing against the request itself."""

DAILY_SECONDS = 3600.0
"""How long to wait at least where a daily quota is used up, since some providers name the wait of another limit."""

LOWER = "Lower it, or leave it out"
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP", "p"),
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxTokens", "maxOutputTokens"),
    "frequency_penalty": ("frequency_penalty", "frequencyPenalty"),
    "presence_penalty": ("presence_penalty", "presencePenalty"),
    "stop": ("stop", "stop_sequences", "stopSequences"),
}
"""Settings of the sampling, and what providers call them."""

NO_CREDIT = re.compile(
    r"insufficient[_ ](quota|balance|credits?|funds)|billing_(hard_limit_reached|not_active)|billing hard limit"
    r"|credit balance|payment (is )?(required|due)"
    r"|(out of|no|n['’]t have any|used all( available)?|exceeded .{0,30}included) credits(?! (were|was) )"
    r"|credits? (are|is|have been) (depleted|exhausted|used up)|requires more credits|account (is |has been )?suspended"
    r"|spending limit|reached your .{0,30}usage limits?|\blimit: 0\b(?!\.\d)|calls / month|in good standing",
    re.IGNORECASE,
)
FILTERED = re.compile(
    r"content[_ ]?(filter|policy|management)|(?<!')moderation|flagged|responsible ?ai|safety system|prohibited.content"
    r"|data_inspection_failed|guardrail|usage guidelines|content exists risk",
    re.IGNORECASE,
)
BAD_KEY = re.compile(
    r"(api[_ -]?key|api token|credentials|security token|authentication)\b.{0,60}"
    r"\b(not valid|invalid|incorrect|missing|expired|leaked|not found|not set|not resolve|must be set)"
    r"|(incorrect|invalid|missing|no|expired) (x-)?(api[_ -]?key|api token|credentials|authentication)"
    r"|could not resolve authentication|unable to locate credentials|token .{0,40}(expired|invalid)",
    re.IGNORECASE,
)
NO_ACCESS = re.compile(
    r"(organi[sz]ation|account|project) (has been|is|was) (disabled|deactivated|blocked)"
    r"|\b(location|country|region)\b.{0,40}not supported",
    re.IGNORECASE,
)
"""What is said of an account, whatever it asks."""

WANTS_TLS = re.compile(r"http request (was sent )?to (an )?https", re.IGNORECASE)
NO_TLS = re.compile(r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|\bHTTP_REQUEST\b")
"""What TLS makes of an answer in plain HTTP."""

TOO_LONG = re.compile(
    r"context[_ ]?(length|window|size|overflow)|maximum (context|prompt length)|too many (input )?tokens"
    r"|(prompt|input) is too long"
    r"|token limit|exceeds? (the )?(available |maximum )?(context|number of tokens)|reduce the length|too large",
    re.IGNORECASE,
)
REPLY_LIMIT = re.compile(
    r"max[_ ]?(completion|output|new)?[_ ]?tokens\b|maximum tokens you requested|output tokens|completion tokens",
    re.IGNORECASE,
)
TOO_HIGH = re.compile(
    r"too large|exceeds?\b|\d ?> ?\d|<= ?\d|(less|lower|greater|larger) than|at most|\brange\b|maximum (allowed|value)",
    re.IGNORECASE,
)
"""What is said of `max_tokens` above the most that a model writes."""

WITH_PROMPT = re.compile(r"context|prompt|inputs?\b|messages", re.IGNORECASE)
"""What is said too where that depends on the length of the prompt, and so on the request."""

NEVER_FITS = re.compile(r"request too large|tokens must be reduced", re.IGNORECASE)
"""What is said with a 429 of a request that no wait makes small enough for the tokens of a minute."""

UNKNOWN_MODEL = re.compile(
    r"model[_ ]?(not[_ ](found|exist)|decommissioned)|model\b.{0,80}"
    r"(does not exist|not found|not exist|is invalid|unknown|decommissioned|deprecated|not available|not supported)"
    r"|(unknown|invalid|no such|not a valid) model|no models? (is |are )?loaded|n[o'’]t have access to (the )?model"
    r"|deploymentnotfound|deployment .{0,60}does not exist|with on-demand throughput isn.t supported"
    r"|api versions? (not supported|\S+ and later)",
    re.IGNORECASE,
)
REFUSED_OPTION = re.compile(
    r"unsupported|not supported|not support|deprecated|unknown|unrecogni[sz]ed|extra (inputs|fields)|unexpected"
    r"|not permitted|not allowed|cannot be (set|used|specified)|can only be|only .{0,30}supported|invalid",
    re.IGNORECASE,
)
REFUSED_VALUE = re.compile(
    r"may only|must (not )?be|should be|cannot both|between|out of range|incompatible|remove", re.IGNORECASE
)
"""What is said of a setting whose value is refused. Of `max_tokens` it is also said where one prompt is too long."""

NO_PENALTIES = re.compile(r"penalty is not enabled", re.IGNORECASE)
"""Gemini's words, which name neither of the two."""

NO_TEMPLATE = re.compile(r"\bchat template\b|not support chat\b|role not supported|roles must alternate", re.IGNORECASE)
"""What is said where a conversation cannot be made into the text that the model continues."""

DAILY = re.compile(r"per[ _-]?day|daily|\b[rt]pd\b", re.IGNORECASE)
UNEXPECTED_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")

NO_KEY = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "DefaultCredentialsError")
NO_STATUS = "[###]"
"""What NVIDIA's client says in place of the status where an answer is not JSON, as that of a gateway."""

UNSENDABLE = ("LocalProtocolError", "InvalidHeader")
NO_ADDRESS = (
    *("InvalidURL", "UnsupportedProtocol", "MissingSchema", "InvalidSchema"),
    *("InvalidUrlClientError", "NonHttpUrlClientError"),
    "InvalidEndpointConfigurationError",  # of AWS's client, which sends a bearer key to https only
)
NO_SCHEME = ("UnsupportedProtocol", "MissingSchema", "InvalidSchema", "NonHttpUrlClientError")
BAD_CERTIFICATE = ("SSLCertVerificationError", "CertificateError")
TRANSIENT = (
    *("badhttpmessage", "badstatusline", "timeout", "connecterror", "connectionerror", "connectionreset"),
    *("decodingerror", "disconnected", "incompleteread", "payloaderror", "readerror", "remoteprotocolerror"),
    "writeerror",
)
"""Parts of the class names of exceptions that mean a broken or slow connection, whatever the client."""

TEXT = re.compile(r"'str' object has no attribute|got str: |Expecting value: line 1 column 1 |neither text nor an end")
BROKEN_ANSWER = (json.JSONDecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What clients raise when the server's answer is not the JSON they expect."""


def read_exception(error: Exception, hints: Mapping[str, str] | None = None) -> Fault:
    """Sort an exception of any client by its nature: its status, the classes of its causes, and its words last.

    `hints` are the provider's own in place of those of `HINTS`.
    """
    if own := next((one for one in causes(error) if isinstance(one, ModelError)), None):
        return Unusable(own.message, own.hint)  # of a backend's own, raised within its client
    known = {**HINTS, **(hints or {})}
    status = status_of(error)
    if status is None or status < 400:
        return _without_status(error, known)
    words = f"HTTP {status}: {error_words(error)}"
    said = f"{code_of(error)} {error_words(error, 2000)}"
    if final := _final(error, status, said, words=words, hints=known):
        return final
    if status in PASSING or status >= 500:
        is_daily = status == 429 and DAILY.search(f"{said} {error_body(error)}") is not None
        wait = retry_after(error)
        if is_daily:
            wait = max(wait or 0.0, DAILY_SECONDS)
        return Busy(words, wait, "a day" if is_daily else "", too_many_requests=status in TOO_MANY_REQUESTS)
    return Rejected(words, is_unexplained=True)


def _final(error: Exception, status: int, said: str, *, words: str, hints: Mapping[str, str]) -> Fault | None:
    """What ends the run, or this one request, whatever is done; `None` for anything else."""
    if status == 402 or NO_CREDIT.search(said):
        return Unusable(f"the provider wants payment ({words})", hints["payment"])
    if NO_TEMPLATE.search(said):
        return Unusable(f"the server cannot put this conversation to the model ({words})", hints["template"])
    if status < 500 and status != 429 and FILTERED.search(said):
        return Rejected(f"the provider's filter refused the request ({words})")
    if status == 429 and NEVER_FITS.search(said):
        return Rejected(f"the request is too long ({words})", is_too_long=True)
    if status >= 500 or status in PASSING:
        return None
    if status == 407:
        return Unusable(f"a proxy on the way to the provider refused the request ({words})", hints["proxy"])
    if status in (401, 403) and (title := page_title(error)) is not None:
        return Unusable(f"a web page came in place of an answer (HTTP {status}: {title})", hints["page"])
    if WANTS_TLS.search(said):
        return Unusable(f"the server at this address speaks https only ({words})", hints["https"])
    if status == 401 or BAD_KEY.search(said):
        return Unusable(f"the provider refused the key ({words}{asked_at(error)})", hints["refused"])
    if status in (404, 405, 410) or (UNKNOWN_MODEL.search(said) and not _named_option(error, said)):
        is_model = status == 410 or UNKNOWN_MODEL.search(said) or hints["address"] in hints["model"]
        hint = hints["model"] if is_model else f"{hints['model']} {hints['address']}"
        return Unusable(f"the provider does not know this model or address ({words}{asked_at(error)})", hint)
    if NO_ACCESS.search(said):
        return Unusable(f"the provider refused access ({words})", hints["access"])
    if REPLY_LIMIT.search(said) and TOO_HIGH.search(said):
        if not WITH_PROMPT.search(said):
            return Unusable(f"max_tokens is more than the model can write ({words})", LOWER, "max_tokens")
        return Rejected(f"prompt and max_tokens together are too long ({words})", is_too_long=True)
    if TOO_LONG.search(said) or status == 413:
        return Rejected(f"the request is too long ({words})", is_too_long=True)
    if status == 403:
        return Unusable(f"the provider refused access ({words})", hints["access"])
    if option := _named_option(error, said):
        return Unusable(f"the model does not take {option.replace(' ', ' and ')} ({words})", setting=option)
    return None


def _named_option(error: Exception, said: str) -> str:
    """The setting of the sampling that a refusal is about, or both penalties; empty if it is about none."""
    if NO_PENALTIES.search(said):
        return "frequency_penalty presence_penalty"
    given = error_body(error).get("param")
    is_option, is_value = REFUSED_OPTION.search(said), REFUSED_VALUE.search(said)
    for option, names in OPTIONS.items():
        if not (is_option or (option != "max_tokens" and (is_value or given in names))):
            continue
        if given in names or any(_names(name, said) for name in names):
            return option
    return ""


def _names(option: str, said: str) -> bool:
    """Whether words name an option; one of few letters is a word of its own elsewhere, so it must be marked as one."""
    marked = rf"['\"`.]{option}['\"`]|\bparameters?:? {option}\b"
    return re.search(marked if len(option) <= 4 else rf"{marked}|\b{option}\b", said) is not None


def _without_status(error: Exception, hints: Mapping[str, str]) -> Fault:
    """Sort what no response came of, or a response that the client could not read."""
    chain = list(causes(error))
    words = error_summary(error)
    names = {kind.__name__ for one in chain for kind in type(one).__mro__}
    messages = " ".join(str(one) for one in chain)
    if (unexpected := UNEXPECTED_ARGUMENT.search(messages)) and any(isinstance(one, TypeError) for one in chain):
        option = next((name for name, other in OPTIONS.items() if unexpected[1] in other), "")
        hint = "" if option else "Take it out."
        return Unusable(f"the model's class does not take the argument {unexpected[1]}", hint, option)
    if names & set(NO_KEY) or BAD_KEY.search(messages):
        return Unusable(f"there is no key that can be used: {error_words(error)}", hints["key"])
    if names & set(UNSENDABLE) or any(isinstance(one, UnicodeEncodeError) and one.encoding != "utf-8" for one in chain):
        return Unusable("a header cannot be sent: the key holds characters that no key has", hints["key"])
    if names & set(NO_ADDRESS):
        hint = hints["scheme" if names & set(NO_SCHEME) else "address"]
        return Unusable(f"the address cannot be used: {_with_root(words, chain[-1])}", hint)
    if "ProxyError" in names and "407" in messages:
        return Unusable(f"a proxy on the way to the provider refused the request: {words}", hints["proxy"])
    if names & set(BAD_CERTIFICATE) or "CERTIFICATE_VERIFY_FAILED" in messages:
        return Unusable(f"the server's certificate cannot be checked: {_with_root(words, chain[-1])}", hints["tls"])
    if NO_TLS.search(messages):
        return Unusable(f"the server at this address does not speak https: {words}", hints["http"])
    if any(isinstance(one, OSError) and one.errno in (errno.EMFILE, errno.ENFILE) for one in chain):
        return Unusable("this process may not open more files or connections", hints["files"])
    if FILTERED.search(messages):
        return Rejected(f"the provider's filter withheld the answer: {error_words(error)}")
    if TEXT.search(messages):
        return Busy("the server answered with something other than the client's JSON, such as a web page")
    if status_of(error) is not None or messages.startswith(NO_STATUS):
        return Busy(f"the server's answer could not be read ({words})")
    if any(isinstance(one, OSError) for one in chain) or _is_transient(names):
        words = _with_root(words, chain[-1])
        return Busy(f"no answer from {address}: {words}" if (address := address_of(error)) else words)
    if isinstance(error, BROKEN_ANSWER):
        return Busy(f"the server's answer could not be read ({words})")
    return Busy(words) if any(getattr(one, "is_retryable", False) is True for one in chain) else Rejected(words)


def _with_root(words: str, root: BaseException) -> str:
    """The words of an exception with those of its first cause, which names what clients call a connection error."""
    return words if (summary := error_summary(root)) in words else f"{words} ({summary})"


def _is_transient(names: set[str]) -> bool:
    return any(mark in name.lower() for name in names for mark in TRANSIENT)

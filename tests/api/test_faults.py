"""What the exceptions of many clients mean: each case has the shape in which a client raises it."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from selfinstruct.api import Busy, Rejected, Unusable
from selfinstruct.api.client_errors import error_words, retry_after, status_of
from selfinstruct.api.faults import DAILY_SECONDS, read_exception


class ClientError(Exception):
    """An exception as clients make them: a status, a body, a response."""

    def __init__(self, words: str = "no", **facts: Any) -> None:
        super().__init__(words)
        self.__dict__.update(facts)


class ModelRateLimitError(Exception):
    """Named like LangChain's own class."""


class NoCredentialsError(Exception):
    """Named like botocore's class."""


class ResponseValidationError(ClientError):
    """Named like OpenRouter's class."""


def caused(error: BaseException, cause: BaseException) -> Any:
    error.__cause__ = cause
    return error


def response(status: int, body: object = "", **headers: str) -> ClientError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = body if isinstance(body, str) else json.dumps(body)
    return ClientError(response=httpx.Response(status, headers=named, text=text))


GOOGLE_WAIT = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}]


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (response(429, retry_after_ms="1500", retry_after="2"), 1.5),
        (caused(ClientError(), ClientError(code=429, details={"error": {"code": 429, "details": GOOGLE_WAIT}})), 34.07),
        (ClientError(status_code=429, body={"error": {"metadata": {"headers": {"Retry-After": "9"}}}}), 9.0),
        (ClientError(status_code=429, body={"retry_after": 12}), 12.0),
        (Exception("[429] Too Many Requests: please retry in 2m3s"), 123.0),
        (Exception("[429] Too Many Requests: try again in 500 milliseconds"), 0.5),
        (response(429, x_ratelimit_reset_requests="6m0s", x_ratelimit_remaining_requests="0"), 360.0),
        (response(429, x_ratelimit_reset_requests="6m0s", x_ratelimit_remaining_requests="9"), None),
        (ClientError(response={"ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "5"}}}), 5.0),
        (ClientError(status_code=429, headers={"Retry-After": "7"}), 7.0),
        (response(429, {"error": {"message": "Slow down."}}), None),
    ],
)
def test_the_wait_is_found_wherever_it_stands(error: Exception, wait: float | None) -> None:
    assert retry_after(error) == (pytest.approx(wait) if wait is not None else None)
    fault = read_exception(error)
    assert isinstance(fault, Busy)
    assert fault.too_many_requests


@pytest.mark.parametrize("scale", [1, 1000], ids=["seconds", "milliseconds"])
def test_a_reset_that_is_given_as_an_epoch(scale: int) -> None:
    epoch = str(int((time.time() + 50) * scale))
    wait = retry_after(response(429, x_ratelimit_reset=epoch, x_ratelimit_remaining="0"))
    assert wait is not None
    assert 40 < wait <= 50


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (caused(ClientError(), ClientError(code=429)), 429),
        (Exception("[429] Too Many Requests"), 429),
        (ClientError(status_code=200, body='{"error": {"code": 402, "message": "no credits"}}'), 402),
        (ModelRateLimitError("slow"), 429),
    ],
)
def test_the_status_is_found_wherever_it_is_kept(error: Exception, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "Not enough rights"}, "Not enough rights"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        ({"error": "plain"}, "plain"),
        ("only a string", "only a string"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "too hot"}}},
            "Provider returned error (too hot)",
        ),
        ("<html>log in</html>", "no"),
    ],
)
def test_the_servers_words(body: Any, words: str) -> None:
    assert error_words(ClientError(status_code=400, body=body)) == words
    assert error_words(response(400, body)) == words


ENDS_THE_RUN = [
    (response(400, {"error": {"message": "Your credit balance is too low"}}), "payment", ""),
    (response(429, {"error": {"code": "insufficient_quota", "message": "You ran out"}}), "payment", ""),
    (ClientError(status_code=200, body={"error": {"code": 402, "message": "Add credits"}}), "payment", ""),
    (response(400, {"error": {"message": "API key not valid. Please pass a valid API key."}}), "key", ""),
    (NoCredentialsError("Unable to locate credentials"), "key", ""),
    (TypeError('"Could not resolve authentication method. Expected either api_key"'), "key", ""),
    (caused(ClientError("Connection error."), httpx.LocalProtocolError("Illegal header value b''")), "header", ""),
    (caused(ClientError("Connection error."), UnicodeEncodeError("ascii", "kéy", 1, 2, "no")), "header", ""),
    (httpx.UnsupportedProtocol("Request URL is missing an 'http://'"), "address", ""),
    (response(400, {"error": {"message": "The provided model identifier is invalid."}}), "model", ""),
    (response(404, {"detail": "Not Found"}), "/v1", ""),
    (TypeError("create() got an unexpected keyword argument 'presence_penalty'"), "argument", "presence_penalty"),
    (
        response(
            400, {"error": {"message": "Unsupported value: 'temperature' does not support 0.7", "param": "temperature"}}
        ),
        "temperature",
        "temperature",
    ),
    (
        response(400, {"error": {"message": "`temperature` is deprecated for this model."}}),
        "temperature",
        "temperature",
    ),
    (response(422, {"detail": "Unrecognized request argument supplied: top_p"}), "top_p", "top_p"),
]


@pytest.mark.parametrize(("error", "word", "setting"), ENDS_THE_RUN)
def test_what_is_final_ends_the_run_at_once(error: Exception, word: str, setting: str) -> None:
    fault = read_exception(error)
    assert isinstance(fault, Unusable), fault
    assert word in f"{fault.message} {fault.hint}"
    assert fault.setting == setting


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Azure has not provided the response due to a content filter being triggered"),
        response(400, {"error": {"code": "content_filter", "message": "The prompt was filtered"}}),
        response(403, {"error": {"message": "Your chosen model requires moderation and your input was flagged"}}),
        response(400, {"error": {"code": "context_length_exceeded", "message": "maximum context length is 8192"}}),
        response(413, {"error": {"message": "Request too large for model in organization on tokens per minute"}}),
        response(400, {"error": {"message": "Input is too long for requested model."}}),
    ],
)
def test_what_one_request_is_refused_for(error: Exception) -> None:
    assert isinstance(read_exception(error), Rejected)


def test_a_daily_quota_is_tried_again_in_an_hour_even_if_the_provider_names_a_shorter_wait() -> None:
    quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
    details = [{"violations": [quota]}, *GOOGLE_WAIT]
    error = response(429, {"error": {"code": 429, "message": "You exceeded your current quota", "details": details}})
    fault = read_exception(error)
    assert isinstance(fault, Busy)
    assert (fault.retry_after, fault.scope) == (DAILY_SECONDS, "a day")


@pytest.mark.parametrize(
    "error",
    [
        ResponseValidationError("Response validation failed", status_code=200, body="<html>"),
        TypeError("Received response with null value for `choices`."),
        TimeoutError(),
        caused(ClientError("Connection error."), httpx.ConnectError("refused")),
    ],
)
def test_what_may_be_better_the_next_time(error: Exception) -> None:
    assert isinstance(read_exception(error), Busy)


def test_the_providers_own_hints_go_first() -> None:
    fault = read_exception(response(401), {"key": "Set THE_KEY."})
    assert isinstance(fault, Unusable)
    assert fault.hint == "Set THE_KEY."

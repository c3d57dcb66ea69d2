"""What the exceptions of many clients mean: each case has the shape in which a client raises it."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from selfinstruct.api import Busy, Rejected, Unusable
from selfinstruct.api.client_errors import error_words, status_of
from selfinstruct.api.faults import DAILY_SECONDS, read_exception
from selfinstruct.api.requested_wait import retry_after


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


class NonHttpUrlClientError(ValueError):
    """Named like aiohttp's class."""


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
        (response(429, retry_after="20s"), 20.0),
        (response(429, ratelimit='"minute";r=5;t=9, "day";r=0;t=300'), 300.0),
        (response(429, ratelimit='"a";r=0;t=7, "b";r=0;t=4'), 7.0),
        (response(429, ratelimit="limit=10, remaining=0, reset=30"), 30.0),
        (response(429, ratelimit='"minute";r=5;t=9'), None),
        (response(429, x_rate_limit_reset="30"), 30.0),
        (response(429, {"error": {"retry_after_ms": 9000}}), 9.0),
        (response(429, {"error": "slow", "retry_after": 9}), 9.0),
        (response(429, {"detail": {"message": "slow", "retry_after": 9}}), 9.0),
        (caused(ClientError(body={"message": "slow"}), response(429, {"error": {}, "retry_after": 9})), 9.0),
        (Exception("[429] Please try again in 1 minute and 30 seconds."), 90.0),
        (Exception("[429] Please retry later; 5 messages per hour are allowed"), None),
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


@pytest.mark.parametrize("form", [str, lambda then: formatdate(then), lambda then: formatdate(then, usegmt=True)])
def test_a_moment_to_retry_after_is_an_epoch_or_a_date_of_any_form(form: Callable[[int], str]) -> None:
    wait = retry_after(response(429, retry_after=form(int(time.time()) + 50)))
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
        ({"detail": [{"loc": ["body", "stop"], "msg": "field required"}]}, "stop: field required"),
        ({"error": "plain"}, "plain"),
        ("only a string", "only a string"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "too hot"}}},
            "Provider returned error (too hot)",
        ),
        ("<html>log in</html>", "no"),
        ("<html><title>404 Not\nFound</title></html>", "a web page: 404 Not Found"),
    ],
)
def test_the_servers_words(body: Any, words: str) -> None:
    assert error_words(ClientError(status_code=400, body=body)) == words
    assert error_words(response(400, body)) == words


ENDS_THE_RUN = [
    *(
        (response(400, {"error": {"message": words}}), "--recipe paper", "")
        for words in (
            "default chat template is no longer allowed, so you must provide a chat template",
            '"tiny-text" does not support chat',
            "System role not supported",
            "Conversation roles must alternate user/assistant/user/assistant/...",
        )
    ),
    (response(400, {"error": {"message": "Your credit balance is too low"}}), "payment", ""),
    (response(429, {"error": {"code": "insufficient_quota", "message": "You ran out"}}), "payment", ""),
    (ClientError(status_code=200, body={"error": {"code": 402, "message": "Add credits"}}), "payment", ""),
    (response(400, {"error": {"message": "API key not valid. Please pass a valid API key."}}), "key", ""),
    *(
        (response(429, {"error": {"message": words}}), "payment", "")
        for words in (
            "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects",
            "You exceeded your current quota. * Quota exceeded for metric: requests, limit: 0, model: gemini-2.5-pro",
        )
    ),
    (
        response(
            400, {"error": {"message": "You have reached your specified API usage limits. You will regain access"}}
        ),
        "payment",
        "",
    ),
    (response(400, {"error": {"message": "This organization has been disabled."}}), "refused access", ""),
    (response(400, {"error": {"message": "User location is not supported for the API use."}}), "refused access", ""),
    (response(403, {"error": {"message": "Country, region, or territory not supported"}}), "refused access", ""),
    (response(403, {"error": {"message": "Project `p` does not have access to model `m`"}}), "Check the model", ""),
    (response(400, {"error": "No models loaded. Please load a model in the developer page."}), "Check the model", ""),
    (response(400, "Client sent an HTTP request to an HTTPS server.\n"), "Write https://", ""),
    (
        response(400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"),
        "Write https://",
        "",
    ),
    (
        caused(ClientError("Connection error."), httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version")),
        "Write http://",
        "",
    ),
    (NoCredentialsError("Unable to locate credentials"), "key", ""),
    (TypeError('"Could not resolve authentication method. Expected either api_key"'), "key", ""),
    (caused(ClientError("Connection error."), httpx.LocalProtocolError("Illegal header value b''")), "header", ""),
    (caused(ClientError("Connection error."), UnicodeEncodeError("ascii", "kéy", 1, 2, "no")), "header", ""),
    (httpx.InvalidURL("Invalid port: 'x'"), "/v1", ""),
    (httpx.UnsupportedProtocol("Request URL is missing an 'http://'"), "Put http:// or https:// in front", ""),
    (
        caused(ClientError("Connection error."), httpx.UnsupportedProtocol("unsupported protocol 'localhost://'")),
        "'localhost://'",
        "",
    ),
    (NonHttpUrlClientError("127.0.0.1:9/v1"), "Put http:// or https:// in front", ""),
    *(
        (response(400, {"error": {"message": words}}), "Lower it, or leave it out", "max_tokens")
        for words in (
            "max_tokens is too large: 99999. This model supports at most 16384 completion tokens, whereas you ...",
            "max_tokens: 99999 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5",
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            "too many tokens: max tokens must be less than or equal to 4096",
            "The maximum tokens you requested exceeds the model limit of 4096. Try again with a lower value.",
            "it has a maxOutputTokens value of 99999 but the supported range is from 1 to 8193",
        )
    ),
    (
        response(400, {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model."}}),
        "does not take max_tokens",
        "max_tokens",
    ),
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
    *(
        (response(400, {"error": {"message": words}}), "temperature", "temperature")
        for words in (
            "`temperature` may only be set to 1 when thinking is enabled.",
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            "temperature must be between 0 and 1",
            "Parameter 'temperature' must be 1.0, got 0.3",
            "this model is incompatible with the parameter temperature",
        )
    ),
    (response(400, {"error": {"message": "Value out of reach", "param": "temperature"}}), "temperature", "temperature"),
    (response(422, {"detail": [{"loc": ["body", "top_p"], "msg": "Input should be less than 1"}]}), "top_p", "top_p"),
    (response(400, {"error": {"message": "Model grok-4 does not support parameter stop."}}), "stop", "stop"),
    (response(407, "Proxy Authentication Required"), "HTTPS_PROXY", ""),
    (
        caused(ClientError("Connection error."), httpx.ProxyError("407 Proxy Authentication Required")),
        "HTTPS_PROXY",
        "",
    ),
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
        response(403, {"error": {"message": "Your input was flagged for violence. No credits were charged."}}),
        response(400, {"error": {"code": "context_length_exceeded", "message": "maximum context length is 8192"}}),
        response(413, {"error": {"message": "Request too large for model in organization on tokens per minute"}}),
        response(400, {"error": {"message": "Input is too long for requested model."}}),
        response(400, {"error": {"message": "max_tokens must be at least 1, got -20."}}),
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
        TypeError("null value for 'choices'. Full response keys: ['id', 'choices', 'moderation', 'service_tier']"),
        httpx.DecodingError("incorrect header check"),
        Exception("[###] Unknown Error >502 Bad Gateway"),
    ],
)
def test_what_may_be_better_the_next_time(error: Exception) -> None:
    assert isinstance(read_exception(error), Busy)


@pytest.mark.parametrize(
    "words",
    [
        "'max_tokens' is too large: 9999. This model's maximum context length is 8192 tokens and your request ..",
        "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or ...",
        "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens",
    ],
)
def test_a_prompt_and_max_tokens_that_are_too_long_together_fail_this_request_and_name_both(words: str) -> None:
    fault = read_exception(response(400, {"error": {"message": words}}))
    assert isinstance(fault, Rejected)
    assert fault.is_too_long
    assert fault.message.startswith("prompt and max_tokens together are too long")


def test_the_providers_own_hints_go_first_for_a_missing_and_for_a_refused_key() -> None:
    hints = {"key": "Set THE_KEY.", "refused": "THE_KEY was refused."}
    for error, hint in ((response(401), "THE_KEY was refused."), (NoCredentialsError("none"), "Set THE_KEY.")):
        fault = read_exception(error, hints)
        assert isinstance(fault, Unusable)
        assert fault.hint == hint


def test_a_connection_error_names_the_address_without_login_and_query() -> None:
    request = httpx.Request("POST", "http://me:hidden@127.0.0.1:9/v1/chat?key=hidden")
    cause = httpx.ConnectError("All connection attempts failed", request=request)
    fault = read_exception(caused(ClientError("Connection error."), cause))
    assert isinstance(fault, Busy)
    assert fault.message == (
        "no answer from http://127.0.0.1:9/v1/chat: ClientError: Connection error. "
        "(ConnectError: All connection attempts failed)"
    )


def test_a_web_page_of_a_firewall_is_not_called_a_refused_key() -> None:
    page = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
    fault = read_exception(response(403, page))
    assert isinstance(fault, Unusable)
    assert "Attention Required! | Cloudflare" in fault.message
    assert "key" not in fault.message + fault.hint


def test_a_web_page_in_the_words_is_shortened_to_its_title() -> None:
    page = "<html><head><title>Sign in to the hotel</title></head><body>" + "x" * 1000
    fault = read_exception(ValueError(f"expected a dict, got: '{page}'"))
    assert fault == Busy(
        "the server's answer could not be read (ValueError: expected a dict, got: 'a web page: Sign in to the hotel)"
    )


def test_the_words_of_a_connection_error_name_no_object_of_python() -> None:
    error = OSError("Cannot connect to host 127.0.0.1:9 ssl:<ssl.SSLContext object at 0x7f1> [Connect call failed]")
    assert error_words(error) == "Cannot connect to host 127.0.0.1:9 [Connect call failed]"


def test_a_broken_connection_is_told_with_its_cause() -> None:
    error = caused(ClientError("Connection error."), httpx.ConnectError("All connection attempts failed"))
    assert "All connection attempts failed" in read_exception(error).message


def test_too_many_open_files_end_the_run_with_the_limit_to_raise() -> None:
    error = ConnectionError("connection error")
    error.__cause__ = OSError(errno.EMFILE, "Too many open files")
    fault = read_exception(error)
    assert isinstance(fault, Unusable)
    assert "ulimit -n" in fault.hint

"""Exceptions as clients raise them, and odder ones, to test the code that reads them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any


class OddError(Exception):
    """An exception with attributes as a client's has them."""

    def __init__(self, *args: object, **facts: Any) -> None:
        super().__init__(*args)
        for name, value in facts.items():
            setattr(self, name, value)


def _answer(status: Any, headers: Any = None) -> Any:
    return SimpleNamespace(status_code=status, headers=headers, text="")


def _circle() -> Exception:
    one, other = ValueError("one"), RuntimeError("other")
    one.__context__, other.__context__ = other, one
    return one


def odd_errors() -> dict[str, Exception]:
    """Make new exceptions, by the name of their oddity."""
    return {
        "no words": Exception(),
        "blank words": Exception(" \n "),
        "many words": Exception("no " * 100_000),
        "any script": Exception("\u0647\u064a\u0627 \U0001f600 \x00\x1b[2J"),
        "half a surrogate pair": Exception("\ud83d"),
        "words that are none": Exception(None, 7, b"\xff"),
        "time is up": TimeoutError(),
        "no connection": ConnectionRefusedError(111, "refused"),
        "broken pipe": BrokenPipeError(),
        "no such host": OSError(-2, "Name or service not known"),
        "no such file": FileNotFoundError(2, "No such file", "ca.pem"),
        "half an answer": EOFError(),
        "no JSON": json.JSONDecodeError("Expecting value", "<html>", 0),
        "no UTF-8": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        "no such key": KeyError("choices"),
        "no such place": IndexError("list index out of range"),
        "no such attribute": AttributeError("'NoneType' object has no attribute 'get'"),
        "wrong type": TypeError("expected string"),
        "wrong value": ValueError(),
        "not there yet": NotImplementedError(),
        "too deep": RecursionError("maximum recursion depth exceeded"),
        "several at once": ExceptionGroup("many", [ValueError("a"), ExceptionGroup("more", [OSError("b")])]),
        "in a circle": _circle(),
        "end of a stream": StopAsyncIteration(),
        "wrong key": OddError("bad key", status_code=401, response=_answer(401), body={"error": {"message": "bad"}}),
        "no credit": OddError("pay", status_code=402, body={"error": {"code": "insufficient_quota"}}),
        "no such model": OddError("gone", status_code=404, body={"error": {"code": "model_not_found"}}),
        "too long": OddError("too long", status_code=413, body={"error": {"code": "context_length_exceeded"}}),
        "too many": OddError("slow down", status_code=429, response=_answer(429, {"Retry-After": "7"})),
        "wait for ever": OddError("slow down", status_code=429, response=_answer(429, {"retry-after": "inf"})),
        "wait until a date": OddError("slow", response=_answer(429, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})),
        "wait for nobody knows": OddError("slow", response=_answer(503, {"retry-after": "soon"})),
        "wait backwards": OddError("slow", response=_answer(503, {"retry-after": "-5"})),
        "server broken": OddError("oops", status_code=500, response=_answer(500)),
        "response without headers": OddError("oops", response=SimpleNamespace(status_code=500)),
        "response that is none": OddError("oops", response=None, body=None, status_code=None, code=None),
        "status in words": OddError("oops", status_code="500", response=_answer("teapot", [("retry-after", "1")])),
        "status that is none": OddError("oops", status_code=-1, code=99_999),
        "body in words": OddError("oops", status_code=400, body="<html>Bad gateway</html>"),
        "body of lists": OddError("oops", status_code=400, body=[{"error": "x"}]),
        "body of nothing": OddError("oops", status_code=400, body={"error": None, "message": None}),
        "error in words": OddError("oops", status_code=400, body={"error": "bad request"}, code="bad_request"),
    }

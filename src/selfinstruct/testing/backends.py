"""The contract of backends: a chat model without its own retries, a fault for every exception, and no leaked secret."""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import Mapping
from typing import Any, ClassVar, get_args

import pytest

from selfinstruct.api import (
    Backend,
    Busy,
    Check,
    Completion,
    Diagnosis,
    Exhausted,
    Finish,
    Limits,
    ModelError,
    Prices,
    Rejected,
    Sampling,
    Unusable,
    Usage,
    Window,
)
from selfinstruct.plugins.checks import is_secret
from selfinstruct.testing.contract import SECRET, ComponentContract, is_json
from selfinstruct.testing.errors import odd_errors

EVERYTHING = Sampling(0.3, 0.9, 77, 0.1, 0.2, ("\n\n",))
"""A sampling that leaves nothing open."""


class BackendContract(ComponentContract):
    """A backend hands out a LangChain chat model and reads what comes of it; it needs no server to be asked the rest.

    absent     options that point to a server that is not there; by default a `base_url` where nobody listens
    answers    whether the model answers with `options` as they are, offline
    """

    hook = "selfinstruct_backends"
    base = Backend
    absent: ClassVar[Mapping[str, Any]] = {}
    answers: ClassVar[bool] = False

    @classmethod
    def without_server(cls) -> Any:
        """The backend with a server that is not there."""
        fields = cls.component().options.model_fields
        nowhere = {"base_url": f"http://127.0.0.1:{_closed_port()}"} if "base_url" in fields else {}
        given = {name: getattr(cls.given(), name) for name in cls.given().model_fields_set}
        options = cls.component().options.model_validate({**given, **nowhere, **cls.absent})
        return cls.component().build(options)

    @staticmethod
    def model_of(backend: Backend, sampling: Sampling = EVERYTHING) -> Any:
        """Its model, or `None` where a sentence says why there is none to be had."""
        try:
            return backend.chat_model(sampling)
        except ModelError:
            return None

    # --- the model ----------------------------------------------------------------------------------------------------

    def test_it_gives_a_chat_model_or_says_why_not(self) -> None:
        """For any sampling; `ModelError` where no model can be had."""
        from langchain_core.language_models import BaseChatModel

        for sampling in (Sampling(), EVERYTHING, Sampling(temperature=0.0, max_tokens=1)):
            for backend in (self.build(), self.without_server()):
                model = self.model_of(backend, sampling)
                assert model is None or isinstance(model, BaseChatModel), f"{type(model).__name__} is no chat model"
                asyncio.run(backend.close())

    def test_its_client_does_not_retry(self) -> None:
        """Retries belong to the core, which knows the limits. Checked if the model has `max_retries`."""
        for backend in (self.build(), self.without_server()):
            model = self.model_of(backend)
            retries = getattr(model, "max_retries", 0)
            assert retries == 0, f"max_retries is {retries!r}: set it to 0"
            asyncio.run(backend.close())

    def test_it_answers(self) -> None:
        """If it is said to answer offline: a message that can be read."""
        if not self.answers:
            return

        async def ask() -> Completion:
            backend = self.build()
            try:
                config: Any = {"metadata": {"selfinstruct_stage": "generate", "selfinstruct_request": 0}}
                message = await backend.chat_model(Sampling()).ainvoke(
                    [
                        ("human", "1. Name a river.\n2."),
                    ],
                    config,
                )
                completion: Completion = backend.read_reply(message)
            finally:
                await backend.close()
            return completion

        check_completion(asyncio.run(ask()))

    # --- what it says of itself ---------------------------------------------------------------------------------------

    def test_it_tells_limits_and_prices(self) -> None:
        """Before and after there is a model: `Limits`, and `Prices` or `None`; what is not known is not 0."""
        for backend in (self.build(), self.without_server()):
            check_limits(backend.limits())
            self.model_of(backend)
            check_limits(backend.limits())
            prices = backend.prices()
            assert prices is None or isinstance(prices, Prices), f"prices() gave {type(prices).__name__}"
            if prices is not None:
                assert min(prices.prompt, prices.completion) >= 0, f"{prices} is less than nothing"
            asyncio.run(backend.close())

    def test_it_bounds_a_call(self) -> None:
        """`timeout` is in seconds; `local` and `repeatable` are true or false."""
        backend = self.build()
        assert isinstance(backend.timeout, int | float)
        assert 0 < backend.timeout < math.inf
        assert type(backend.local) is bool
        assert type(backend.repeatable) is bool

    def test_it_describes_itself(self) -> None:
        """Facts to record with the run."""
        backend = self.build()
        self.model_of(backend)
        facts = dict(backend.describe())
        assert is_json(facts), f"a description that is no JSON: {facts!r}"
        asyncio.run(backend.close())

    def test_it_tells_no_secret(self) -> None:
        """A key is in no `repr`, no description and no diagnosis, and `secrets` names it, for the core to mask."""
        fields = self.component().options.model_fields
        secret = [name for name, option in fields.items() if is_secret(option.annotation) and name not in self.options]
        for backend in (self.build(), self.without_server()):
            self.model_of(backend)
            shown = [repr(self.given()), str(self.given()), repr(backend), str(backend)]
            shown += [json.dumps(dict(backend.describe())), repr(self.diagnosis(backend))]
            assert not [words for words in shown if SECRET in words], f"it reveals the option {secret[0]}"
            assert all(isinstance(one, str) for one in backend.secrets())
            if secret:
                assert SECRET in backend.secrets(), f"secrets() does not name the option {secret[0]}"
            asyncio.run(backend.close())

    def test_it_checks_itself_where_there_is_no_server(self) -> None:
        """`check` says what is wrong, and how to fix it; it does not raise."""
        self.diagnosis(self.without_server())

    @staticmethod
    def diagnosis(backend: Backend) -> Diagnosis:
        """What it finds out about itself."""
        found = backend.check()
        assert isinstance(found, Diagnosis), f"check() gave {type(found).__name__}"
        for check in found.checks:
            assert isinstance(check, Check)
            assert type(check.ok) is bool
            assert check.name.strip(), "a check without a name"
            assert check.ok or check.fix.strip(), f"the check '{check.name}' failed and does not say how to fix it"
        return found

    def test_it_can_be_closed_at_any_time(self) -> None:
        """Before there is a model, after, and twice."""

        async def close() -> None:
            early = self.build()
            await early.close()
            backend = self.build()
            await asyncio.to_thread(self.model_of, backend)
            await backend.close()
            await backend.close()

        asyncio.run(close())

    # --- what it reads ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", list(odd_errors()))
    def test_it_reads_every_error(self, kind: str) -> None:
        """Clients raise odd things; each is a fault, and reading one never raises."""
        fault = self.build().read_error(odd_errors()[kind])
        assert isinstance(fault, Busy | Rejected | Unusable | Exhausted), f"{type(fault).__name__} is no fault"
        assert isinstance(fault.message, str)
        assert fault.message.strip(), "a fault without words"
        if isinstance(fault, Busy) and fault.retry_after is not None:
            assert 0 <= fault.retry_after < math.inf, f"wait {fault.retry_after} seconds?"

    def test_it_reads_messages_of_any_shape(self) -> None:
        """Text, blocks, nothing: a `Completion`, or an exception where the message is not whole."""
        from langchain_core.messages import AIMessage

        backend = self.build()
        block = {"type": "text", "text": "1. Name a river."}
        for content in ("1. Name a river.", "", [block], [{"type": "thinking", "thinking": "Hm."}, block], []):
            for facts in ({}, {"finish_reason": "length"}, {"finish_reason": None, "model_name": None, "done": True}):
                message = AIMessage(content, response_metadata=facts)  # type: ignore[arg-type]
                try:
                    completion = backend.read_reply(message)
                except Exception:  # noqa: S112 - not whole: the core asks `read_error` what that means
                    continue
                check_completion(completion)


def check_completion(completion: object) -> None:
    """It can be journalled."""
    assert isinstance(completion, Completion), f"{type(completion).__name__} in place of a Completion"
    assert isinstance(completion.text, str)
    assert isinstance(completion.model, str)
    assert isinstance(completion.usage, Usage)
    assert completion.finish in get_args(Finish), f"there is no finish {completion.finish!r}"
    assert is_json(dict(completion.details)), "details that are no JSON"


def check_limits(limits: object) -> None:
    """Windows with sensible numbers, and how many requests are served at once, if that is known."""
    assert isinstance(limits, Limits), f"limits() gave {type(limits).__name__}"
    assert limits.concurrency is None or limits.concurrency >= 1
    for window in limits.windows:
        assert isinstance(window, Window)
        assert window.what in ("requests", "tokens")
        assert window.seconds > 0
        assert window.limit >= 0


def _closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port

"""A chat model that answers from a script: a real LangChain model without a network, which records its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from selfinstruct.api import Message

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ScriptedAnswer: TypeAlias = "str | BaseException"
"""What the model does when it is asked: answer with a text, or raise."""

Answers: TypeAlias = "Sequence[ScriptedAnswer] | Callable[[str], ScriptedAnswer]"
"""A list, from which each question takes the next entry, or a function from the prompt to what is said."""

ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class ScriptEnded(LookupError):
    """The model was asked more often than its script has answers."""


class Script:
    """What a scripted model says, and what it was asked.

        script = Script(["1. Name a river.", TimeoutError("too slow"), "1. Name a lake."])
        SelfInstruct(model=script.chat_model(), out=tmp_path).generate(2)
        assert script.calls == 3

    A list is read in the order in which the model is asked, which is the order of requests only where
    `run.lookahead` is 1; a function of the prompt does not depend on it.
    """

    def __init__(self, answers: Answers, finish: str = "stop") -> None:
        self._answers = answers
        self._finish = finish
        self.asked: list[tuple[Message, ...]] = []
        """The messages of every call, in order, failed calls too."""

    @property
    def calls(self) -> int:
        """How often the model was asked."""
        return len(self.asked)

    def chat_model(self) -> BaseChatModel:
        """A model that speaks this script; several of them share it."""
        model: BaseChatModel = _model_class()(script=self)
        return model

    def answer(self, messages: Sequence[Message]) -> str:
        """The next answer; raises what the script says, or `ScriptEnded` when there is nothing left."""
        self.asked.append(tuple(messages))
        said = self._next("\n\n".join(message.text for message in messages))
        if isinstance(said, BaseException):
            raise said
        return said

    def _next(self, prompt: str) -> ScriptedAnswer:
        if callable(self._answers):
            return self._answers(prompt)
        if self.calls > len(self._answers):
            raise ScriptEnded(f"the script has {len(self._answers)} answers, and this is question {self.calls}")
        return self._answers[self.calls - 1]

    @property
    def finish(self) -> str:
        """How every reply is said to have ended."""
        return self._finish


@cache
def _model_class() -> Any:
    """The model's class; made when it is first needed, since LangChain takes half a second to import."""
    from langchain_core.callbacks import CallbackManagerForLLMRun
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class ScriptedModel(BaseChatModel):
        """Answers from a script."""

        script: Any

        @property
        def _llm_type(self) -> str:
            return "selfinstruct-scripted"

        def _generate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
            run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
            **kwargs: Any,  # noqa: ARG002
        ) -> ChatResult:
            asked = [Message(ROLES.get(one.type, "user"), str(one.text)) for one in messages]  # type: ignore[arg-type]
            facts = {"finish_reason": self.script.finish, "model_name": "scripted"}
            said = AIMessage(self.script.answer(asked), response_metadata=facts)
            return ChatResult(generations=[ChatGeneration(message=said)])

    return ScriptedModel

"""A completion model, which continues one text, behind the call by which the engine asks chat models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from selfinstruct.api import chat
from selfinstruct.errors import ModelError
from selfinstruct.types import Sampling

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.messages import AIMessage


class CompletionModel:
    """Sends the one message of a prompt as a text to continue, and gives the continuation as a message.

    The stop sequences of the sampling go with each call, unless the model has stop sequences of its own.
    """

    def __init__(self, model: BaseLLM, sampling: Sampling) -> None:
        self._model = model
        self._stop = None if getattr(model, "stop", None) else list(sampling.stop) or None

    async def ainvoke(self, messages: Sequence[tuple[str, str]], config: Mapping[str, Any], **more: Any) -> AIMessage:
        """Continue the text; raises `ModelError` if the prompt is a conversation, and what the client raises."""
        if [role for role, _ in messages] != ["human"]:
            raise refused_conversation(config["metadata"]["selfinstruct_stage"])
        prompt = messages[0][1]
        result = await self._model.agenerate(
            [prompt], stop=self._stop, metadata=config["metadata"], run_name=config["run_name"], **more
        )
        generation = result.generations[0][0]
        text = generation.text.removeprefix(prompt)  # some servers repeat it (`echo`)
        return _message(text, {**(result.llm_output or {}), **(generation.generation_info or {})})


def refused_conversation(stage: str) -> ModelError:
    """The error for a stage that would ask a completion model with a conversation."""
    return ModelError(
        f"the model of {stage} is a completion model, and this recipe's prompts are conversations for chat models",
        "Use --recipe paper, whose prompts are texts to continue, or choose a chat model.",
    )


def with_messages(model: BaseChatModel | BaseLLM, sampling: Sampling) -> BaseChatModel | CompletionModel:
    """A chat model as it is, and a completion model in a `CompletionModel`."""
    if chat.continues_text(model):
        return CompletionModel(cast("BaseLLM", model), sampling)
    return cast("BaseChatModel", model)


def _message(text: str, facts: dict[str, Any]) -> AIMessage:
    """A continuation as a message, with what the client knows of its end, its model and its tokens."""
    from langchain_core.messages import AIMessage

    used = facts.pop("token_usage", None) or {}
    prompt = used.get("prompt_tokens", facts.get("prompt_eval_count"))
    reply = used.get("completion_tokens", facts.get("eval_count"))
    usage: Any = None
    if prompt is not None and reply is not None:
        usage = {"input_tokens": prompt, "output_tokens": reply, "total_tokens": prompt + reply}
    return AIMessage(text, response_metadata=facts, usage_metadata=usage)

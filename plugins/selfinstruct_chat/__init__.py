"""Prompt and parser made for chat models: the default recipe's way to ask for tasks and to read them."""

from __future__ import annotations

from selfinstruct.api import GENERATE, Component, NoOptions, PostProcessor, PromptEncoder, hookimpl
from selfinstruct_chat.encoder import ChatTasksEncoder, ChatTasksOptions
from selfinstruct_chat.post_processor import ChatTasks

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[PromptEncoder]]:
    """Offer the prompt that asks a chat model for new tasks."""
    summary = "Ask a chat model for a numbered list of new tasks, and for nothing else"
    return [Component("chat-tasks", summary, ChatTasksOptions, ChatTasksEncoder, stages=(GENERATE,))]


@hookimpl
def selfinstruct_post_processors() -> list[Component[PostProcessor]]:
    """Offer the reader of whatever list a chat model answers with."""
    summary = "Read tasks from a chat reply: numbers, headings, bullets, JSON or plain lines"
    return [Component("chat-tasks", summary, NoOptions, lambda _: ChatTasks(), stages=(GENERATE,))]

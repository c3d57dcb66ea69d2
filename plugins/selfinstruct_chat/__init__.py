"""Prompts and parsers for chat models, used by the default recipe in every stage."""

from __future__ import annotations

from selfinstruct.api import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    JUDGE,
    PREPARE,
    Component,
    NoOptions,
    PostProcessor,
    PromptEncoder,
    hookimpl,
)
from selfinstruct_chat.prompts.classify import ChatClassifyEncoder, ChatClassifyOptions
from selfinstruct_chat.prompts.instances import ChatInstancesEncoder, ChatInstancesOptions, ChatInstancesReader
from selfinstruct_chat.prompts.judge import ChatJudgeEncoder, ChatJudgeOptions
from selfinstruct_chat.prompts.tasks import ChatTasksEncoder, ChatTasksOptions
from selfinstruct_chat.readers.classification import ChatLabelsReader
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_chat.readers.ratings import ChatRatingsReader
from selfinstruct_chat.readers.tasks import ChatTasksReader

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[PromptEncoder]]:
    """Offer the prompts for new tasks, for labels, for examples, and for ratings."""
    tasks = "Ask a chat model for a numbered list of new tasks only"
    labels = "Ask a chat model which tasks are classification tasks, one per line"
    examples = "Ask a chat model for worked examples of one task: input first, or label first"
    review = "Ask a chat model three questions on each of many examples: task, input, output"
    return [
        Component("chat-tasks", tasks, ChatTasksOptions, ChatTasksEncoder, stages=(GENERATE,)),
        Component("chat-classify", labels, ChatClassifyOptions, ChatClassifyEncoder, stages=(CLASSIFY,)),
        Component("chat-instances", examples, ChatInstancesOptions, ChatInstancesEncoder, stages=(INSTANCES,)),
        Component("chat-judge", review, ChatJudgeOptions, ChatJudgeEncoder, stages=(JUDGE,)),
    ]


@hookimpl
def selfinstruct_post_processors() -> list[Component[PostProcessor]]:
    """Offer the parsers of replies from chat models."""
    tasks = "Read tasks from a chat reply: numbers, headings, bullets, JSON or plain lines"
    labels = "Read yes or no for each numbered task, in any order and many forms"
    raw = "Keep the examples of a task as the model wrote them, without its thinking"
    examples = "Read training examples from raw text: delimiters, labels, JSON, or one output"
    ratings = "Read three answers for each numbered example: lines, tables, JSON"
    return [
        Component("chat-tasks", tasks, NoOptions, lambda _: ChatTasksReader(), stages=(GENERATE,)),
        Component("chat-classify", labels, NoOptions, lambda _: ChatLabelsReader(), stages=(CLASSIFY,)),
        Component("chat-instances", raw, NoOptions, lambda _: ChatInstancesReader(), stages=(INSTANCES,)),
        Component("chat-examples", examples, NoOptions, lambda _: ChatExamplesReader(), stages=(PREPARE,)),
        Component("chat-judge", ratings, NoOptions, lambda _: ChatRatingsReader(), stages=(JUDGE,)),
    ]

"""What the pages take for granted: a Groq account, an OpenAI-compatible server and Ollama, here in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import reply_to
from tests.command_line import environment
from tests.forking import CAN_FORK, write_command
from tests.servers import groq_server, ollama_server

KEY = "gsk_test_key"
ROLES = {"user": "human", "assistant": "ai"}


@contextmanager
def world(home: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader who has a key, a server, and our commands; `home` is for what others keep there.

    The stand-in for Groq is the OpenAI-compatible server too: Groq's API is one. All replies are in the demo's words.
    """
    with (
        groq_server.GroqServer(lambda asked, _n: groq_server.GroqAnswer(*_said(asked))) as groq,
        ollama_server.OllamaServer(lambda asked, _n: ollama_server.OllamaAnswer(*_said(asked))) as ollama,
    ):
        home.mkdir()
        if CAN_FORK:
            write_command(home)
        yield environment(
            PATH=os.pathsep.join([str(home), str(Path(sys.executable).parent), os.environ["PATH"]]),
            GROQ_API_KEY=KEY,
            GROQ_BASE_URL=groq.url,
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=f"{groq.url}/openai/v1",
            OLLAMA_HOST=ollama.url,
            HF_HOME=str(home),
            HF_HUB_OFFLINE="1",
            PYTEST_ADDOPTS="-p no:cacheprovider -p no:asyncio",
            PYTHONDONTWRITEBYTECODE="1",
        )


def _said(asked: dict[str, Any]) -> tuple[str, str]:
    """What the demo's grammar replies, and how the reply ends."""
    messages = asked.get("messages") or [{"role": "user", "content": asked["prompt"]}]
    turns = [(ROLES.get(message["role"], message["role"]), message["content"]) for message in messages]
    said = reply_to(turns, DemoOptions())
    return said.text, "length" if said.cut else "stop"

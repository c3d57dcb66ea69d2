"""Runs the product's own command line against the server, one command for each stage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGES = ("generate", "classify", "instances", "prepare", "judge")
PRODUCT = (sys.executable, "-m", "selfinstruct")
STOPPED = 5
"""The exit code of a command that was stopped and can go on, as one is that reached its bound."""

TIMEOUT = 1800
"""Seconds for one reply: a busy computer writes two or three tokens a second, and a reply may have 1,280."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of the product: the run folder, the server's address, how much, and with a schema or not.

    `structured` is what `run.structured` is set to; `None` leaves it alone. `settings` are further `PATH=VALUE`s.
    """

    out: Path
    address: str
    model: str
    target: int
    concurrency: int
    max_candidates: int | None = None
    structured: str | None = None
    settings: Sequence[str] = ()


def arguments(plan: Plan, stage: str) -> list[str]:
    """The command line of one stage: the default recipe, the seeds that come with the package, and this server."""
    given = [stage, "--out", str(plan.out), "--concurrency", str(plan.concurrency)]
    given += ["--backend", "langchain", "--model", f"openai:{plan.model}"]
    given += ["--base-url", f"{plan.address}/v1", "--timeout", str(TIMEOUT)]
    if stage == "generate":
        given += ["--target", str(plan.target)]
        if plan.max_candidates is not None:
            given += ["--set", f"generate.max_candidates={plan.max_candidates}"]
    if plan.structured is not None:
        given += ["--set", f"run.structured={plan.structured}"]
    return given + [part for setting in plan.settings for part in ("--set", setting)]


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the product's commands: a key that no server asks for, no proxy, no tracing."""
    ours = {"OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1", "LANGSMITH_TRACING": "false"}
    return {name: value for name, value in given.items() if not name.startswith("OPENAI_")} | ours


def knows_structured(folder: Path) -> bool:
    """Whether this product has the setting `run.structured`; nothing is asked of a model."""
    said = subprocess.run(
        [*PRODUCT, "doctor", "--json", "--backend", "demo", "--set", "run.structured=true", "--out", folder / "none"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    checks: list[dict[str, Any]] = json.loads(said.stdout)["checks"]
    return not any("run.structured: unknown option" in one["detail"] for one in checks)


def run(arguments: Sequence[str], folder: Path) -> int:
    """Run one command to its end and return its exit code.

    It gets a session of its own: the first Ctrl-C is passed on, and the command ends in good order; a second kills it.
    """
    env = environment(os.environ)
    process = subprocess.Popen([*PRODUCT, *arguments], cwd=folder, env=env, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def status(out: Path) -> dict[str, Any]:
    """What `selfinstruct status --json` says of a run."""
    command = [*PRODUCT, "status", "--json", "--out", str(out)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found

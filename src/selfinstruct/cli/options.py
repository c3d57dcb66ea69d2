"""The options that several commands share, and what they wish for together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from selfinstruct.run.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OUT = "runs/default"


def out_option(command: F) -> F:
    """`--out`."""
    option = click.option(
        "--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="The run folder."
    )
    return option(command)


def config_options(command: F) -> F:
    """What decides a run's config."""
    options = [
        click.option("--backend", help="Who answers: demo, groq, ollama, langchain, replay, or a plugin's."),
        click.option("--recipe", help="chat (the default), paper, or a TOML file."),
        click.option("--seeds", help="Seed tasks, a JSONL file; builtin: those that come with the package."),
        click.option(
            "--config", "file", type=click.Path(path_type=Path), help="Default: ./selfinstruct.toml if there."
        ),
        click.option("--seed", type=int, help="Where all randomness starts."),
        click.option("--concurrency", type=click.IntRange(1), help="Requests sent at once; changes only speed."),
        click.option(
            "--plugin",
            "plugins",
            multiple=True,
            help="A Python file or module with hooks of your own. Its code runs: name only what you trust.",
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="NAME",
            help="A filter of generate after the recipe's, such as one of your own plugin.",
        ),
        click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="Any setting of the config."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


BUDGET = {
    "max_requests": (click.IntRange(1), "calls to the model"),
    "max_tokens": (click.IntRange(1), "tokens, prompt and reply"),
    "max_usd": (click.FloatRange(0, min_open=True), "US dollars; needs prices, from the backend or in [budget]"),
    "max_hours": (click.FloatRange(0, min_open=True), "hours"),
}
"""What bounds a run, and how it is told."""


def paid_options(command: F) -> F:
    """`config_options`, what a run may cost, and what happens when a quota is used up."""
    for option in (
        click.option("--wait", is_flag=True, help="Wait for a used-up quota, or for batches, even until tomorrow."),
        click.option(
            "--batch-file",
            "batch_folder",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Write the requests of batches into files, and read the results that lie beside them.",
        ),
        click.option(
            "--batch", is_flag=True, help="Send requests in batches if possible: half the price, hours later."
        ),
    ):
        command = option(command)
    for name, (kind, words) in reversed(BUDGET.items()):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=f"Stop, resumably, after so many {words}.")(command)
    return config_options(command)


def settings_from(out: Path, given: dict[str, Any]) -> Settings:
    """The settings from the values of `config_options` and a backend's own."""
    from selfinstruct.config import parse_assignment
    from selfinstruct.run.settings import Settings

    overrides: dict[str, Any] = {}
    if given.get("backend"):
        overrides["backend"] = {"use": given["backend"]}
    for name, value in given.get("backend_options", {}).items():
        overrides.setdefault("backend", {})[name] = value
    if given.get("batch"):
        overrides["run"] = {"batch": True}
    for name in ("seeds", "seed", "concurrency"):
        if given.get(name) is not None:
            overrides.setdefault("run", {})[name] = given[name]
    for name in BUDGET:
        if given.get(name) is not None:
            overrides.setdefault("budget", {})[name] = given[name]
    if given.get("filters"):
        overrides["generate"] = {"add_filters": [{"use": name} for name in given["filters"]]}
    for table, option, value in (
        ("prepare", "min_score", given.get("min_score")),
        ("prepare", "unrated", given.get("unrated")),
        ("judge", "enabled", given.get("rate")),
        ("judge", "backend", given.get("judge")),
    ):
        if value is not None:
            overrides.setdefault(table, {})[option] = value
    return Settings(
        out,
        recipe=given["recipe"],
        file=given["file"],
        overrides=overrides,
        assigned=[parse_assignment(text) for text in given["assigned"]],
        plugins=given["plugins"],
        wait=bool(given.get("wait")),
        batch_folder=given.get("batch_folder"),
    )

"""`selfinstruct init`: write a folder to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from selfinstruct.cli.help import TitledCommand, examples

ENV_EXAMPLE = """\
# Copy this file to .env and fill in the lines you need. Put keys here or in the environment, never in
# selfinstruct.toml.
# A free key: https://console.groq.com/keys
GROQ_API_KEY=
# The address of the Ollama server, if it is not this machine's port 11434:
# OLLAMA_HOST=http://127.0.0.1:11434
"""

CONFIG = """\
# Settings for `selfinstruct` in this folder. Options on the command line override them.
# What is not set here comes from the recipe; `selfinstruct init --full` writes a file with all of it.
recipe = "{recipe}"

[backend]
use = "{backend}"  # demo needs no setup; others: groq, ollama, langchain, replay

[run]
seeds = "data/seed_tasks.jsonl"  # put your own tasks there

[generate]
target = 100  # instructions in all

# To change a filter of the recipe ("off" in place of the options leaves it out):
# [generate.filters]
# rouge-l = {{ threshold = 0.6 }}

# To add one (`selfinstruct plugins list` has them all, `selfinstruct plugins show NAME` its options):
# [[generate.add_filters]]
# use = "unsafe"
"""


@click.command(
    "init",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct init mine && cd mine",
        "selfinstruct init mine --backend ollama --recipe paper --full",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--recipe", default="chat", show_default=True, help="The recipe to start from.")
@click.option("--backend", default="demo", show_default=True, help="The backend to start with.")
@click.option("--full", is_flag=True, help="Write every setting of the recipe into selfinstruct.toml.")
def command(*, folder: Path, recipe: str, backend: str, full: bool) -> None:
    """Write selfinstruct.toml, data/seed_tasks.jsonl and .env.example into FOLDER. Existing files are not changed."""
    from selfinstruct.config import FILE, recipe_text
    from selfinstruct.config.seeds import builtin_seeds
    from selfinstruct.errors import RunError
    from selfinstruct.plugins.registry import BACKEND, Registry

    Registry.load().find(BACKEND, backend)
    config, whole = CONFIG.format(recipe=recipe, backend=backend), recipe_text(recipe)
    if full:
        head = config.partition("[run]")[0]
        config = head + whole.replace("[run]\n", '[run]\nseeds = "data/seed_tasks.jsonl"\n', 1)
    files = {
        folder / FILE: config,
        folder / "data" / "seed_tasks.jsonl": builtin_seeds().read_text("utf-8"),
        folder / ".env.example": ENV_EXAMPLE,
    }
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            try:
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(content)
            except FileExistsError:
                click.echo(f"{path} exists and was not changed")
            else:
                click.echo(f"{path} written")
    except OSError as error:
        raise RunError(f"{error.filename} cannot be written: {error.strerror}", "Choose another folder.") from None
    move = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    click.echo(
        f"Next: write your own tasks into {folder / 'data' / 'seed_tasks.jsonl'}, since a run keeps its first seeds."
    )
    click.echo(f"Then: {move}selfinstruct run")

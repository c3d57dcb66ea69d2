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

HEAD = """\
# Settings for `selfinstruct` in this folder. Flags on the command line override them.
# To see the components and their options: selfinstruct plugins list, selfinstruct plugins show filter:rouge-l

[backend]
use = "{backend}"          # demo needs no setup; others: groq, ollama, langchain, replay (selfinstruct plugins list)

"""


@click.command(
    "init",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct init mine && cd mine",
        "selfinstruct init mine --backend ollama --recipe paper",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--recipe", default="chat", show_default=True, help="The recipe to start from.")
@click.option("--backend", default="demo", show_default=True, help="The backend to start with.")
def command(folder: Path, recipe: str, backend: str) -> None:
    """Write selfinstruct.toml, data/seed_tasks.jsonl and .env.example into FOLDER. Existing files are not changed."""
    from selfinstruct.config import FILE, recipe_text
    from selfinstruct.config.seeds import builtin_seeds
    from selfinstruct.errors import RunError
    from selfinstruct.plugins.registry import BACKEND, Registry

    Registry.load().find(BACKEND, backend)
    text = recipe_text(recipe).replace("[run]\n", '[run]\nseeds = "data/seed_tasks.jsonl"\n', 1)
    files = {
        folder / FILE: f'recipe = "{recipe}"\n{HEAD.format(backend=backend)}{text}',
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
    click.echo(f"Next: {move}selfinstruct generate --target 50")

"""`selfinstruct fingerprint`: hash the n-grams of evaluation sets into a file that can be shared."""

from __future__ import annotations

from pathlib import Path

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.errors import pluralize


@click.command(
    "fingerprint",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct fingerprint gsm8k.jsonl --field question -o evaluation/gsm8k.fp",
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME",
    help="A JSONL key whose text is used. Can be repeated. Default: every text of a row.",
)
@click.option("--n", type=click.IntRange(4, 100), default=8, show_default=True, help="Number of words in an n-gram.")
@click.option("--name", help="The set's name in runs. Default: the name of OUT.")
def command(files: tuple[Path, ...], out: Path, fields: tuple[str, ...], *, n: int, name: str | None) -> None:
    """Hash the n-grams of evaluation sets for the filter `decontamination`.

    FILES are JSONL, or text with one item per line.

    Hashing does not protect text that can be guessed: anyone who has a text can check whether it is in the file.
    """
    from selfinstruct.errors import DataError
    from selfinstruct.files.atomic import atomic_write
    from selfinstruct.files.outputs import refuse_output
    from selfinstruct.text.fingerprints import SHORTEST, Fingerprints, read_texts

    refuse_output(out, files, "Choose another -o.")
    texts = (text for file in files for text in read_texts(file, fields))
    made = Fingerprints.from_texts((name or out.stem)[:100], texts, n)
    if not made.count:
        raise DataError(f"there is no text of {SHORTEST} words or more in {', '.join(map(str, files))}")
    with atomic_write(out) as file:
        file.write(made.to_bytes())
    click.echo(f"{out}: {pluralize(made.texts, 'text')}, {pluralize(made.count, 'n-gram')} of {n} words")
    if made.left_out:
        click.echo(f"left out: {pluralize(made.left_out, 'text')} of fewer than {SHORTEST} words")

"""What the pages say works: their files are written, their commands run, their promises compared."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.command_line import environment
from tests.docs.reader_environment import world
from tests.docs.snippets import PageBlock, commands, do, missing, steps
from tests.sweeps import quick

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "docs/index.md",
    "docs/tutorial.md",
    "docs/python.md",
    "docs/writing-a-plugin.md",
    "docs/how-to/base-models.md",
    "docs/how-to/cost.md",
    "docs/how-to/groq-overnight.md",
    "docs/how-to/lookahead.md",
    "docs/how-to/multilingual.md",
    "docs/how-to/licences.md",
    "docs/how-to/moving.md",
    "docs/how-to/openai-compatible.md",
    "docs/how-to/prompts.md",
    "docs/how-to/shell.md",
    "docs/how-to/task-facts.md",
    "docs/how-to/troubleshooting.md",
)
"""Pages that are run; to add one, give its blocks the marks that `snippets.py` explains."""

NOT_RUN = {"docs/how-to/batches.md", "docs/how-to/real-model.md"}
"""Batches take hours, and tests/batches runs the commands; the other page downloads a model and takes a quarter of an
hour, and tests/test_real_model.py holds it against the script."""


LONG = {
    "docs/tutorial.md",
    "docs/python.md",
    "docs/writing-a-plugin.md",
    "docs/how-to/groq-overnight.md",
    "docs/how-to/lookahead.md",
    "docs/how-to/moving.md",
    "docs/how-to/openai-compatible.md",
}
"""Pages that start many commands: only the longer sweeps run them."""


@pytest.mark.parametrize("page", quick(PAGES, set(PAGES) - LONG))
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    todo = list(steps((ROOT / page).read_text("utf-8")))
    assert todo, f"{page} holds no block that does anything"
    folder = tmp_path / "work"
    folder.mkdir()
    with world(tmp_path / "home") as env:
        for step in todo:
            do(step, folder, env)


def test_every_how_to_and_every_page_with_a_story_is_run() -> None:
    expected = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "how-to").glob("*.md")}
    expected |= {
        str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if "```console" in path.read_text("utf-8")
    }
    assert expected <= set(PAGES) | NOT_RUN, expected - set(PAGES) - NOT_RUN


# --- the runner itself

PAGE = """\
```python title="sub/a.py"
print("one\\ntwo 17 three")
```
Words, and ```python``` inside a line.
```toml
for = "reading"
```
```console
$ python sub/a.py
one
two ... three
$ python -c "import sys; sys.exit(3)"  # exit 3
```
```python
raise AssertionError("for reading")
```
<!-- run -->
```python
open("b.txt", "w").write("b")
```
"""


def test_blocks_are_found_and_done(tmp_path: Path) -> None:
    todo = list(steps(PAGE))
    assert [(step.line, step.kind, step.file) for step in todo] == [
        (1, "file", "sub/a.py"), (8, "console", ""), (18, "python", "")
    ]  # fmt: skip
    where = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for step in todo:
        do(step, tmp_path, environment(PATH=where))
    assert (tmp_path / "b.txt").read_text() == "b"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("$ exit 4\n", "ended with 4"),
        ("$ true  # exit 1\n", "ended with 0"),
        ("$ echo two; echo one\none\ntwo\n", "does not print 'two'"),
        ("$ echo onetwo\none ... two\n", "does not print"),
    ],
)
def test_a_page_that_says_something_else_fails(body: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=words):
        do(PageBlock(1, "console", body), tmp_path, environment())


def test_code_that_fails_and_files_elsewhere_are_reported(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"(?s)line 7: .*ZeroDivisionError"):
        do(PageBlock(7, "python", "1 / 0"), tmp_path, environment())
    with pytest.raises(AssertionError, match="not below the folder"):
        do(PageBlock(1, "file", "x", "../x.py"), tmp_path, environment())


def test_what_stands_before_the_first_command_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="begins with a command"):
        commands("one\n$ echo one\n")
    assert missing((), "anything") == ""

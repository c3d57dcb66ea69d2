"""Reads the fenced blocks of a page, and does what they say: writes files, runs commands, compares what they print.

The snippets of a page run in one folder, from top to bottom:

    ```python title="no_haiku.py"     the block is written to that file, below the folder
    ```console                        lines that begin with `$ ` are run by a shell, and must end with exit code 0,
                                      or with N where `# exit N` stands behind; lines below one must stand in what it
                                      prints, in that order; `...` stands for anything
    <!-- run -->                      stands above a block of ```python, which is run by itself

All other blocks are for reading.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.forking import start

_BLOCK = re.compile(
    r"^(?P<run><!-- run -->\n)?```(?P<info>[^\n`]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL
)
_EXIT = re.compile(r"\s+# exit (\d+)\s*$")


@dataclass(frozen=True)
class PageBlock:
    """One block of a page that does something; `line` is where it begins."""

    line: int
    kind: str
    body: str
    file: str = ""


@dataclass(frozen=True)
class ConsoleCommand:
    """A command of a console block, how it is to end, and what it is to print."""

    command: str
    code: int
    lines: tuple[str, ...]


def steps(page: str) -> Iterator[PageBlock]:
    """The blocks that do something, from top to bottom."""
    for block in _BLOCK.finditer(page):
        line = page.count("\n", 0, block.start("info")) + 1
        language, *marks = shlex.split(block["info"]) or [""]
        titles = [mark.partition("=")[2] for mark in marks if mark.startswith("title=")]
        if titles:
            yield PageBlock(line, "file", block["body"], titles[0])
        elif language == "console":
            yield PageBlock(line, "console", block["body"])
        elif language == "python" and block["run"]:
            yield PageBlock(line, "python", block["body"])


def commands(body: str) -> list[ConsoleCommand]:
    """The commands of a console block."""
    found: list[ConsoleCommand] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            ending = _EXIT.search(line)
            found.append(ConsoleCommand(_EXIT.sub("", line[2:]), int(ending[1]) if ending else 0, ()))
        elif line.strip():
            assert found, f"a console block begins with a command: {line!r}"
            last = found[-1]
            found[-1] = ConsoleCommand(last.command, last.code, (*last.lines, line.strip()))
    return found


def do(step: PageBlock, folder: Path, env: Mapping[str, str]) -> None:
    """Do what a block says; fails with its line."""
    where = f"line {step.line}"
    if step.file:
        path = (folder / step.file).resolve()
        assert path.is_relative_to(folder.resolve()), f"{where}: {step.file} is not below the folder"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.body, "utf-8")
    elif step.kind == "python":
        started = start("-c", step.body, cwd=folder, env=env)
        assert started.wait() == 0, f"{where}: {started.out()}{started.err()}"
    else:
        for said in commands(step.body):
            code, printed = _run(["sh", "-c", said.command], folder, env)
            assert code == said.code, f"{where}: `{said.command}` ended with {code}:\n{printed}"
            lacking = missing(said.lines, printed)
            assert not lacking, f"{where}: `{said.command}` does not print {lacking!r}, but:\n{printed}"


def missing(lines: tuple[str, ...], printed: str) -> str:
    """The first of the lines that is not printed behind those before it; empty if all are."""
    place = 0
    for line in lines:
        pattern = ".*?".join(re.escape(part) for part in line.split("..."))
        found = re.compile(pattern).search(printed, place)
        if found is None:
            return line
        place = found.end()
    return ""


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return ended.returncode, ended.stdout

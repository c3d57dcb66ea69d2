"""The command line. Each command has a file of its own, which is imported only when the command is used."""

from __future__ import annotations

import errno
import importlib
import keyword
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from selfinstruct import __version__
from selfinstruct.errors import SelfInstructError

COMMANDS = {
    "init": "Write an editable config, seeds and .env.example into a folder.",
    "preview": "Show the first prompt and reply, what is kept, and the cost.",
    "run": "Run all stages in order, from seeds to training examples.",
    "generate": "Grow new instructions from seed tasks.",
    "classify": "Ask a model which instructions are classification tasks.",
    "instances": "Ask a model for worked examples of every instruction.",
    "prepare": "Turn raw instances into training examples.",
    "judge": "Have a model rate the training examples.",
    "import": "Continue from the files of the original Self-Instruct scripts.",
    "status": "Show the progress of a run, even while it is running.",
    "report": "Write one page about a run: funnel, novelty, cost, a sample.",
    "review": "Accept, reject and edit candidates by hand, on a local page.",
    "why": "Explain why a candidate was accepted or rejected.",
    "trace": "Show where an instruction came from and what was made from it.",
    "reprocess": "Reprocess a run's replies with other filters, at no cost.",
    "export": "Write a run's files again, or a dataset for training.",
    "dedup": "Keep the first of near-duplicates in any JSONL file.",
    "fingerprint": "Hash evaluation sets, so that runs can avoid their texts.",
    "doctor": "Check everything a run needs, and say how to fix problems.",
    "plugins": "List, show and check plugins, or create a new one.",
}
"""Each command and its line in the list of commands, so that the list imports no command."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands, in the order in which a user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command, or `None` if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        module = importlib.import_module(f"selfinstruct.cli.{name}")
        command: click.Command = module.command
        return command

    def make_context(self, *given: Any, **extra: Any) -> click.Context:
        """Parse the line. The reader of the help text may have closed its pipe."""
        with _reader():
            return super().make_context(*given, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. The reader of its output may have closed its pipe."""
        with _reader():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from `COMMANDS`."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class _OutputClosed(Exception):
    """The program that reads our output has closed its pipe, as `head` does."""


@contextmanager
def _reader() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _OutputClosed from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="selfinstruct")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Grow a few hand-written tasks into an instruction-tuning dataset, with any LangChain chat model.

    \b
    Try it offline:     selfinstruct run --backend demo --target 100 --out runs/demo
    With a Groq key:    selfinstruct run --backend groq --target 30 --out runs/first
    With local Ollama:  selfinstruct run --backend ollama --model llama3.1 --target 30 --out runs/local
    """
    context.obj = {"debug": debug}
    if os.environ.get("NO_COLOR"):  # rich obeys it by itself, click does not
        context.color = False


def main() -> None:
    """Run the command line. A failure prints one sentence and ends with the exit code of its class in `errors`."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a pipe of cp1252 or ASCII cannot hold every letter
            stream.reconfigure(errors="backslashreplace")
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        args = ["--debug", *arguments] if debug else arguments
        code = cli.main(args=args, prog_name="selfinstruct", standalone_mode=False)  # that of `Exit`, else nothing
    except click.UsageError as error:
        from selfinstruct.cli.usage_errors import explain

        command = next((argument for argument in arguments if argument in COMMANDS), "")
        _print_error(error.message if error.message.startswith("Usage:") else f"error: {explain(error, command)}")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _print_error("stopped: interrupted")
        sys.exit(5)
    except SelfInstructError as error:
        _trace(debug)
        lead = "stopped" if error.exit_code == 5 else "error"
        _print_error(f"{lead}: {error}")
        sys.exit(error.exit_code)
    except MemoryError:
        _trace(debug)
        _end_without_memory()
    except _OutputClosed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter's last flush would fail again
        sys.exit(0)
    except BaseException as error:  # also a `SystemExit`, which nothing of ours raises in there
        from selfinstruct.api.environment import environment_problem
        from selfinstruct.files.atomic import DISK_FULL

        _trace(debug)
        if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
            _end_without_memory()
        if isinstance(error, OSError) and error.errno in DISK_FULL:  # of no file of ours, which name themselves
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            cause, remedy = DISK_FULL[error.errno]
            _print_error(f"stopped: the output cannot be written: {cause}\n{remedy}, then run it again.")
            sys.exit(5)
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:  # of any path that the user named
            name = str(error.filename)
            _print_error(
                f"error: the name of a file or folder is too long: {name[:40]}...{name[-40:]}\nChoose another."
            )
            sys.exit(2)
        if problem := environment_problem(error):
            sys.unraisablehook = lambda _: None  # what could be made only in part, as an event loop, is not taken apart
            _print_error(f"error: {problem}")
            sys.exit(problem.exit_code)
        _print_error(
            f"error: this is a bug of selfinstruct: {type(error).__name__}: {error}\n"
            "Run the command again with --debug and report what it prints."
        )
        sys.exit(1)
    sys.exit(code or 0)


def _open_closed_streams() -> None:
    """Give a process that was started without standard streams empty ones, or its files would take their places."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115 - for as long as we run


def _end_without_memory() -> NoReturn:
    _print_error(
        "stopped: there is not enough memory\n"
        "Nothing that was recorded is lost. End other programs, then run the same command again."
    )
    sys.exit(5)


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()


def _print_error(text: str) -> None:
    """Print an error. It may quote a model, a server or a plugin, so control characters and keys are replaced."""
    from selfinstruct.api.secret_finder import mask_environment
    from selfinstruct.cli.progress import say

    for line in mask_environment(text).split("\n"):
        say(line)

"""`selfinstruct doctor`: check everything a run needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand, known_so_far
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import config_options, out_option

FAIL = click.style("FAIL", fg="red", bold=True)
MARKS = {
    (True, False): click.style("ok  ", fg="green"),
    (True, True): click.style("note", fg="yellow"),
    (False, True): FAIL,
    (False, False): FAIL,
}
"""How a check is marked, by whether it passed, and whether it says what to do."""


class Doctor(BackendCommand):
    """The doctor command. A backend whose options cannot be read is one of its findings."""

    tolerant = True


@click.command(
    "doctor",
    cls=Doctor,
    epilog=examples(
        "selfinstruct doctor --backend groq",
        "selfinstruct doctor --backend ollama --model llama3.1 --json",
    ),
)
@out_option
@config_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(out: Path, as_json: bool, **given: Any) -> None:
    """Check installation, config, plugins, run folder, key, server, model and limits, and say how to fix each.

    No model is asked and nothing is written. The exit code is 0 if every check passes, otherwise the code of the most
    serious problem.
    """
    import json

    from selfinstruct.cli.options import settings_from
    from selfinstruct.cli.text import printable
    from selfinstruct.run import doctor

    findings, area = [], ""
    known = known_so_far()
    for finding in doctor.examine(settings_from(out, given), known.registry, known.sources):
        findings.append(finding)
        if as_json:
            continue
        if finding.area != area:
            area = finding.area
            click.echo(area)
        mark = MARKS[finding.check.ok, bool(finding.check.fix)]
        click.echo(f"  {mark}  {finding.check.name}: {printable(finding.check.detail)}")
        for line in finding.check.fix.splitlines():
            click.echo(f"        {printable(line)}")
    if as_json:
        click.echo(json.dumps(doctor.as_json(findings)))
    raise click.exceptions.Exit(max(finding.exit_code for finding in findings))

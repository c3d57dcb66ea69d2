"""Renders a report as one HTML file that needs no other file and loads none."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from string import Template

from selfinstruct.files.atomic import atomic_write
from selfinstruct.files.outputs import refuse_output
from selfinstruct.insight.report import data_sections, sections
from selfinstruct.insight.report.collect import collect
from selfinstruct.insight.report.figures import plotly_script
from selfinstruct.insight.report.markup import escaped
from selfinstruct.insight.report.report_values import Report
from selfinstruct.store import RunStore

CONTENTS = {
    "funnel": "Funnel",
    "verbs": "Verbs",
    "novelty": "Novelty",
    "lengths": "Lengths",
    "growth": "Growth",
    "variety": "Variety",
    "kinds": "Kinds and quality",
    "cost": "Cost",
    "pairs": "Nearest pairs",
    "sample": "Sample",
    "setup": "Config",
}
"""The titles of the sections in order, as in the table of contents."""


def write_report(store: RunStore, path: Path) -> int:
    """Write the report of a run, replacing an older file, and return its size in bytes.

    Raises `UsageError` if Plotly is not installed, `RunError` if the file cannot be written or is a run's.
    """
    refuse_output(path, hint="Choose another -o.")
    plotly = plotly_script()
    page = render(collect(store), plotly).encode()
    with atomic_write(path) as file:
        file.write(page)
    return len(page)


def render(report: Report, plotly: str) -> str:
    """Render the page. `plotly` is the JavaScript of Plotly."""
    parts = {
        "funnel": sections.funnel(report),
        "verbs": data_sections.diversity(report),
        "novelty": data_sections.novelty(report),
        "lengths": data_sections.sizes(report),
        "growth": data_sections.pool_growth(report),
        "variety": data_sections.variety(report),
        "kinds": sections.labels(report),
        "cost": sections.costs(report),
        "pairs": data_sections.pairs(report),
        "sample": data_sections.sample(report),
        "setup": sections.setup(report),
    }
    name = escaped(report.origin.run)
    kind = '<p class="kind">Self-Instruct run</p>'
    script = _asset("report.js")
    return Template(_asset("page.html")).substitute(
        policy=_policy(plotly, script),
        title=f"{name} – selfinstruct report",
        style=_asset("style.css"),
        head="\n".join([kind, f"<h1>{name}</h1>", sections.origin(report), sections.headline(report)]),
        contents="".join(f'<a href="#{key}">{title}</a>' for key, title in CONTENTS.items() if parts[key]),
        main="\n".join(parts[key] for key in CONTENTS if parts[key]),
        foot="Made by selfinstruct. This file is complete and loads nothing.",
        plotly=plotly,
        script=script,
    )


def _policy(*scripts: str) -> str:
    """The content security policy of the page.

    It allows these scripts only, by their digests, and no network request.
    """
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    return (files("selfinstruct.insight.report") / "assets" / name).read_text("utf-8")

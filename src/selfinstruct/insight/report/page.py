"""Renders a report as one HTML file that needs no other file and loads none."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfinstruct.errors import UsageError
from selfinstruct.files.atomic import atomic_write
from selfinstruct.files.outputs import refuse_output
from selfinstruct.files.toml import to_toml
from selfinstruct.insight.cost import dollars
from selfinstruct.insight.diversity_loss import warning
from selfinstruct.insight.report.charts import ticks, wedges
from selfinstruct.insight.report.collect import collect
from selfinstruct.insight.report.measure import draw
from selfinstruct.insight.report.report_values import Report
from selfinstruct.store import RunStore
from selfinstruct.text.encoding import clean

if TYPE_CHECKING:
    from jinja2 import Environment

SAMPLE_BYTES = 760_000
"""Size limit of the sample. If texts are very long, fewer are shown."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that no page may hold."""


def write_report(store: RunStore, path: Path) -> int:
    """Write the report of a run, replacing an older file, and return its size in bytes.

    Raises `UsageError` if Jinja2 is not installed, `RunError` if the file cannot be written or is a run's.
    """
    refuse_output(path, hint="Choose another -o.")
    page = render(collect(store)).encode()
    with atomic_write(path) as file:
        file.write(page)
    return len(page)


def render(report: Report) -> str:
    """Render the page. Raises `UsageError` if Jinja2 is not installed."""
    templates = _templates()
    item = templates.get_template("macros.html").module.item  # type: ignore[attr-defined]
    sample = [item(drawn) for drawn in report.sample]
    while len(sample) > 1 and sum(len(row.encode()) for row in sample) > SAMPLE_BYTES:
        sample = draw(sample, len(sample) * 4 // 5)
    script = _asset("report.js")
    return templates.get_template("page.html").render(
        report=report,
        sample=sample,
        policy=_policy(script),
        script=script,
        style=_asset("style.css"),
    )


def _templates() -> Environment:
    """The templates of the page. They escape every text, and know our filters."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError:
        raise UsageError("the report needs Jinja2", "Run: pip install 'selfinstruct[report]'") from None
    templates = Environment(
        loader=PackageLoader("selfinstruct.insight.report"),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "cut": _cut,
        "dollars": dollars,
        "narrowing": warning,
        "number": "{:,.0f}".format,
        "percent": _percent,
        "score": lambda score: "–" if score is None else f"{score:.2f}",
        "ticks": ticks,
        "toml": to_toml,
        "wedges": wedges,
    }
    return templates


def _visible(value: Any) -> Any:
    """A text without characters that no page may hold; anything else as it is."""
    return _CONTROLS.sub("\ufffd", clean(value)) if type(value) is str else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"


def _percent(part: float, whole: float) -> str:
    """A share, or a dash of nothing."""
    if not whole:
        return "–"
    return f"{part / whole:.1%}" if part / whole < 0.995 or part != whole else "100%"


def _policy(script: str) -> str:
    """The content security policy of the page. It allows this script only, by its digest, and no network request."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    return (files("selfinstruct.insight.report") / "templates" / name).read_text("utf-8")

"""Asks the public advisories about every pinned dependency; ends with 1 if one of them is known to be vulnerable.

Where the advisories cannot be reached, it says so and ends with 0: a build without a network is not a vulnerable one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).parents[1] / "constraints.txt"


def verdict(report: str) -> tuple[int, list[str]]:
    """The exit code and the lines to print for a report of pip-audit, which is empty if it came to nothing."""
    try:
        found: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return 0, ["audit: the advisories could not be reached, so no dependency was looked at"]
    lines = [
        f"audit: {one['name']} {one['version']} has {hole['id']}, fixed in {', '.join(hole['fix_versions']) or 'none'}"
        for one in found
        for hole in one.get("vulns", ())
    ]
    unknown = sum("skip_reason" in one for one in found)
    if unknown:
        lines.append(f"audit: {unknown} of {len(found)} dependencies are unknown to the advisories that were asked")
    return int(any(one.get("vulns") for one in found)), lines


def main() -> int:
    """Audit the pins and print the findings."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps", "--disable-pip"]
    report = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False).stdout
    code, lines = verdict(report)
    for line in lines:
        print(line)
    return code


if __name__ == "__main__":
    sys.exit(main())

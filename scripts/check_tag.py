"""Ends with 1 unless the tag given, such as v0.1.0, is that of the version in pyproject.toml."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def main() -> int:
    """Compare the tag with the version."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    version = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
    if sys.argv[1:] == [f"v{version}"]:
        return 0
    print(f"the tag is {' '.join(sys.argv[1:])}, but the version in pyproject.toml is {version}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

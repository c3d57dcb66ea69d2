"""A fresh environment that has what this one has, and in it whatever a test installs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.command_line import Ended, environment


@dataclass(frozen=True)
class Fresh:
    """An environment of its own; made without pip, which takes longer than all the rest."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Fresh:
        """Make it. Its `site` reads the packages of this one as its own, editable installs too."""
        venv.create(folder, with_pip=False, symlinks=True)
        (site,) = (folder / "lib").glob("python*/site-packages")
        (site / "beneath.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n", "utf-8")
        return cls(folder)

    def install(self, *packages: Path) -> None:
        """Install packages from their folders, as their users would from an index; none is asked."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self._python), "install"]
        ended = subprocess.run(
            [*pip, "-q", "--no-index", "--no-deps", "--no-build-isolation", *map(str, packages)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr

    def run(self, module: str, *args: str | Path, cwd: Path) -> Ended:
        """Run a module there: `selfinstruct`, `pytest`."""
        ended = subprocess.run(
            [self._python, "-m", module, *map(str, args)],
            cwd=cwd,
            env={
                **environment(),
                "VIRTUAL_ENV": str(self.folder),
                "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:asyncio -p no:langsmith_plugin",
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @property
    def _python(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / "python"

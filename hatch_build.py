"""Compiles the optional part of the similarity package where there is a compiler; without one the build goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/selfinstruct/similarity")
SOURCE, LIBRARY = FOLDER / "_lcs.c", FOLDER / "_lcs.so"
FLAGS = ["-O3", "-std=gnu11", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden"]


class CompiledPart(BuildHookInterface[Any]):
    """One shared object beside the Python files, loaded with ctypes: the wheel is bound to a platform, not a Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's signature
        """Compile, and tell hatch what came of it. `SELFINSTRUCT_PURE=1` leaves the compiled part out."""
        if self.target_name != "wheel":
            return
        library = Path(self.root) / LIBRARY
        if os.environ.get("SELFINSTRUCT_PURE") == "1":
            library.unlink(missing_ok=True)
        elif compiled(Path(self.root) / SOURCE, library):
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_tag()}"
            build_data["artifacts"].append(f"/{LIBRARY.as_posix()}")
        else:
            self.app.display_warning("no C compiler that works: novelty is as exact without, and slower")


def compiled(source: Path, library: Path) -> bool:
    """Compile into a temporary file, then rename: a process that uses the old library keeps it."""
    library.unlink(missing_ok=True)
    compiler = os.environ.get("CC") or next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None or os.name != "posix":
        return False
    fresh = library.with_suffix(f".{os.getpid()}.tmp")
    try:
        subprocess.run([*compiler.split(), *FLAGS, "-o", fresh, source], check=True, capture_output=True)  # noqa: S603
        os.replace(fresh, library)
    except (OSError, subprocess.SubprocessError):
        fresh.unlink(missing_ok=True)
        return False
    return True


def platform_tag() -> str:
    """This platform as wheels name it."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")

"""Compiles the optional C kernel of the similarity package; without a compiler, the build continues without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/selfinstruct/similarity")
SOURCES, LIBRARY = FOLDER / "csrc", FOLDER / "_lcs.so"
FLAGS = ["-O3", "-std=gnu11", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden"]


class CompiledKernel(BuildHookInterface[Any]):
    """Builds one shared object beside the Python files. ctypes loads it, so a wheel fits a platform and any Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's signature
        """Compile the kernel and add it to the wheel. `SELFINSTRUCT_PURE=1` leaves it out."""
        if self.target_name != "wheel":
            return
        library = Path(self.root) / LIBRARY
        if os.environ.get("SELFINSTRUCT_PURE") == "1":
            library.unlink(missing_ok=True)
        elif compile_kernel(Path(self.root) / SOURCES, library):
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_tag()}"
            build_data["artifacts"].append(f"/{LIBRARY.as_posix()}")
        else:
            self.app.display_warning("no working C compiler: novelty has the same results without it, and is slower")


def compile_kernel(sources: Path, library: Path) -> bool:
    """Whether the C files of a folder were compiled into a library.

    The compiler writes a temporary file, which is then renamed: a process that has loaded the old library keeps it.
    """
    library.unlink(missing_ok=True)
    compiler = os.environ.get("CC") or next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None or os.name != "posix":
        return False
    fresh = library.with_suffix(f".{os.getpid()}.tmp")
    try:
        command = [*compiler.split(), *FLAGS, "-o", fresh, *sorted(sources.glob("*.c"))]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        os.replace(fresh, library)
    except (OSError, subprocess.SubprocessError):
        fresh.unlink(missing_ok=True)
        return False
    return True


def platform_tag() -> str:
    """The name of this platform in the file names of wheels."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")

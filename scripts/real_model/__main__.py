"""A real run of all stages with a real, tiny model on this computer: `make real`, or `python -m scripts.real_model`.

Ends with 0 if every stage ended and, with a schema, every reply could be read; with 1 if not; with 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from types import FrameType

from scripts.real_model import findings, page, product, server
from scripts.real_model.product import STAGES
from scripts.real_model.serve import NAME


def options() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="real_model", description="A real run with a real, tiny model.")
    add = parser.add_argument
    add("--out", type=Path, help="the run folder; one that is there is continued (default: runs/real-DATE-TIME)")
    add("--target", type=int, default=12, help="instructions to accept (default: 12)")
    add("--gguf", type=Path, help="another model's file (default: that of SmolLM2-135M-Instruct)")
    add("--set", action="append", default=[], metavar="PATH=VALUE", help="a value of the config, for each stage")
    add("--max-candidates", type=int, help="end generate after so many candidates, whatever was accepted")
    add("--stages", nargs="+", default=STAGES, choices=STAGES, metavar="STAGE", help="only these stages")
    add("--concurrency", type=int, default=4, help="requests at once, in the product and in the server (default: 4)")
    add("--threads", type=int, default=1, help="the server's threads; more are slower on a busy computer (default: 1)")
    add(
        "--structured",
        choices=("auto", "true", "false"),
        default="true",
        help="what run.structured is set to, where the product has this setting (default: true)",
    )
    return parser


def main(given: argparse.Namespace) -> int:
    """Run the stages, print what came out, and return the exit code."""
    out = (given.out or Path("runs") / f"real-{datetime.now():%Y%m%d-%H%M%S}").resolve()
    out.mkdir(parents=True, exist_ok=True)
    structured = given.structured if product.knows_structured(out) else None
    if structured is None:
        print("this product has no setting run.structured yet: replies are asked for without a schema")
    print("loading the model ...", flush=True)
    with server.serving(server.command(given.threads, given.concurrency, given.gguf), out / "server.log") as address:
        print(f"the model {NAME} answers at {address}/v1; its log is {out / 'server.log'}", flush=True)
        plan = product.Plan(
            out, address, NAME, given.target, given.concurrency, given.max_candidates, structured, given.set
        )
        ended = run_stages(plan, given.stages)
    found = findings.read(out)
    print("\n".join(["", *page.lines(found, product.status(out))]))
    wrong = findings.faults(found, ended, structured == "true")
    print("\n".join(["", *(f"FAULT: {sentence}" for sentence in wrong), f"the run is in {out}"]))
    return int(bool(wrong))


def run_stages(plan: product.Plan, stages: list[str]) -> dict[str, int]:
    """The exit code of each stage, in order; after one that failed, no other starts.

    A stage `generate` that was stopped by the bound it was given has ended: its code counts as 0.
    """
    ended: dict[str, int] = {}
    for stage in stages:
        began = time.monotonic()
        print(f"-- {stage}", flush=True)
        code = product.run(product.arguments(plan, stage), plan.out)
        print(f"-- {stage}: exit code {code} after {time.monotonic() - began:.0f} s", flush=True)
        bounded = stage == "generate" and plan.max_candidates is not None and code == product.STOPPED
        ended[stage] = 0 if bounded else code
        if ended[stage]:
            break
    return ended


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C or SIGTERM: the stage ends in good order, at the second one at once; then the server is stopped."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        sys.exit(main(options().parse_args()))
    except server.ServerError as error:
        sys.exit(f"real_model: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

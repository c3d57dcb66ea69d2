"""What `--batch-file` costs with many requests: CPU time and peak memory of writing them and of reading results back.

    python benchmarks/batch_files.py FOLDER [--requests 200000]

Made-up instructions (corpus.py) are imported into FOLDER/run, one request each for the stage `instances`. An answer of
60 words to each stands in the results in any order, in three files, one shard twice, beside a foreign result and half a
line. Each step is a command of its own. Needs the extra langchain; no model is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import Corpus

MODEL = ("--backend", "langchain", "--set", "backend.model=openai:meta-llama/Llama-3.1-8B-Instruct")


def run(title: str, *words: str | Path, expected: int = 0) -> None:
    """Run a command of selfinstruct, and print its CPU time and its largest memory."""
    line = [sys.executable, "-m", "selfinstruct", *map(str, words)]
    process = subprocess.Popen(line, env=os.environ | {"OPENAI_API_KEY": "none"}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == expected, f"{title}: exit code {process.returncode}"
    print(f"{title:<16} {used.ru_utime + used.ru_stime:8.1f} s CPU {used.ru_maxrss / 1024:8.0f} MiB", flush=True)


def write_instructions(folder: Path, count: int) -> list[Path]:
    """Write files as the original scripts do, for `import`."""
    instructions, labels = folder / "machine_generated_instructions.jsonl", folder / "is_clf_or_not.jsonl"
    with instructions.open("w") as asked, labels.open("w") as labelled:
        for number, text in enumerate(Corpus(1, duplicates=False).take(count)):
            row = {"instruction": f"{text} ({number})", "most_similar": {}, "avg_similarity_score": 0.0}
            asked.write(json.dumps({**row, "metadata": {}, "request_idx": number}) + "\n")
            labelled.write(json.dumps({"instruction": row["instruction"], "is_classification": "No"}) + "\n")
    return [instructions, labels]


def result_of(line: str) -> str:
    """The result of one line of a file of requests, as `vllm run-batch` writes it."""
    asked = json.loads(line)
    message = {"role": "assistant", "content": "Output: " + " ".join(f"word{number}" for number in range(60))}
    body = {
        "id": "r",
        "object": "chat.completion",
        "created": 1,
        "model": asked["body"]["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 80, "total_tokens": 280},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return json.dumps({"id": "r", "custom_id": asked["custom_id"], "response": response, "error": None})


def write_results(batches: Path) -> None:
    """Answer all files of requests, as the docstring of this file says."""
    rng, out = random.Random(1), [(batches / f"results-{number}.jsonl").open("w") for number in range(3)]
    files = sorted(batches.glob("*.requests.jsonl"))
    for file in [*files, files[0]]:
        lines = [result_of(line) for line in file.open()]
        rng.shuffle(lines)
        for number, line in enumerate(lines):
            out[number % 3].write(line + "\n")
    foreign = json.loads(lines[0]) | {"custom_id": "instances-0-000000000000"}
    out[0].write(json.dumps(foreign) + "\n" + lines[0][:100])
    for file_out in out:
        file_out.close()


def main() -> None:
    """Print one line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=200_000)
    given = parser.parse_args()
    run_folder, batches = given.folder / "run", given.folder / "batches"
    if not run_folder.exists():
        given.folder.mkdir(parents=True, exist_ok=True)
        files = write_instructions(given.folder, given.requests)
        run("import", "import", *files, "--seeds", "builtin", "--out", run_folder, *MODEL)
    stage = ("instances", "--batch-file", batches, "--out", run_folder)
    run("write requests", *stage, expected=5)
    write_results(batches)
    run("read results", *stage)


if __name__ == "__main__":
    main()

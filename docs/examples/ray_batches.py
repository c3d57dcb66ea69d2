"""Answers the batch files of a folder on a Ray cluster, by any server that speaks OpenAI's chat completions.

    python ray_batches.py batches http://server:8000/v1/chat/completions [workers]

Each worker sends one request after another. Needs: pip install 'ray[data]' aiohttp pydantic. The key, if the server wants
one, is read from OPENAI_API_KEY.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import ray
from ray.data.llm import HttpRequestProcessorConfig, build_processor


def request_of(row: dict[str, Any]) -> dict[str, Any]:
    """The body of a line of a batch file, as the processor posts it."""
    line = json.loads(row["text"])
    return {"custom_id": line["custom_id"], "payload": line["body"]}


def result_of(row: dict[str, Any]) -> dict[str, str]:
    """The server's answer as a line of a file with results. An error is an answer too, with its message in place of a reply."""
    body = row["http_response"]
    result: dict[str, Any] = {"custom_id": row["custom_id"], "response": None, "error": {"message": json.dumps(body)}}
    if body.get("choices"):  # Ray gives all rows the same fields
        result |= {"response": {"status_code": 200, "body": body}, "error": None}
    return {"line": json.dumps(result)}


def read_answered(results: Path) -> set[str]:
    """The requests that have a result; the last line may be half a line, if the program was killed."""
    found = set()
    for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else ():
        try:
            found.add(json.loads(line)["custom_id"])
        except ValueError:
            continue
    return found


def main(folder: str, url: str, workers: str = "4") -> None:
    key = os.environ.get("OPENAI_API_KEY", "")
    config = HttpRequestProcessorConfig(
        url=url,
        headers={"Authorization": f"Bearer {key}"} if key else None,
        concurrency=int(workers),
        batch_size=16,
        max_retries=4,
    )
    processor = build_processor(config, preprocess=request_of, postprocess=result_of)
    results = Path(folder) / "ray.results.jsonl"
    answered = read_answered(results)
    files = [str(path) for path in Path(folder).glob("*.requests.jsonl")]
    lines = ray.data.read_text(files, override_num_blocks=4 * int(workers))
    waiting = lines.filter(lambda row: json.loads(row["text"])["custom_id"] not in answered)
    with results.open("a", buffering=1, encoding="utf-8") as out:
        out.write("\n")  # ends a half line
        for row in processor(waiting).iter_rows():
            out.write(row["line"] + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Answers the batch files of a folder on a Ray cluster, by any server that speaks OpenAI's chat completions.

    python ray_batches.py batches http://server:8000/v1/chat/completions [requests a second]

Needs: pip install 'ray[data]' aiohttp pydantic. The key, if the server wants one, is read from OPENAI_API_KEY.
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
    """The server's answer as a line of a file with results."""
    response = {"status_code": 200, "body": row["http_response"]}
    return {"line": json.dumps({"custom_id": row["custom_id"], "response": response})}


def main(folder: str, url: str, per_second: str = "") -> None:
    key = os.environ.get("OPENAI_API_KEY", "")
    config = HttpRequestProcessorConfig(
        url=url,
        headers={"Authorization": f"Bearer {key}"} if key else None,
        qps=int(per_second) if per_second else None,
        concurrency=2,
        batch_size=16,
    )
    processor = build_processor(config, preprocess=request_of, postprocess=result_of)
    results = Path(folder) / "ray.results.jsonl"
    answered = {json.loads(line)["custom_id"] for line in results.open(encoding="utf-8")} if results.exists() else set()
    files = [str(path) for path in Path(folder).glob("*.requests.jsonl")]
    lines = ray.data.read_text(files, override_num_blocks=4)
    waiting = lines.filter(lambda row: json.loads(row["text"])["custom_id"] not in answered)
    with results.open("a", encoding="utf-8") as out:
        for row in processor(waiting).iter_rows():
            out.write(row["line"] + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

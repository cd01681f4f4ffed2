"""Bulk runs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, assert_type

from invoke_model import AsyncClient, Client
from invoke_model.bulk import AsyncBulkResults, BulkResults

MODEL = "amazon.titan-embed-text-v2:0"


def lines() -> Iterator[str]:
    yield '{"modelInput": {}}'


def embed(client: Client) -> list[Any]:
    records = ({"recordId": str(number), "modelInput": {"inputText": "text"}} for number in range(3))
    with client.bulk(records, modelId=MODEL, journal=Path("journal.jsonl"), max_concurrency=64) as results:
        assert_type(results, BulkResults)
        outputs = [result.get("modelOutput") for result in results]
    print(results.summary["errors"].get("ValidationException", 0), results.summary["call_seconds"]["p99"])
    client.bulk(lines(), modelId=MODEL)
    client.bulk(Path("records.jsonl"), modelId=MODEL, operation="Chat")  # type: ignore
    client.bulk([7], modelId=MODEL)  # type: ignore
    client.bulk([])  # type: ignore
    for result in client.bulk([b'{"modelInput": {}}'], modelId=MODEL):
        if "error" in result:
            print(result["error"]["errorCode"] + 1)
    return outputs


async def records() -> AsyncIterator[str]:
    yield '{"modelInput": {}}'


async def embed_async(client: AsyncClient) -> None:
    async with client.bulk(records(), modelId=MODEL) as results:
        assert_type(results, AsyncBulkResults)
        async for result in results:
            print(result["recordId"])
    async for result in client.bulk(lines(), modelId=MODEL):
        print(result["modelInput"])

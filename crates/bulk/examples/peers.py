"""Sends the records of a file with boto3 or aioboto3, 64 at once, as programs without a bulk runner do.

`figures.rs` compares this program with `invoke-model bulk`. It has no journal, no retries of its own and no limits.
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor

MODEL = "amazon.titan-embed-text-v2:0"
CONCURRENCY = 64


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def with_boto3(endpoint, source, target):
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "bedrock-runtime", endpoint_url=endpoint, config=Config(max_pool_connections=CONCURRENCY)
    )

    def call(record):
        body = json.dumps(record["modelInput"])
        output = client.invoke_model(modelId=MODEL, body=body)["body"].read()
        return {**record, "modelOutput": json.loads(output)}

    with ThreadPoolExecutor(CONCURRENCY) as pool, open(target, "w", encoding="utf-8") as lines:
        for row in pool.map(call, records(source)):
            lines.write(json.dumps(row) + "\n")


async def with_aioboto3(endpoint, source, target):
    import aioboto3
    from aiobotocore.config import AioConfig

    semaphore = asyncio.Semaphore(CONCURRENCY)
    config = AioConfig(max_pool_connections=CONCURRENCY)
    async with aioboto3.Session().client("bedrock-runtime", endpoint_url=endpoint, config=config) as client:

        async def call(record):
            body = json.dumps(record["modelInput"])
            async with semaphore:
                response = await client.invoke_model(modelId=MODEL, body=body)
                output = await response["body"].read()
            return {**record, "modelOutput": json.loads(output)}

        rows = await asyncio.gather(*map(call, records(source)))
    with open(target, "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name == "boto3":
        with_boto3(*arguments)
    else:
        asyncio.run(with_aioboto3(*arguments))

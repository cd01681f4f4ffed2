"""The asyncio client: calls at the same time, streams, bodies and pages."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import assert_type

from invoke_model import AsyncClient
from invoke_model.aio import AsyncStreamingBody
from invoke_model.exceptions import ClientError
from invoke_model.type_defs import (
    AsyncInvokeSummaryTypeDef,
    ConverseRequestTypeDef,
    ConverseResponseTypeDef,
    ConverseStreamOutputTypeDef,
    InvokeModelWithBidirectionalStreamOutputTypeDef,
)


async def converse(client: AsyncClient, prompts: list[str]) -> list[ConverseResponseTypeDef]:
    requests: list[ConverseRequestTypeDef] = [
        {"modelId": "amazon.nova-micro-v1:0", "messages": [{"role": "user", "content": [{"text": prompt}]}]}
        for prompt in prompts
    ]
    return await asyncio.gather(*[client.converse(**request) for request in requests])


async def texts(client: AsyncClient, prompt: str) -> AsyncIterator[str]:
    response = await client.converse_stream(
        modelId="amazon.nova-micro-v1:0", messages=[{"role": "user", "content": [{"text": prompt}]}]
    )
    async for event in response["stream"]:
        assert_type(event, ConverseStreamOutputTypeDef)
        if "contentBlockDelta" in event:
            yield event["contentBlockDelta"]["delta"].get("text", "")


async def embed(client: AsyncClient, text: str) -> object:
    response = await client.invoke_model(
        modelId="amazon.titan-embed-text-v2:0", body=json.dumps({"inputText": text})
    )
    assert_type(response["body"], AsyncStreamingBody)
    body = await response["body"].read()
    assert_type(body, bytes)
    return json.loads(body)


async def pages(client: AsyncClient) -> list[AsyncInvokeSummaryTypeDef]:
    found: list[AsyncInvokeSummaryTypeDef] = []
    paginator = client.get_paginator("list_async_invokes")
    async for page in paginator.paginate(statusEquals="Completed", PaginationConfig={"MaxItems": 100}):
        found.extend(page["asyncInvokeSummaries"])
    return found


async def speak(client: AsyncClient, sounds: AsyncIterator[bytes]) -> None:
    stream = await client.invoke_model_with_bidirectional_stream(modelId="amazon.nova-2-sonic-v1:0")
    async with stream:
        async for sound in sounds:
            await stream.send({"chunk": {"bytes": sound}})
        await stream.close_input()
        async for event in stream:
            assert_type(event, InvokeModelWithBidirectionalStreamOutputTypeDef)
            if "chunk" in event:
                print(event["chunk"].get("bytes"))
        await stream.send({"chunk": {"text": ""}})  # type: ignore


async def main() -> None:
    async with AsyncClient(region_name="us-east-1", read_timeout=60, max_attempts=5) as client:
        try:
            print(await converse(client, ["one", "two"]))
        except client.exceptions.ThrottlingException as error:
            print(error.request_id, error.attempts, error.retry_class, error.hint)
        except ClientError as error:
            print(error.response["Error"]["Code"])
        client.converse(modelId="m")["output"]  # type: ignore

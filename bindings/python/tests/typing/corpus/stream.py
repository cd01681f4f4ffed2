"""Streams of events: of a conversation, and in the schema of a model."""

import json
from collections.abc import Iterator
from typing import Any, assert_type

from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.type_defs import (
    ContentBlockDeltaTypeDef,
    ConverseStreamMetadataEventTypeDef,
    ConverseStreamOutputTypeDef,
    ResponseStreamTypeDef,
)


def texts(client: BedrockRuntimeClient, prompt: str) -> Iterator[str]:
    response = client.converse_stream(
        modelId="amazon.nova-lite-v1:0",
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        guardrailConfig={
            "guardrailIdentifier": "gr-1",
            "guardrailVersion": "1",
            "streamProcessingMode": "async",
        },
    )
    for event in response["stream"]:
        assert_type(event, ConverseStreamOutputTypeDef)
        if "contentBlockDelta" in event:
            yield text_of(event["contentBlockDelta"]["delta"])
        elif "messageStop" in event:
            assert_type(event["messageStop"].get("additionalModelResponseFields"), dict[str, Any] | None)
        elif "throttlingException" in event:
            raise RuntimeError(event["throttlingException"].get("message", ""))
        elif "metadata" in event:
            report(event["metadata"])
    response["stream"].close()


def text_of(delta: ContentBlockDeltaTypeDef) -> str:
    if "reasoningContent" in delta and "redactedContent" in delta["reasoningContent"]:
        assert_type(delta["reasoningContent"]["redactedContent"], bytes)
    return delta.get("text", "")


def report(metadata: ConverseStreamMetadataEventTypeDef) -> None:
    print(metadata["usage"]["totalTokens"], metadata["metrics"]["latencyMs"])


def parts(client: BedrockRuntimeClient, body: bytes) -> Iterator[object]:
    response = client.invoke_model_with_response_stream(
        modelId="anthropic.claude-3-haiku-20240307-v1:0", body=body, accept="application/json"
    )
    assert_type(response["contentType"], str)
    for event in response["body"]:
        assert_type(event, ResponseStreamTypeDef)
        if "chunk" in event and "bytes" in event["chunk"]:
            yield json.loads(event["chunk"]["bytes"])

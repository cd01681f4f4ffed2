"""Embeddings, asynchronous invocations, token counts and guardrails."""

import json
from datetime import datetime, timezone
from io import BytesIO
from typing import assert_type

from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.literals import AsyncInvokeStatusType, GuardrailContentSourceType
from types_boto3_bedrock_runtime.type_defs import (
    AsyncInvokeSummaryTypeDef,
    BlobTypeDef,
    GuardrailContentBlockTypeDef,
    InvokeModelRequestTypeDef,
)


def embed(client: BedrockRuntimeClient, text: str) -> list[float]:
    response = client.invoke_model(
        modelId="amazon.titan-embed-text-v2:0",
        body=json.dumps({"inputText": text}),
        contentType="application/json",
        trace="ENABLED",
        performanceConfigLatency="optimized",
    )
    assert_type(response["body"].read(), bytes)
    lines = [line for line in response["body"].iter_lines()]
    chunks = b"".join(response["body"].iter_chunks(chunk_size=64))
    embedding = json.loads(lines[0] or chunks)["embedding"]
    return [float(number) for number in embedding]


def bodies() -> list[BlobTypeDef]:
    return ["text", b"bytes", BytesIO(b"file")]


def requests() -> list[InvokeModelRequestTypeDef]:
    return [{"modelId": "amazon.titan-embed-text-v2:0", "body": body} for body in bodies()]


def count(client: BedrockRuntimeClient, text: str) -> int:
    invoke = client.count_tokens(modelId="model", input={"invokeModel": {"body": text}})
    messages = client.count_tokens(
        modelId="model",
        input={"converse": {"messages": [{"role": "user", "content": [{"text": text}]}]}},
    )
    return invoke["inputTokens"] + messages["inputTokens"]


def check(client: BedrockRuntimeClient, text: str, source: GuardrailContentSourceType) -> bool:
    content: GuardrailContentBlockTypeDef = {"text": {"text": text, "qualifiers": ["guard_content"]}}
    response = client.apply_guardrail(
        guardrailIdentifier="gr-1", guardrailVersion="DRAFT", source=source, content=[content]
    )
    for assessment in response["assessments"]:
        for entity in assessment.get("sensitiveInformationPolicy", {"piiEntities": [], "regexes": []})[
            "piiEntities"
        ]:
            print(entity["type"], entity["match"])
    return response["action"] == "GUARDRAIL_INTERVENED"


def video(client: BedrockRuntimeClient, prompt: str) -> AsyncInvokeStatusType:
    started = client.start_async_invoke(
        modelId="amazon.nova-reel-v1:1",
        modelInput={"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": prompt}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://bucket/videos"}},
        tags=[{"key": "team", "value": "search"}],
    )
    state = client.get_async_invoke(invocationArn=started["invocationArn"])
    assert_type(state["submitTime"], datetime)
    return state["status"]


def pages(client: BedrockRuntimeClient) -> list[AsyncInvokeSummaryTypeDef]:
    paginator = client.get_paginator("list_async_invokes")
    found: list[AsyncInvokeSummaryTypeDef] = []
    for page in paginator.paginate(
        submitTimeAfter=datetime(2026, 1, 1, tzinfo=timezone.utc),
        statusEquals="Completed",
        PaginationConfig={"MaxItems": 100, "PageSize": 10},
    ):
        found.extend(page["asyncInvokeSummaries"])
    last = client.list_async_invokes(maxResults=10, sortBy="SubmissionTime", sortOrder="Descending")
    assert_type(last.get("nextToken"), str | None)
    return found

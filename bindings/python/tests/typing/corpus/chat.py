"""A conversation, with an image, options and a guardrail."""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_type

from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.literals import ConversationRoleType, StopReasonType
from types_boto3_bedrock_runtime.type_defs import (
    ContentBlockOutputTypeDef,
    ContentBlockTypeDef,
    ConverseRequestTypeDef,
    ConverseResponseTypeDef,
    InferenceConfigurationTypeDef,
    MessageTypeDef,
    MessageUnionTypeDef,
    SystemContentBlockTypeDef,
    TokenUsageTypeDef,
)

MODEL = "amazon.nova-micro-v1:0"


class Chat:
    """A conversation whose history grows with each turn."""

    def __init__(self, client: BedrockRuntimeClient, system: str) -> None:
        self._client = client
        self._system: list[SystemContentBlockTypeDef] = [{"text": system}]
        self._history: list[MessageUnionTypeDef] = []

    def ask(self, text: str, image: Path | None = None) -> str:
        content: list[ContentBlockTypeDef] = [{"text": text}]
        if image is not None:
            content.append({"image": {"format": "png", "source": {"bytes": image.read_bytes()}}})
        self._history.append({"role": "user", "content": content})
        response = self._client.converse(
            modelId=MODEL,
            messages=self._history,
            system=self._system,
            inferenceConfig={"maxTokens": 512, "temperature": 0.5, "stopSequences": ("END",)},
            guardrailConfig={"guardrailIdentifier": "gr-1", "guardrailVersion": "1", "trace": "enabled"},
            additionalModelRequestFields={"top_k": 20},
            requestMetadata={"team": "search"},
        )
        # A message of a response is a part of the next request.
        message = response["output"].get("message")
        if message is None:
            return ""
        self._history.append(message)
        return text_of(message["content"])


def text_of(content: Sequence[ContentBlockOutputTypeDef]) -> str:
    return "".join(block["text"] for block in content if "text" in block)


def read(response: ConverseResponseTypeDef) -> StopReasonType:
    assert_type(response["usage"], TokenUsageTypeDef)
    assert_type(response["usage"]["inputTokens"], int)
    assert_type(response["ResponseMetadata"]["HTTPHeaders"], dict[str, str])
    assert "message" in response["output"]
    for block in response["output"]["message"]["content"]:
        if "image" in block and "bytes" in block["image"]["source"]:
            assert_type(block["image"]["source"]["bytes"], bytes)
        if "citationsContent" in block:
            for citation in block["citationsContent"].get("citations", []):
                assert_type(citation.get("title"), str | None)
    return response["stopReason"]


def request(role: ConversationRoleType, limits: InferenceConfigurationTypeDef) -> ConverseRequestTypeDef:
    message: MessageTypeDef = {
        "role": role,
        "content": [{"text": "Hello"}, {"cachePoint": {"type": "default"}}],
    }
    return {"modelId": MODEL, "messages": [message], "inferenceConfig": limits}


def call(client: BedrockRuntimeClient) -> StopReasonType:
    return read(client.converse(**request("user", {"maxTokens": 10})))

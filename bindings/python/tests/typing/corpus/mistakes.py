"""Mistakes that a type checker must report. Each comment suppresses one report. A comment that suppresses nothing is a
mistake itself, because the checkers report such comments.
"""

from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.type_defs import (
    ContentBlockTypeDef,
    ConverseResponseTypeDef,
    InferenceConfigurationTypeDef,
)


def calls(client: BedrockRuntimeClient) -> None:
    client.converse()  # type: ignore
    client.converse(modelId=1)  # type: ignore
    client.converse(modelId="m", messages=[{"role": "robot", "content": []}])  # type: ignore
    client.converse(modelId="m", messages=[{"role": "user"}])  # type: ignore
    client.invoke_model(modelId="m", prompt="Hello")  # type: ignore
    client.invoke_model("m")  # type: ignore
    client.get_paginator("converse")  # type: ignore
    client.chat(modelId="m")  # type: ignore


def values(response: ConverseResponseTypeDef) -> None:
    limits: InferenceConfigurationTypeDef = {"maxTokens": "10"}  # type: ignore
    block: ContentBlockTypeDef = {"image": {"format": "bmp", "source": {}}}  # type: ignore
    text: str = response["usage"]["inputTokens"]  # type: ignore
    print(limits, block, text, response["text"])  # type: ignore

"""A conversation in which the model calls tools."""

from collections.abc import Callable, Mapping
from typing import Any, assert_type

from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.type_defs import (
    MessageUnionTypeDef,
    ToolConfigurationTypeDef,
    ToolResultBlockTypeDef,
    ToolSpecificationTypeDef,
    ToolTypeDef,
    ToolUseBlockOutputTypeDef,
)

SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: ToolSpecificationTypeDef = {
    "name": "weather",
    "description": "Returns the weather of a city.",
    "inputSchema": {"json": SCHEMA},
}
TOOLS: list[ToolTypeDef] = [{"toolSpec": WEATHER}, {"cachePoint": {"type": "default"}}]


def run(client: BedrockRuntimeClient, prompt: str, tools: dict[str, Callable[..., object]]) -> None:
    messages: list[MessageUnionTypeDef] = [{"role": "user", "content": [{"text": prompt}]}]
    config: ToolConfigurationTypeDef = {"tools": TOOLS, "toolChoice": {"auto": {}}}
    while True:
        response = client.converse(modelId="amazon.nova-pro-v1:0", messages=messages, toolConfig=config)
        assert "message" in response["output"]
        message = response["output"]["message"]
        messages.append(message)
        if response["stopReason"] != "tool_use":
            return
        uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        results = [answer(use, tools[use["name"]]) for use in uses]
        messages.append({"role": "user", "content": [{"toolResult": result} for result in results]})


def answer(use: ToolUseBlockOutputTypeDef, tool: Callable[..., object]) -> ToolResultBlockTypeDef:
    assert_type(use["input"], dict[str, Any])
    try:
        value = tool(**use["input"])
    except ValueError as error:
        return {"toolUseId": use["toolUseId"], "content": [{"text": str(error)}], "status": "error"}
    return {"toolUseId": use["toolUseId"], "content": [{"json": {"result": value}}]}

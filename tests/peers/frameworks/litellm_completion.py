"""Uses `completion` and `embedding` of LiteLLM, with both Converse and both InvokeModel operations."""

import json

import litellm
from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, TOOL, Weather, check_stream, check_usage

# Suppress the hints that LiteLLM prints if it cannot find a model in its list.
litellm.suppress_debug_info = True

MESSAGES = [{"role": "user", "content": PROMPT}]
TOOLS = [
    {
        "type": "function",
        "function": {"name": TOOL, "description": Weather.__doc__, "parameters": Weather.model_json_schema()},
    }
]
CHOICE = {"type": "function", "function": {"name": TOOL}}


def check_route(report, model):
    response = litellm.completion(model, MESSAGES)
    report.check(f"{model}, text", response.choices[0].message.content, TEXT)
    usage = response.usage
    check_usage(report, model, usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    chunks = litellm.completion(model, MESSAGES, stream=True)
    check_stream(report, f"{model}, stream", [chunk.choices[0].delta.content for chunk in chunks])
    response = litellm.completion(model, MESSAGES, tools=TOOLS, tool_choice=CHOICE)
    [call] = response.choices[0].message.tool_calls
    found = call.function.name, json.loads(call.function.arguments)
    report.check(f"{model}, tool call", found, (TOOL, ARGUMENTS))


def check_embedding(report, model):
    response = litellm.embedding(model, [PROMPT, TEXT])
    vectors = [item["embedding"] for item in response.data]
    report.check(f"{model}, numbers of the vectors", [len(vector) for vector in vectors], [1024, 1024])
    report.check(f"{model}, vectors of two texts are equal", vectors[0] == vectors[1], False)


def main():
    report = Report("litellm")
    for route in ("converse", "invoke"):
        check_route(report, f"bedrock/{route}/{MODEL}")
    check_embedding(report, "bedrock/amazon.titan-embed-text-v2:0")
    report.end(f"{report.count} checks", 14)


if __name__ == "__main__":
    main()

"""Uses `completion` and `embedding` of LiteLLM, and `acompletion` and `aembedding`, with both Converse and both InvokeModel
operations.
"""

import asyncio
import json

import litellm
from common import Report
from expected import ARGUMENTS, EMBEDDING, MODEL, PROMPT, TEXT, TOOL, Weather, check_stream, check_usage, check_vectors

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


def check_route(report, name, complete, model):
    response = complete(model, MESSAGES)
    report.check(f"{name}, text", response.choices[0].message.content, TEXT)
    usage = response.usage
    check_usage(report, name, usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    chunks = complete(model, MESSAGES, stream=True)
    check_stream(report, f"{name}, stream", [chunk.choices[0].delta.content for chunk in chunks])
    response = complete(model, MESSAGES, tools=TOOLS, tool_choice=CHOICE)
    [call] = response.choices[0].message.tool_calls
    found = call.function.name, json.loads(call.function.arguments)
    report.check(f"{name}, tool call", found, (TOOL, ARGUMENTS))


def check_functions(report, kind, complete, embed):
    for route in ("converse", "invoke"):
        check_route(report, f"{route}, {kind}", complete, f"bedrock/{route}/{MODEL}")
    response = embed(f"bedrock/{EMBEDDING}", [PROMPT, TEXT])
    check_vectors(report, f"embeddings, {kind}", [item["embedding"] for item in response.data])


async def acomplete(*arguments, **options):
    response = await litellm.acompletion(*arguments, **options)
    return [chunk async for chunk in response] if "stream" in options else response


def main():
    report = Report("litellm")
    check_functions(report, "sync", litellm.completion, litellm.embedding)
    with asyncio.Runner() as runner:
        check_functions(
            report,
            "asyncio",
            lambda *arguments, **options: runner.run(acomplete(*arguments, **options)),
            lambda *arguments: runner.run(litellm.aembedding(*arguments)),
        )
    report.end(f"{report.count} checks", 28)


if __name__ == "__main__":
    main()

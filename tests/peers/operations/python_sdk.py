"""Calls operations with boto3, and checks the responses.

usage: python_sdk.py OPERATION..
"""

import json
import sys

import boto3
from common import run_checks
from families import CLAUDE, ECHO, PROMPT

MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Lima"]}, "days": {"type": "integer", "minimum": 3}},
    "required": ["city", "days"],
}
TOOLS = {
    "tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}],
    "toolChoice": {"tool": {"name": "weather"}},
}
ARGUMENTS = {"city": "Oslo", "days": 3}

# The guardrail of `guardrails.json` denies a word of the prompt.
GUARDRAIL = {"guardrailIdentifier": "lighthouse", "guardrailVersion": "1"}
BLOCKED = "The keeper does not talk about birds."
ADDRESS = "keeper@example.com"
LETTER = f"Write to {ADDRESS} before dusk."

VIDEO_MODEL = "amazon.nova-reel-v1:1"
VIDEO = {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": PROMPT}}
BUCKET = {"s3OutputDataConfig": {"s3Uri": "s3://lighthouse/videos"}}


def invoke_model(report, client):
    response = client.invoke_model(modelId=CLAUDE.model_id, body=json.dumps(CLAUDE.request))
    report.check("InvokeModel, text", CLAUDE.text(json.load(response["body"])), ECHO)


def invoke_model_with_response_stream(report, client):
    response = client.invoke_model_with_response_stream(modelId=CLAUDE.model_id, body=json.dumps(CLAUDE.request))
    pieces = [CLAUDE.text_of_chunk(json.loads(event["chunk"]["bytes"])) for event in response["body"]]
    report.check("InvokeModelWithResponseStream, text", "".join(pieces), ECHO)


def converse(report, client):
    response = client.converse(modelId=CLAUDE.model_id, messages=MESSAGES)
    message = {"role": "assistant", "content": [{"text": ECHO}]}
    report.check("Converse, message", response["output"]["message"], message)
    report.check("Converse, stop reason", response["stopReason"], "end_turn")
    check_usage(report, "Converse", response["usage"])
    response = client.converse(modelId=CLAUDE.model_id, messages=MESSAGES, toolConfig=TOOLS)
    [block] = response["output"]["message"]["content"]
    report.check("Converse, tool call", (block["toolUse"]["name"], block["toolUse"]["input"]), ("weather", ARGUMENTS))
    report.check("Converse, stop reason of a tool call", response["stopReason"], "tool_use")


def converse_stream(report, client):
    events = list(client.converse_stream(modelId=CLAUDE.model_id, messages=MESSAGES)["stream"])
    text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    report.check("ConverseStream, text", text, ECHO)
    check_usage(report, "ConverseStream", events[-1]["metadata"]["usage"])
    events = list(client.converse_stream(modelId=CLAUDE.model_id, messages=MESSAGES, toolConfig=TOOLS)["stream"])
    [start] = [event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event]
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    arguments = json.loads("".join(delta["toolUse"]["input"] for delta in deltas))
    report.check("ConverseStream, tool call", (start["toolUse"]["name"], arguments), ("weather", ARGUMENTS))


def check_usage(report, name, usage):
    counts = usage["inputTokens"], usage["outputTokens"]
    report.check(f"{name}, usage", (min(counts) > 0, sum(counts)), (True, usage["totalTokens"]))


def count_tokens(report, client):
    response = client.count_tokens(modelId=CLAUDE.model_id, input={"converse": {"messages": MESSAGES}})
    usage = client.converse(modelId=CLAUDE.model_id, messages=MESSAGES)["usage"]
    report.check("CountTokens, tokens of the call", response["inputTokens"], usage["inputTokens"])


def apply_guardrail(report, client):
    content = [{"text": {"text": PROMPT}}]
    response = client.apply_guardrail(**GUARDRAIL, source="INPUT", content=content)
    check_intervention(report, response)


def check_intervention(report, response):
    report.check("ApplyGuardrail, action", response["action"], "GUARDRAIL_INTERVENED")
    report.check("ApplyGuardrail, outputs", response["outputs"], [{"text": BLOCKED}])
    [word] = response["assessments"][0]["wordPolicy"]["customWords"]
    report.check("ApplyGuardrail, word", (word["match"], word["action"]), ("gull", "BLOCKED"))


def invoke_guardrail_checks(report, client):
    messages = [{"role": "user", "content": [{"text": LETTER}]}]
    checks = {"sensitiveInformation": {"entities": [{"type": "EMAIL"}]}}
    check_entity(report, client.invoke_guardrail_checks(messages=messages, checks=checks))


def check_entity(report, response):
    [entity] = response["results"]["sensitiveInformation"]["results"]
    found = entity["type"], LETTER[entity["beginOffset"] : entity["endOffset"]]
    report.check("InvokeGuardrailChecks, entity", found, ("EMAIL", ADDRESS))


def start_async_invoke(report, client):
    request = {"modelId": VIDEO_MODEL, "modelInput": VIDEO, "outputDataConfig": BUCKET}
    arns = [client.start_async_invoke(**request, clientRequestToken="dawn")["invocationArn"] for _ in range(2)]
    report.check("StartAsyncInvoke, repeated token", arns[0], arns[1])


def list_async_invokes(report, client):
    pages = client.get_paginator("list_async_invokes").paginate(PaginationConfig={"PageSize": 1})
    [job] = [job for page in pages for job in page["asyncInvokeSummaries"]]
    report.check("ListAsyncInvokes, bucket", job["outputDataConfig"], BUCKET)
    return job["invocationArn"]


def get_async_invoke(report, client):
    job = client.get_async_invoke(invocationArn=list_async_invokes(report, client))
    check_job(report, job)


def check_job(report, job):
    report.check("GetAsyncInvoke, model", job["modelArn"].endswith(f"/{VIDEO_MODEL}"), True, job["modelArn"])
    report.check("GetAsyncInvoke, status", job["status"] in ("InProgress", "Completed"), True, job["status"])


CHECKS = {
    "InvokeModel": invoke_model,
    "InvokeModelWithResponseStream": invoke_model_with_response_stream,
    "Converse": converse,
    "ConverseStream": converse_stream,
    "CountTokens": count_tokens,
    "ApplyGuardrail": apply_guardrail,
    "InvokeGuardrailChecks": invoke_guardrail_checks,
    "StartAsyncInvoke": start_async_invoke,
    "ListAsyncInvokes": list_async_invokes,
    "GetAsyncInvoke": get_async_invoke,
}


if __name__ == "__main__":
    run_checks("boto3", CHECKS, sys.argv[1:], boto3.client("bedrock-runtime"))

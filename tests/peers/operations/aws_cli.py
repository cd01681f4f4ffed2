"""Calls operations with the AWS CLI, which has no streaming operations, and checks the responses.

usage: aws_cli.py OPERATION..
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from clients import program
from common import TIMEOUT, run_checks
from families import CLAUDE, ECHO
from python_sdk import (
    ARGUMENTS,
    BUCKET,
    GUARDRAIL,
    LETTER,
    MESSAGES,
    PROMPT,
    TOOLS,
    VIDEO,
    VIDEO_MODEL,
    check_entity,
    check_intervention,
    check_job,
    check_usage,
)


def aws(command, *arguments, **values):
    """Runs a command of `aws bedrock-runtime`. Returns the JSON that it prints."""
    flags = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", encode(value))]
    done = subprocess.run(
        [program("aws"), "bedrock-runtime", command, *flags, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    if done.returncode != 0:
        raise SystemExit(f"aws bedrock-runtime {command}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def encode(value):
    return value if isinstance(value, str) else json.dumps(value)


def invoke_model(report):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "response"
        aws("invoke-model", str(file), model_id=CLAUDE.model_id, body=CLAUDE.request)
        report.check("InvokeModel, text", CLAUDE.text(json.loads(file.read_text("utf-8"))), ECHO)


def converse(report):
    response = aws("converse", model_id=CLAUDE.model_id, messages=MESSAGES)
    report.check("Converse, content", response["output"]["message"]["content"], [{"text": ECHO}])
    check_usage(report, "Converse", response["usage"])
    response = aws("converse", model_id=CLAUDE.model_id, messages=MESSAGES, tool_config=TOOLS)
    [block] = response["output"]["message"]["content"]
    report.check("Converse, tool call", block["toolUse"]["input"], ARGUMENTS)


def count_tokens(report):
    response = aws("count-tokens", model_id=CLAUDE.model_id, input={"converse": {"messages": MESSAGES}})
    usage = aws("converse", model_id=CLAUDE.model_id, messages=MESSAGES)["usage"]
    report.check("CountTokens, tokens of the call", response["inputTokens"], usage["inputTokens"])


def apply_guardrail(report):
    guardrail = {"guardrail_identifier": GUARDRAIL["guardrailIdentifier"], "guardrail_version": GUARDRAIL["guardrailVersion"]}
    check_intervention(report, aws("apply-guardrail", **guardrail, source="INPUT", content=[{"text": {"text": PROMPT}}]))


def invoke_guardrail_checks(report):
    messages = [{"role": "user", "content": [{"text": LETTER}]}]
    checks = {"sensitiveInformation": {"entities": [{"type": "EMAIL"}]}}
    check_entity(report, aws("invoke-guardrail-checks", messages=messages, checks=checks))


def start_async_invoke(report):
    job = aws("start-async-invoke", model_id=VIDEO_MODEL, model_input=VIDEO, output_data_config=BUCKET)
    report.check("StartAsyncInvoke, ARN", job["invocationArn"].startswith("arn:aws:bedrock:"), True, job)


def list_async_invokes(report):
    [job] = aws("list-async-invokes")["asyncInvokeSummaries"]
    report.check("ListAsyncInvokes, bucket", job["outputDataConfig"], BUCKET)
    return job["invocationArn"]


def get_async_invoke(report):
    check_job(report, aws("get-async-invoke", invocation_arn=list_async_invokes(report)))


CHECKS = {
    "InvokeModel": invoke_model,
    "Converse": converse,
    "CountTokens": count_tokens,
    "ApplyGuardrail": apply_guardrail,
    "InvokeGuardrailChecks": invoke_guardrail_checks,
    "StartAsyncInvoke": start_async_invoke,
    "ListAsyncInvokes": list_async_invokes,
    "GetAsyncInvoke": get_async_invoke,
}


if __name__ == "__main__":
    run_checks("AWS CLI", CHECKS, sys.argv[1:])

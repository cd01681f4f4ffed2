"""The clients, as they are published, behind one question and one answer.

A question is a list of calls: an operation, by its name in the model, and its input, `body` as bytes. Each answer has
`output`, the members beside the body; `parts`, the bytes of the body, or those of each event when it is a stream; and
`refusal`, what the client raised instead, or after so many parts. Settings are environment variables.

No client tries twice, and none is asked in parallel.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from unittest import mock

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from common import PATIENCE, ask_program

INVOKE = "InvokeModel"
STREAM = "InvokeModelWithResponseStream"
ONCE = {"AWS_MAX_ATTEMPTS": "1", "AWS_RETRY_MODE": "standard"}


def call(operation, model_id, body, **members):
    """Says the media type, because one of the clients says octets where nothing is said, which is refused."""
    values = {"modelId": model_id, "contentType": "application/json", "body": json.dumps(body).encode()}
    return {"operation": operation, "input": {**values, **members}}


def program(name):
    """A program that one of the installed packages brings."""
    return str(pathlib.Path(sys.executable).with_name(name))


class Boto3:
    name = "boto3"
    # What it tells of a refusal, and the class of one that the operation does not model.
    shows = ("class", "code", "status", "message", "members")
    unmodelled = "ClientError"
    # Not without TLS.
    sends_tokens = False

    def __init__(self, **settings):
        with mock.patch.dict(os.environ, {**ONCE, **settings}):
            self.client = boto3.Session().client("bedrock-runtime")  # the default one keeps credentials

    def ask(self, calls):
        return [self.answer(call["operation"], call["input"]) for call in calls]

    def answer(self, operation, values):
        answer = {"output": None, "parts": [], "refusal": None}
        try:
            output = getattr(self.client, xform_name(operation))(**values)
            if not output.pop("ResponseMetadata")["RequestId"]:
                raise ValueError("no request id")
            body = output.pop("body")
            answer["output"] = output
            for event in body if operation == STREAM else [{"chunk": {"bytes": body.read()}}]:
                answer["parts"].append(event["chunk"]["bytes"])
        except Exception as error:  # whatever a program would have to catch
            answer["refusal"] = self.refusal(error)
        return answer

    def refusal(self, error):
        if not isinstance(error, ClientError):
            return {"class": type(error).__name__, "message": str(error)}
        members = dict(error.response)
        code, message = (members["Error"][name] for name in ("Code", "Message"))
        status = members.pop("ResponseMetadata", {}).get("HTTPStatusCode")
        del members["Error"]
        # A program catches a modelled error by the name that the client has for it.
        caught = type(error) is getattr(self.client.exceptions, code, type(error))
        name = type(error).__name__ if caught else repr(type(error))
        return {"class": name, "code": code, "status": status, "message": message, "members": members}


class JavaScript:
    name = "javascript"
    shows = ("class", "code", "status", "message", "members")
    unmodelled = "BedrockRuntimeServiceException"
    sends_tokens = True

    def __init__(self, **settings):
        self.environment = {**os.environ, **ONCE, **settings}

    def ask(self, calls):
        script = str(pathlib.Path(__file__).with_name("javascript.mjs"))
        questions = [{**call, "input": {**call["input"], "body": encode(call["input"]["body"])}} for call in calls]
        answers = ask_program([program("node"), script], questions, self.environment)
        return [{**answer, "parts": [base64.b64decode(part) for part in answer["parts"]]} for answer in answers]


def encode(body):
    return base64.b64encode(body).decode("ascii")


# Between operation and message, the command line may say in parentheses how often it tried.
REFUSAL = re.compile(r"An error occurred \((\w+)\) when calling the InvokeModel operation(?: \([^)]*\))?: (.*)")


class AwsCli:
    """Has no operation that answers with a stream."""

    name = "aws"
    shows = ("code", "message")
    unmodelled = None
    sends_tokens = False

    def __init__(self, **settings):
        self.environment = {**os.environ, **ONCE, **settings}

    def ask(self, calls):
        with tempfile.TemporaryDirectory() as directory:
            return [self.answer(call["input"], pathlib.Path(directory) / "answer") for call in calls]

    def answer(self, values, outfile):
        flags = []
        for name, value in values.items():
            text = value.decode() if isinstance(value, bytes) else value
            flags += ["--" + xform_name(name, "-"), text]
        command = [program("aws"), "bedrock-runtime", "invoke-model", *flags, outfile]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if done.returncode == 0:
            return {"output": json.loads(done.stdout), "parts": [outfile.read_bytes()], "refusal": None}
        found = REFUSAL.search(done.stderr)
        refusal = {"code": found[1], "message": found[2]} if found else {"message": done.stderr}
        return {"output": None, "parts": [], "refusal": refusal}

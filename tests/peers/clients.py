"""One interface for the published clients.

`run` takes a list of calls. A call has the name of an operation in the model, and an input with `body` as bytes.
A result has three values:

* `output`: the members except the body.
* `parts`: the bytes of the body, or the bytes of each event of a stream.
* `failure`: the error that the client raised, or `None`.

Settings are environment variables. Clients do not retry, and calls are not concurrent.
"""

import base64
import json
import os
import pathlib
import sys
from unittest import mock

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from common import run_program

INVOKE = "InvokeModel"
STREAM = "InvokeModelWithResponseStream"
ONCE = {"AWS_MAX_ATTEMPTS": "1", "AWS_RETRY_MODE": "standard"}


def call(operation, model_id, body, **members):
    """Returns a call. Sets the content type, because the endpoint rejects the default content type of one client."""
    values = {"modelId": model_id, "contentType": "application/json", "body": json.dumps(body).encode()}
    return {"operation": operation, "input": {**values, **members}}


def program(name):
    """Returns the path of a program of an installed package."""
    return str(pathlib.Path(sys.executable).with_name(name))


class Boto3:
    name = "boto3"

    def __init__(self, **settings):
        with mock.patch.dict(os.environ, {**ONCE, **settings}):
            # A new session, because the default session caches credentials.
            self.client = boto3.Session().client("bedrock-runtime")

    def run(self, calls):
        return [self.result(call["operation"], call["input"]) for call in calls]

    def result(self, operation, values):
        result = {"output": None, "parts": [], "failure": None}
        try:
            output = getattr(self.client, xform_name(operation))(**values)
            if not output.pop("ResponseMetadata")["RequestId"]:
                raise ValueError("no request id")
            body = output.pop("body")
            result["output"] = output
            for event in body if operation == STREAM else [{"chunk": {"bytes": body.read()}}]:
                result["parts"].append(event["chunk"]["bytes"])
        except Exception as error:  # includes all errors that a program would have to catch
            result["failure"] = self.failure(error)
        return result

    def failure(self, error):
        if not isinstance(error, ClientError):
            return {"class": type(error).__name__, "message": str(error)}
        members = dict(error.response)
        code, message = (members["Error"][name] for name in ("Code", "Message"))
        status = members.pop("ResponseMetadata", {}).get("HTTPStatusCode")
        del members["Error"]
        # A program catches a modeled error by its name in `client.exceptions`.
        caught = type(error) is getattr(self.client.exceptions, code, type(error))
        name = type(error).__name__ if caught else repr(type(error))
        return {"class": name, "code": code, "status": status, "message": message, "members": members}


class JavaScript:
    name = "javascript"

    def __init__(self, **settings):
        self.environment = {**os.environ, **ONCE, **settings}

    def run(self, calls):
        script = str(pathlib.Path(__file__).with_name("javascript.mjs"))
        questions = [{**call, "input": {**call["input"], "body": encode(call["input"]["body"])}} for call in calls]
        results = run_program([program("node"), script], questions, self.environment)
        return [{**result, "parts": [base64.b64decode(part) for part in result["parts"]]} for result in results]


def encode(body):
    return base64.b64encode(body).decode("ascii")

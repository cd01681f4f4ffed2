"""Calls the endpoint that the environment points at with boto3 and the AWS CLI, both as they are published.

usage: calls.py

The environment has what `invoke-model serve` says to export. Each client gets text, embeddings and images; is
refused in each way that the operation models, as its own exception with its own members; and is refused for its
signature.
"""

import base64
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from common import Report

JSON = "application/json"
PROMPT = "A lighthouse at dawn"
TEXTS = [PROMPT, "Ein Leuchtturm im Morgengrauen, 夜明けの灯台"]
MODELLED_ERRORS = 10


def anthropic(answer):
    return answer["role"], bool(answer["content"][0]["text"]), answer["usage"]["output_tokens"] > 0


def nova(answer):
    message = answer["output"]["message"]
    return message["role"], bool(message["content"][0]["text"]), answer["usage"]["outputTokens"] > 0


def titan_embedding(answer):
    vector = answer["embedding"]
    return len(vector), round(math.hypot(*vector), 3), answer["inputTextTokenCount"] > 0


def cohere_embeddings(answer):
    return [len(vector) for vector in answer["embeddings"]], answer["response_type"], answer["texts"]


def image(answer):
    """Format, width and height of each image."""
    pictures = [base64.b64decode(text) for text in answer["images"]]
    return [(picture[1:4], *struct.unpack(">II", picture[16:24])) for picture in pictures]


def picture_request(width, height):
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": PROMPT},
        "imageGenerationConfig": {"numberOfImages": 1, "width": width, "height": height},
    }


# Model, request, what to look at in the answer, and what it must be.
ANSWERED = [
    (
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": PROMPT}],
        },
        anthropic,
        ("assistant", True, True),
    ),
    (
        "us.amazon.nova-lite-v1:0",
        {"messages": [{"role": "user", "content": [{"text": PROMPT}]}], "inferenceConfig": {"maxTokens": 64}},
        nova,
        ("assistant", True, True),
    ),
    (
        "amazon.titan-embed-text-v2:0",
        {"inputText": PROMPT, "dimensions": 256, "normalize": True},
        titan_embedding,
        (256, 1.0, True),
    ),
    (
        "cohere.embed-multilingual-v3",
        {"texts": TEXTS, "input_type": "search_document"},
        cohere_embeddings,
        ([1024, 1024], "embeddings_floats", TEXTS),
    ),
    ("amazon.titan-image-generator-v2:0", picture_request(768, 1152), image, [(b"PNG", 768, 1152)]),
    ("amazon.nova-canvas-v1:0", picture_request(640, 320), image, [(b"PNG", 640, 320)]),
]

# The local model that answers with the error that its request names.
ERROR_MODEL = "local.error-v1"
ERROR_MEMBERS = {"message": "asked for by its name", "originalStatusCode": 500, "resourceName": "endpoint-7"}

KEY_ID, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
# Credentials that are not those of the endpoint, and the error that says so; the operation does not model it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
REFUSED_CREDENTIALS = [
    (KEY_ID, SECRET[::-1] + "x", "InvalidSignatureException"),
    ("AKIANOBODYHASTHIS000", SECRET, "UnrecognizedClientException"),
]


class Boto3:
    name = "boto3"
    shows = ("class", "code", "status", "message", "members")

    def __init__(self, key_id=KEY_ID, secret=SECRET):
        self.client = boto3.client(
            "bedrock-runtime",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def invoke(self, model_id, request):
        answer = self.client.invoke_model(modelId=model_id, body=json.dumps(request), contentType=JSON)
        if answer["contentType"] != JSON or not answer["ResponseMetadata"]["RequestId"]:
            raise SystemExit(f"boto3: {model_id}: no content type, or no request id: {answer}")
        return json.load(answer["body"])

    def refusal(self, model_id, request):
        """How the call is refused, or what it is answered with."""
        try:
            return {"answer": self.invoke(model_id, request)}
        except ClientError as error:
            members = dict(error.response)
            code, message = (members["Error"][name] for name in ("Code", "Message"))
            status = members.pop("ResponseMetadata")["HTTPStatusCode"]
            del members["Error"]
            # What a program would catch, by the name that the client has for it.
            caught = type(error) is getattr(self.client.exceptions, code, ClientError)
            name = type(error).__name__ if caught else repr(type(error))
            return {"class": name, "code": code, "status": status, "message": message, "members": members}


# Between operation and message, the command line may say in parentheses how often it tried.
REFUSAL = re.compile(r"An error occurred \((\w+)\) when calling the InvokeModel operation(?: \([^)]*\))?: (.*)")


class AwsCli:
    name = "aws"
    shows = ("code", "message")

    def __init__(self, key_id=KEY_ID, secret=SECRET):
        credentials = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
        self.environment = {**os.environ, **credentials, "AWS_MAX_ATTEMPTS": "1", "AWS_RETRY_MODE": "standard"}

    def run(self, model_id, request, outfile):
        program = pathlib.Path(sys.executable).with_name("aws")
        flags = ["--model-id", model_id, "--body", json.dumps(request), "--content-type", JSON]
        command = [program, "bedrock-runtime", "invoke-model", *flags, outfile]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def invoke(self, model_id, request):
        with tempfile.TemporaryDirectory() as directory:
            outfile = pathlib.Path(directory) / "answer"
            done = self.run(model_id, request, outfile)
            if done.returncode != 0 or json.loads(done.stdout)["contentType"] != JSON:
                raise SystemExit(f"aws: {model_id}: no answer, or no content type: {done}")
            return json.loads(outfile.read_bytes())

    def refusal(self, model_id, request):
        """What is printed of a refusal, or what there is instead."""
        done = self.run(model_id, request, os.devnull)
        found = REFUSAL.search(done.stderr)
        if done.returncode == 0 or not found:
            return {"answer": done}
        return {"code": found[1], "message": found[2]}


def check(peer, errors):
    report = Report(peer.name)
    client = peer()
    for model_id, request, look, expected in ANSWERED:
        report.check(model_id, look(client.invoke(model_id, request)), expected)
    for shape in errors:
        expected = {
            "class": shape.name,
            "code": shape.name,
            "status": shape.metadata["error"]["httpStatusCode"],
            "message": ERROR_MEMBERS["message"],
            "members": {name: ERROR_MEMBERS[name] for name in shape.members},
        }
        found = client.refusal(ERROR_MODEL, {"error": shape.name, **ERROR_MEMBERS})
        report.check(shape.name, found, {part: expected[part] for part in peer.shows})
    for key_id, secret, code in REFUSED_CREDENTIALS:
        model_id, request, *_ = ANSWERED[0]
        found = peer(key_id, secret).refusal(model_id, request)
        # The words are free, but there must be some.
        words = found.get("message") or "some words"
        expected = {"class": "ClientError", "code": code, "status": 403, "message": words, "members": {}}
        report.check(code, found, {part: expected[part] for part in peer.shows})
    report.end(f"{report.count} calls", len(ANSWERED) + MODELLED_ERRORS + len(REFUSED_CREDENTIALS))


def main():
    operation = Boto3().client.meta.service_model.operation_model("InvokeModel")
    for peer in (Boto3, AwsCli):
        check(peer, operation.error_shapes)


if __name__ == "__main__":
    main()

"""Presigns requests with boto3, and sends these requests to the local endpoint.

usage: presigned.py

The environment must contain the variables that `invoke-model serve` prints.

botocore moves a JSON body to the query and signs an empty body. Therefore the endpoint accepts the signature, and then
rejects the empty body.
"""

import json
import os
import urllib.error
import urllib.request

import boto3

from common import Report

ENDPOINT = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]


def post(url, body):
    """Returns the status of the response."""
    request = urllib.request.Request(url, data=body, method="POST", headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def last_call():
    """Returns the record of the last call."""
    with urllib.request.urlopen(f"{ENDPOINT}/_local/calls?limit=1", timeout=60) as response:
        return json.load(response)["calls"][-1]


def presigned(client):
    params = {
        "modelId": "amazon.titan-embed-text-v2:0",
        "contentType": "application/json",
        "body": b'{"inputText": "hello"}',
    }
    return client.generate_presigned_url("invoke_model", Params=params, ExpiresIn=60)


report = Report("presigned requests")
url = presigned(boto3.client("bedrock-runtime"))
report.check("status", post(url, b""), 400)
call = last_call()
report.check("verdict", (call["signature"], call["error_code"]), ("valid", "ValidationException"))
report.check("secrets", "X-Amz-Signature=[redacted]" in call["target"], True, call["target"])
report.check("status of a changed query", post(url.replace("inputText=hello", "inputText=other"), b""), 403)
report.check("verdict on a changed query", last_call()["signature"], "rejected")
report.check("status of another body", post(url, b"{}"), 403)
cause = "the client signed the hash of an empty body, but sent a body"
report.check("explanation", cause in last_call()["signature_error"], True)
report.end("the endpoint verifies the signatures of boto3", at_least=7)

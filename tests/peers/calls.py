"""Calls the local endpoint with boto3, the AWS CLI and the SDK for JavaScript.

usage: calls.py

The environment must contain the variables that `invoke-model serve` prints, including the bearer token. Each client
requests text, embeddings and images, by model id and by ARN, with a signature and with the token. Each client must also
raise each modeled error of the operation with all members, and an error for each kind of wrong credentials.
"""

import base64
import json
import math
import struct

import families
from clients import INVOKE, AwsCli, Boto3, JavaScript, call
from common import Report
from failures import CREDENTIALS, TOKEN, check_credentials, check_errors

TEXTS = [families.PROMPT, "Ein Leuchtturm im Morgengrauen, 夜明けの灯台"]
MODELED_ERRORS = 10


def titan_embedding(response):
    vector = response["embedding"]
    return len(vector), round(math.hypot(*vector), 3), response["inputTextTokenCount"] > 0


def cohere_embeddings(response):
    return [len(vector) for vector in response["embeddings"]], response["response_type"], response["texts"]


def image(response):
    """Returns the format, width and height of each image."""
    pictures = [base64.b64decode(text) for text in response["images"]]
    return [(picture[1:4], *struct.unpack(">II", picture[16:24])) for picture in pictures]


def picture_request(width, height):
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": families.PROMPT},
        "imageGenerationConfig": {"numberOfImages": 1, "width": width, "height": height},
    }


# Model, request, function that extracts a value from the response, and the expected value.
CASES = [
    *((family.model_id, family.request, family.text, families.ECHO) for family in families.FAMILIES),
    *((arn, family.request, family.text, families.ECHO) for arn, family in families.ARNS.items()),
    (
        "amazon.titan-embed-text-v2:0",
        {"inputText": families.PROMPT, "dimensions": 256, "normalize": True},
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


def check_responses(report, client, cases):
    calls = [call(INVOKE, model_id, request) for model_id, request, *_ in cases]
    for (model_id, _, extract, expected), result in zip(cases, client.run(calls), strict=True):
        found = (result["output"], result["failure"], *map(extract, map(json.loads, result["parts"])))
        report.check(model_id, found, ({"contentType": "application/json"}, None, expected))


def main():
    errors = Boto3().client.meta.service_model.operation_model(INVOKE).error_shapes
    for peer in (Boto3, AwsCli, JavaScript):
        report = Report(peer.name)
        client = peer()
        check_responses(report, client, CASES)
        if peer.sends_tokens:
            check_responses(report, peer(**TOKEN), CASES[:1])
        check_errors(report, client, INVOKE, errors)
        check_credentials(report, peer, INVOKE, families.CLAUDE)
        report.end(f"{report.count} calls", len(CASES) + MODELED_ERRORS + len(CREDENTIALS))


if __name__ == "__main__":
    main()

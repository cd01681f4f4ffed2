"""Calls the local endpoint with boto3, the AWS CLI and the SDK for JavaScript.

usage: calls.py

The environment must contain the variables that `invoke-model serve` prints, and `PEERS_BEARER_TOKEN`. Each client
requests text, embeddings, images and rankings, by model id and by ARN, with a signature and with the token. Each client must also
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


def cohere_4_embeddings(response):
    [vector] = response["embeddings"]["float"]
    return len(vector), response["response_type"], response["texts"]


def nova_embedding(response):
    [found] = response["embeddings"]
    return found["embeddingType"], len(found["embedding"])


def image(response):
    """Returns the format, width and height of each image."""
    pictures = [base64.b64decode(text) for text in response["images"]]
    return [(picture[1:4], *struct.unpack(">II", picture[16:24])) for picture in pictures]


def ranking(response):
    """Returns the indexes of the documents, and whether the scores decrease."""
    scores = [result["relevance_score"] for result in response["results"]]
    return [result["index"] for result in response["results"]], scores == sorted(scores, reverse=True)


RERANK = {"query": "fog at dawn", "documents": ["a lamp", "the fog at dawn", "tide"], "top_n": 2}


def picture_request(width, height):
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": families.PROMPT},
        "imageGenerationConfig": {"numberOfImages": 1, "width": width, "height": height},
    }


# Model, request, function that extracts a value from the response, and the expected value.
CASES = [
    *((family.model_id, family.request, family.text, family.echo) for family in families.FAMILIES),
    *((arn, family.request, family.text, family.echo) for arn, family in families.ARNS.items()),
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
    (
        "cohere.embed-v4:0",
        {"texts": TEXTS[:1], "input_type": "search_document", "output_dimension": 256},
        cohere_4_embeddings,
        (256, "embeddings_by_type", TEXTS[:1]),
    ),
    (
        "amazon.titan-embed-image-v1",
        {"inputText": families.PROMPT, "embeddingConfig": {"outputEmbeddingLength": 256}},
        titan_embedding,
        (256, 1.0, True),
    ),
    (
        "amazon.nova-2-multimodal-embeddings-v1:0",
        {
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "embeddingDimension": 384,
                "text": {"truncationMode": "END", "value": families.PROMPT},
            },
        },
        nova_embedding,
        ("TEXT", 384),
    ),
    ("amazon.rerank-v1:0", RERANK, ranking, ([1, 0], True)),
    ("cohere.rerank-v3-5:0", {**RERANK, "api_version": 2}, ranking, ([1, 0], True)),
    ("stability.stable-image-core-v1:1", {"prompt": families.PROMPT, "aspect_ratio": "3:2"}, image, [(b"PNG", 1216, 832)]),
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

"""Exceptions of error responses: the class, the text and the dictionary are those of boto3."""

import pytest
from conftest import MESSAGES, MODEL

VALIDATION = "com.amazon#ValidationException:http://internal.amazon.com/"
RESPONSES = [
    {"status": 500},
    {"status": 404},
    {"status": 503, "body": "<html>no</html>"},
    {"status": 503, "body": "no"},
    {"status": 404, "body": "no"},
    {"status": 404, "body_json": {"message": "no"}},
    {"status": 404, "body_json": {"Message": "no"}},
    {"status": 500, "body_json": {}},
    {"status": 400, "body_json": {"message": "no", "__type": VALIDATION}},
    {"status": 400, "body_json": {"message": "no", "code": "ValidationException"}},
    {"status": 400, "body_json": {"Message": "no", "Code": "Unknown", "extra": 1}},
    {"status": 400, "headers": {"x-amzn-errortype": VALIDATION}, "body_json": {"__type": "Other", "message": "no"}},
    {"status": 424, "body_json": {"__type": "ModelErrorException", "message": "no", "originalStatusCode": 400}},
]


def parts(client):
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.converse(modelId=MODEL, messages=MESSAGES)
    response = dict(caught.value.response)
    metadata = response.pop("ResponseMetadata")
    text = str(caught.value).replace(" (reached max retries: 0)", "")
    return type(caught.value).__name__, text, response, metadata["HTTPStatusCode"]


@pytest.mark.parametrize("response", RESPONSES, ids=str)
def test_error_responses(local_endpoint, response):
    boto3 = pytest.importorskip("boto3")
    from botocore.config import Config

    local_endpoint.inject(response)
    config = Config(retries={"total_max_attempts": 1})
    theirs = parts(boto3.client("bedrock-runtime", config=config, **local_endpoint.settings))
    with local_endpoint.client(max_attempts=1) as client:
        assert parts(client) == theirs

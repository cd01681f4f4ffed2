"""Bad input: a clear exception each."""

import io

import pytest
from conftest import EMBEDDING, HELLO, MESSAGES, MODEL

import invoke_model

INPUTS = [
    {},
    {"modelId": 1},
    {"modelId": None},
    {"modelId": MODEL, "messages": {}},
    {"modelId": MODEL, "messages": ("a", 2)},
    {"modelId": MODEL, "messages": [{}]},
    {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "a", "image": {"format": "png", "source": {"bytes": b""}}}]}]},
    {"modelId": MODEL, "messages": [{"role": "user", "content": [{}]}]},
    {"modelId": MODEL, "messages": [{"role": "user", "content": [{"image": {"format": 1}}]}]},
    {"modelId": MODEL, "messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": 3}}}]}]},
    {"modelId": MODEL, "messages": MESSAGES, "inferenceConfig": {"maxTokens": "1", "temperature": [], "topP": None}},
    {"modelId": MODEL, "messages": MESSAGES, "inferenceConfig": {"stopSequences": [1, "a", None]}},
    {"modelId": MODEL, "messages": MESSAGES, "requestMetadata": {"a": 1}},
    {"modelId": MODEL, "messages": MESSAGES, "requestMetadata": {1: "a"}},
    {"modelId": MODEL, "messages": MESSAGES, "requestMetadata": {"a": None}},
    {"modelId": MODEL, "messages": MESSAGES, "toolConfig": {"tools": [{"toolSpec": {}}]}},
    {"messages": [{"role": 1, "content": [{"toolResult": {"content": 1}}, 5]}], "toolConfig": {"toolChoice": {}}},
]


@pytest.mark.parametrize("arguments", INPUTS)
def test_the_report_is_the_report_of_botocore(client, local_endpoint, arguments):
    boto3 = pytest.importorskip("boto3")
    from botocore.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError) as theirs:
        boto3.client("bedrock-runtime", **local_endpoint.settings).converse(**arguments)
    with pytest.raises(ParamValidationError) as ours:
        client.converse(**arguments)
    assert str(ours.value) == str(theirs.value)
    assert local_endpoint.calls == []


def test_unknown_parameters_list_the_known_ones(client):
    with pytest.raises(Exception, match='Unknown parameter in input: "model_id", must be one of: modelId, messages, '):
        client.converse(model_id=MODEL)


def test_documents(client, local_endpoint):
    fields = {"a": [1, 2.5, None, True, "x", ("t",)], "b": {"c": -1}}
    client.converse(modelId=MODEL, messages=MESSAGES, additionalModelRequestFields=fields)
    assert b'{"a":[1,2.5,null,true,"x",["t"]],"b":{"c":-1}}' in local_endpoint.calls[0]["body"]
    for value, text in ((object(), "Invalid type for document parameter"), (float("nan"), "no number NaN")):
        with pytest.raises(Exception, match=text):
            client.converse(modelId=MODEL, messages=MESSAGES, additionalModelRequestFields={"a": value})


def test_values_out_of_range(client):
    with pytest.raises(Exception, match="Invalid value"):
        client.converse(modelId=MODEL, messages=MESSAGES, inferenceConfig={"maxTokens": 2**40})
    with pytest.raises(Exception, match="more than 64 bits"):
        client.converse(modelId=MODEL, messages=MESSAGES, inferenceConfig={"maxTokens": 2**70})
    nested = []
    for _ in range(400):
        nested = [nested]
    with pytest.raises(Exception, match="more than 256 nested"):
        client.converse(modelId=MODEL, messages=MESSAGES, additionalModelRequestFields={"a": nested})


def test_bodies_that_cannot_be_read(client, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(HELLO)
    with path.open() as text, pytest.raises(TypeError, match='open it in binary mode'):
        client.invoke_model(modelId=EMBEDDING, body=text)
    exhausted = io.BytesIO(HELLO)
    exhausted.read()
    with pytest.raises(ValueError, match="seek"):
        client.invoke_model(modelId=EMBEDDING, body=exhausted)
    closed = io.BytesIO(HELLO)
    closed.close()
    with pytest.raises(ValueError, match="closed file"):
        client.invoke_model(modelId=EMBEDDING, body=closed)
    with pytest.raises(Exception, match="Invalid type for parameter body, value: 5"):
        client.invoke_model(modelId=EMBEDDING, body=5)
    with pytest.raises(UnicodeEncodeError):
        client.invoke_model(modelId=EMBEDDING, body="\ud800")


def test_positional_arguments(client):
    with pytest.raises(TypeError, match=r"converse\(\) only accepts keyword arguments."):
        client.converse(MODEL)


def test_a_closed_client(local_endpoint):
    client = local_endpoint.client()
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.converse(modelId=MODEL, messages=MESSAGES)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"region": "us-east-1"}, TypeError, "'region' is not a setting"),
        ({"region_name": 1}, TypeError, "region_name"),
        ({"region_name": "us-east-1", "max_attempts": 0}, ValueError, "at least 1"),
        ({"region_name": "us-east-1", "timeout": -1}, ValueError, "timeout"),
        ({"region_name": "us-east-1", "retry_mode": "fast"}, ValueError, "retry_mode"),
        ({"region_name": "us-east-1", "verify": False}, ValueError, "root certificates"),
        ({"region_name": "us-east-1", "config": 5}, TypeError, "config"),
        ({"region_name": "us east"}, ValueError, "region"),
        ({"region_name": "us-east-1", "endpoint_url": "nonsense"}, ValueError, "endpoint URL"),
    ],
)
def test_settings(settings, error, text):
    with pytest.raises(error, match=text):
        invoke_model.Client(**settings)


def test_missing_settings():
    botocore = pytest.importorskip("botocore.exceptions")
    with pytest.raises(botocore.NoRegionError):
        invoke_model.Client()
    with pytest.raises(botocore.PartialCredentialsError):
        invoke_model.Client(region_name="us-east-1", aws_access_key_id="a")
    with pytest.raises(botocore.ProfileNotFound):
        invoke_model.Client(region_name="us-east-1", profile_name="missing")


def test_missing_credentials(local_endpoint):
    botocore = pytest.importorskip("botocore.exceptions")
    with invoke_model.Client(region_name="us-east-1", endpoint_url=local_endpoint.url) as client:
        with pytest.raises(botocore.NoCredentialsError):
            client.converse(modelId=MODEL, messages=MESSAGES)


def test_invalid_fault_rules(local_endpoint):
    with pytest.raises(ValueError, match="faults: "):
        local_endpoint.inject({"nonsense": 1})

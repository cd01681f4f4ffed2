"""Bad input raises a clear exception."""

import collections
import enum
import io
import json
from datetime import datetime, timedelta, timezone

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


def test_a_report_does_not_depend_on_files(client):
    """The conversion needs a second pass for the report, and a file can be read only once."""
    with pytest.raises(Exception, match='Missing required parameter in input: "modelId"$'):
        client.invoke_model(body=io.BytesIO(HELLO))
    image = {"image": {"format": "png", "source": {"bytes": io.BytesIO(b"png")}}}
    with pytest.raises(Exception, match='Missing required parameter in input: "modelId"$'):
        client.converse(messages=[{"role": "user", "content": [image]}])


def test_many_missing_parameters(client):
    """Without a limit, this report takes minutes."""
    with pytest.raises(Exception, match="At least 64 required parameters are missing: ") as failure:
        client.converse(modelId=MODEL, messages=[{"role": "user"}] * 3000)
    assert str(failure.value).count('Missing required parameter in messages[') >= 60


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
        ({"region_name": 1}, TypeError, "^region_name: expected text, not int$"),
        ({"region_name": "us-east-1", "timeout": "5"}, TypeError, "^timeout: expected a number of seconds, not str$"),
        ({"region_name": "us-east-1", "max_attempts": -1}, ValueError, "^max_attempts: expected a number of at least 1, not -1$"),
        ({"region_name": "us-east-1", "max_attempts": True}, TypeError, "^max_attempts: expected a number of at least 1, not bool$"),
        ({"region_name": "us-east-1", "use_fips_endpoint": 1}, TypeError, "^use_fips_endpoint: expected True or False, not int$"),
        ({"region_name": "us-east-1", "max_attempts": 0}, ValueError, "at least 1"),
        ({"region_name": "us-east-1", "timeout": -1}, ValueError, "^timeout: expected at least 0 seconds, not -1$"),
        ({"region_name": "us-east-1", "timeout": float("inf")}, ValueError, "^timeout: expected a smaller number of seconds"),
        ({"region_name": "us-east-1", "retry_mode": "fast"}, ValueError, "retry_mode"),
        ({"region_name": "us-east-1", "verify": False}, ValueError, "root certificates"),
        ({"region_name": "us-east-1", "config": 5}, TypeError, "config"),
        ({"region_name": "us east"}, ValueError, "region"),
        ({"region_name": "us-east-1", "endpoint_url": "nonsense"}, ValueError, "endpoint URL"),
        ({"region_name": "us-east-1", "endpoint_url": "https://h.test/a b"}, ValueError, "the URL contains ` `; remove"),
        ({"region_name": "us-east-1", "endpoint_url": "https://h.test/é"}, ValueError, "the URL contains `é`; remove"),
        ({"region_name": "us-east-1", "endpoint_url": "https://bücher.test"}, ValueError, "the URL contains `ü`; remove"),
    ],
)
def test_settings(settings, error, text):
    with pytest.raises(error, match=text):
        invoke_model.Client(**settings)


@pytest.mark.parametrize("verify", [5, b"/ca.pem", ["/ca.pem"]])
def test_verify_must_be_a_path(verify):
    with pytest.raises(TypeError, match="verify: expected a path, not "):
        invoke_model.Client(region_name="us-east-1", verify=verify)


def test_verify_accepts_path_objects(tmp_path):
    """The client reads the file for its first connection, so a missing file shows that it uses the path."""
    missing = tmp_path / "missing.pem"
    settings = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b", "max_attempts": 1}
    with invoke_model.Client(endpoint_url="https://127.0.0.1:9", verify=missing, **settings) as client:
        with pytest.raises(Exception) as failure:
            client.converse(modelId=MODEL, messages=MESSAGES)
    assert "missing.pem" in "".join(failure.value.__notes__)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"retries": 5}, "config: retries: expected a dict, not int"),
        ({"retries": {"max_attempts": "3"}}, "config: max_attempts: expected a number, not str"),
        ({"retries": {"total_max_attempts": True}}, "config: total_max_attempts: expected a number, not bool"),
        ({"proxies": "x"}, "config: proxies: expected a dict, not str"),
    ],
)
def test_options_of_a_config(config, text):
    with pytest.raises(TypeError, match=text):
        invoke_model.Client(region_name="us-east-1", config=config)


TIMESTAMPS = [
    "1700000000",
    "Mon, 06 May 2024 07:08:09 GMT",
    "2024-05-06T07:08:09Z",
    "2024-05-06",
    1700000000,
    -5,
    datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc),
    datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    datetime(2024, 5, 6, 7, 8, 9),
]


@pytest.mark.parametrize("value", TIMESTAMPS, ids=str)
def test_timestamps_are_those_of_botocore(client, local_endpoint, value):
    boto3 = pytest.importorskip("boto3")
    boto3.client("bedrock-runtime", **local_endpoint.settings).list_async_invokes(submitTimeAfter=value)
    client.list_async_invokes(submitTimeAfter=value)
    theirs, ours = local_endpoint.calls
    assert ours["target"] == theirs["target"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e20, "inf", "junk", "", [], datetime(1, 1, 1)], ids=str)
def test_invalid_timestamps(client, local_endpoint, value):
    with pytest.raises(Exception, match="Invalid type for parameter submitTimeAfter, value: "):
        client.list_async_invokes(submitTimeAfter=value)
    assert local_endpoint.calls == []


def test_paginators_of_unknown_operations(client, local_endpoint):
    for name in ("converse", "nonsense"):
        with pytest.raises(Exception, match=f"Operation cannot be paginated: {name}"):
            client.get_paginator(name)
        with pytest.raises(Exception, match=f"Operation cannot be paginated: {name}"):
            local_endpoint.async_client().get_paginator(name)


def test_missing_settings(monkeypatch):
    botocore = pytest.importorskip("botocore.exceptions")
    with pytest.raises(botocore.NoRegionError):
        invoke_model.Client()
    text = "Partial credentials found in explicit, missing: aws_secret_access_key"
    with pytest.raises(botocore.PartialCredentialsError, match=text):
        invoke_model.Client(region_name="us-east-1", aws_access_key_id="a")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    with pytest.raises(botocore.PartialCredentialsError, match="found in env, missing: AWS_SECRET_ACCESS_KEY"):
        invoke_model.Client(region_name="us-east-1")
    monkeypatch.undo()
    with pytest.raises(botocore.ProfileNotFound) as failure:
        invoke_model.Client(region_name="us-east-1", profile_name="missing")
    assert str(failure.value) == "The config profile (missing) could not be found"


def test_missing_credentials(local_endpoint):
    botocore = pytest.importorskip("botocore.exceptions")
    with invoke_model.Client(region_name="us-east-1", endpoint_url=local_endpoint.url) as client:
        with pytest.raises(botocore.NoCredentialsError):
            client.converse(modelId=MODEL, messages=MESSAGES)


def test_invalid_fault_rules(local_endpoint):
    with pytest.raises(ValueError, match="faults: "):
        local_endpoint.inject({"nonsense": 1})


@pytest.mark.parametrize("member", ["maxTokens", "temperature"])
def test_booleans_are_no_numbers(client, local_endpoint, member):
    """boto3 sends `true`, which the service rejects."""
    with pytest.raises(Exception, match=f"Invalid type for parameter inferenceConfig.{member}, value: True, type: <class 'bool'>"):
        client.converse(modelId=MODEL, messages=MESSAGES, inferenceConfig={member: True})
    assert local_endpoint.calls == []


def test_a_document_that_is_none_is_left_out(client, local_endpoint):
    """botocore leaves out the argument, and sends `null` inside of a document."""
    boto3 = pytest.importorskip("boto3")
    image = {"image": {"format": "png", "source": {"bytes": b"png"}}}
    arguments = {"messages": [{"role": "user", "content": [image, {"text": "hi"}]}], "additionalModelRequestFields": None}
    boto3.client("bedrock-runtime", **local_endpoint.settings).converse(modelId=MODEL, **arguments)
    image["image"]["source"]["bytes"] = io.BytesIO(b"png")
    client.converse(modelId=MODEL, **arguments)
    theirs, ours = (json.loads(call["body"]) for call in local_endpoint.calls)
    assert ours == theirs
    assert "additionalModelRequestFields" not in ours

class Language(str, enum.Enum):
    ENGLISH = "en"


def test_keys_of_a_subclass_of_str(client, local_endpoint):
    """`str()` of the member returns `Language.ENGLISH`."""
    document = collections.OrderedDict([("b", 1), (Language.ENGLISH, Language.ENGLISH)])
    document.move_to_end("b")
    given = {"requestMetadata": {Language.ENGLISH: "x"}, "additionalModelRequestFields": document}
    client.converse(modelId=MODEL, messages=MESSAGES, **given)
    sent = json.loads(local_endpoint.calls[0]["body"])
    assert sent["requestMetadata"] == {"en": "x"}
    assert list(sent["additionalModelRequestFields"].items()) == [("en", "en"), ("b", 1)]

"""Compares this client with boto3: the same requests, dictionaries, events and exceptions.

The responses are recordings of the service, and the faults of this file. The local endpoint replays the recordings. They
are not part of this repository. The environment variable `INVOKE_MODEL_RECORDED` names their folder.
"""

import base64
import datetime
import json
import os
import pathlib
from urllib.parse import quote, unquote

import pytest
from conftest import CLAUDE, CLAUDE_BODY, CONVERSE, EMBEDDING, HELLO, MESSAGES, MODEL, VIDEO, VIDEO_INPUT

boto3 = pytest.importorskip("boto3")
from botocore.config import Config  # noqa: E402

from invoke_model._client import python_name  # noqa: E402
from invoke_model.testing import LocalEndpoint  # noqa: E402

# The zero values of the types of the model. A structure has the zero values of its required members.
ZERO_VALUES = {
    "blob": b"",
    "boolean": False,
    "double": 0.0,
    "float": 0.0,
    "integer": 0,
    "list": [],
    "long": 0,
    "map": {},
    "string": "",
    "timestamp": datetime.datetime.fromtimestamp(0, datetime.timezone.utc),
}
CODES = {400: "ValidationException", 404: "ResourceNotFoundException", 424: "ModelErrorException"}
GUARDRAIL_CHECKS = {
    "messages": [{"role": "user", "content": [{"text": "My name is Ada."}]}],
    "checks": {
        "contentFilter": {"categories": [{"category": "VIOLENCE"}]},
        "promptAttack": {"categories": [{"category": "JAILBREAK"}]},
        "sensitiveInformation": {"entities": [{"type": "NAME"}]},
    },
}
STREAM_TYPE = "application/vnd.amazon.eventstream"


def exchanges():
    """Returns the recorded exchanges, each with the name of its operation."""
    folder = pathlib.Path(os.environ.get("INVOKE_MODEL_RECORDED", os.devnull))
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            exchange = json.loads(line)
            yield pytest.param(path.stem, exchange, id=f"{path.stem}-{exchange['id']}")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """A folder with the recorded exchanges, in the format that the local endpoint replays."""
    folder = tmp_path_factory.mktemp("recordings")
    for operation, exchange in (parameter.values for parameter in exchanges()):
        name = f"{operation}-{exchange['id']}.json"
        (folder / name).write_text(json.dumps({"request": request_of(exchange), "response": response_of(exchange)}))
    return folder


@pytest.fixture(scope="module")
def replaying(recordings):
    """A client of boto3, and a client of this package, each with an endpoint that replays the recordings.

    If several exchanges have the same request, an endpoint replays them one after the other. Therefore each client has its
    own endpoint.
    """
    endpoints = [LocalEndpoint(replay=recordings) for _ in range(2)]
    theirs, ours = endpoints
    config = Config(retries={"total_max_attempts": 1, "mode": "legacy"})
    client = boto3.client("bedrock-runtime", config=config, **theirs.settings)
    yield (theirs, client), (ours, ours.client(max_attempts=1))
    for endpoint in endpoints:
        endpoint.stop()


@pytest.fixture(scope="module")
def clients():
    """An endpoint, a client of boto3, and a client of this package."""
    endpoint = LocalEndpoint()
    config = Config(retries={"total_max_attempts": 1, "mode": "legacy"})
    theirs = boto3.client("bedrock-runtime", config=config, **endpoint.settings)
    ours = endpoint.client(max_attempts=1)
    yield endpoint, theirs, ours
    endpoint.stop()


def decode_blobs(value, shape):
    """Converts JSON of the wire into an argument, with the model of botocore."""
    if shape.type_name == "blob":
        return base64.b64decode(value)
    if shape.type_name == "list":
        return [decode_blobs(item, shape.member) for item in value]
    if shape.type_name == "structure" and not shape.is_document_type:
        return {name: decode_blobs(item, shape.members[name]) for name, item in value.items()}
    return value


def arguments(client, operation, exchange):
    """Returns the arguments that cause the recorded request."""
    labels = ["guardrailIdentifier", "guardrailVersion"] if operation == "ApplyGuardrail" else ["modelId"]
    values = [unquote(part) for part in exchange["path"].strip("/").split("/")[1::2]]
    found = dict(zip(labels, values))
    if operation.startswith("InvokeModel"):
        return {**found, "body": exchange["request"], "contentType": "application/json", "accept": "application/json"}
    shape = client.meta.service_model.operation_model(operation).input_shape
    return {**found, **decode_blobs(json.loads(exchange["request"]), shape)}


def outcome(client, operation, given):
    """Returns everything that a program can see of a call."""
    try:
        response = getattr(client, python_name(operation))(**given)
    except Exception as error:
        return failure(error)
    for name, value in list(response.items()):
        if hasattr(value, "read"):
            response[name] = value.read()
        elif hasattr(value, "get_initial_response"):
            response[name] = events(value)
    response["ResponseMetadata"] = metadata(response["ResponseMetadata"])
    return response


def events(stream):
    found = []
    try:
        for event in stream:
            found.append(event)
    except Exception as error:
        found.append(failure(error))
    return found


def failure(error):
    response = dict(getattr(error, "response", None) or {})
    if "ResponseMetadata" in response:
        response["ResponseMetadata"] = metadata(response["ResponseMetadata"])
    names = {cls.__name__ for cls in type(error).__mro__}
    return {
        "class": type(error).__name__,
        "is_client_error": "ClientError" in names,
        "response": response,
        "str": str(error),
        "operation": getattr(error, "operation_name", None),
    }


def is_union(shape):
    return getattr(shape, "is_tagged_union", False)


def zero_value(shape):
    if shape.type_name != "structure":
        return ZERO_VALUES[shape.type_name]
    return with_required_members({}, shape)


def with_required_members(value, shape):
    """Adds the required members that the service has left out. boto3 leaves them out, and this client sets them to the
    zero values of their types, unless they are unions: see "Differences from boto3" in `docs/python.md`.
    """
    if shape.type_name == "list" and isinstance(value, list):
        return [with_required_members(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {name: with_required_members(item, shape.value) for name, item in value.items()}
    if shape.type_name != "structure" or getattr(shape, "is_document_type", False):
        return value
    if isinstance(value, list):
        # The events of a stream.
        return [with_required_members(event, shape) for event in value]
    members = shape.members
    found = {name: with_required_members(item, members[name]) if name in members else item for name, item in value.items()}
    missing = [] if is_union(shape) else [name for name in shape.required_members if name not in value]
    return {**found, **{name: zero_value(members[name]) for name in missing if not is_union(members[name])}}


def expected_outcome(client, operation, given):
    """Returns the outcome of boto3 with the required members that the service has left out."""
    result = outcome(client, operation, given)
    if "class" in result:
        return result
    return with_required_members(result, client.meta.service_model.operation_model(operation).output_shape)


def metadata(of):
    """Returns `ResponseMetadata` without the headers that differ in each response."""
    different = ("date", "x-amzn-requestid")
    headers = {name: value for name, value in of.get("HTTPHeaders", {}).items() if name not in different}
    return {**of, "HTTPHeaders": headers, "RequestId": "RequestId" in of}


def compare(clients, operation, rule, given):
    endpoint, theirs, ours = clients
    endpoint.clear_faults()
    endpoint.inject(rule)
    compare_outcomes([(endpoint, theirs), (endpoint, ours)], operation, given)


def compare_outcomes(pairs, operation, given):
    """Compares the outcomes and the requests of two clients. Each client has an endpoint. Returns the calls."""
    outcomes, calls = [], []
    for (endpoint, client), outcome_of in zip(pairs, (expected_outcome, outcome)):
        endpoint.clear()
        outcomes.append(drop_latency(outcome_of(client, operation, given)))
        calls.extend(endpoint.calls)
    expected, found = outcomes
    assert found == expected
    their_call, our_call = calls
    assert our_call["target"] == their_call["target"]
    if our_call["body"] != their_call["body"]:
        assert json.loads(our_call["body"]) == json.loads(their_call["body"])
    # This client has a default of the content type, and boto3 has none.
    for name in ("content-type", "accept") if "contentType" in given else ("accept",):
        if operation.startswith("InvokeModel"):
            assert our_call["headers"].get(name) == their_call["headers"].get(name)
    return calls


def compare_recorded(pairs, operation, exchange):
    calls = compare_outcomes(pairs, operation, arguments(pairs[0][1], operation, exchange))
    # The endpoint has another status for a request that it cannot find.
    assert [call["status"] for call in calls] == [exchange["status"]] * 2


def request_of(exchange):
    """Returns the request of a recorded exchange. Some recorders have decoded the path."""
    path = "/".join(quote(unquote(part), safe="") for part in exchange["path"].split("/"))
    text = exchange["request"]
    body = {"json": json.loads(text)} if text else {"base64": ""}
    return {"method": exchange["method"], "path": path, "body": body}


def response_of(exchange):
    """Returns the response of a recorded exchange."""
    keep = ("content-type",)
    headers = {name: value for name, value in exchange["headers"].items() if name in keep or name.startswith("x-amzn-")}
    if exchange["status"] >= 400:
        # The recorders have dropped this header.
        headers.setdefault("x-amzn-errortype", CODES[exchange["status"]])
    if "body_base64" in exchange:
        body = exchange["body_base64"]
        headers.setdefault("content-type", STREAM_TYPE)
    else:
        body = base64.b64encode(exchange["body"].encode()).decode()
        headers.setdefault("content-type", "application/json")
    return {"status": exchange["status"], "headers": headers, "chunks": [{"at_ms": 0, "base64": body}]}


@pytest.mark.parametrize(("operation", "exchange"), list(exchanges()))
def test_recorded_exchanges(replaying, operation, exchange):
    compare_recorded(replaying, operation, exchange)


@pytest.mark.parametrize(
    "rule",
    [
        {"error": {"code": "ThrottlingException", "message": "slow down"}},
        {"error": {"code": "InternalServerException", "message": "a\nb"}},
        {"error": {"code": "AccessDeniedException"}},
        {"error": {"code": "ServiceUnavailableException", "message": "later"}},
        {"error": {"code": "ModelNotReadyException", "message": "later"}},
        {
            "error": {
                "code": "ModelErrorException",
                "message": "no",
                "originalStatusCode": 400,
                "resourceName": "r",
            }
        },
        {"status": 400, "headers": {"x-amzn-errortype": "OtherException"}, "body": '{"message":"other"}'},
        {"status": 418, "body": ""},
    ],
    ids=str,
)
def test_service_errors(clients, rule):
    compare(clients, "Converse", rule, {"modelId": MODEL, "messages": MESSAGES})


@pytest.mark.parametrize(
    "fault",
    [
        {"error": {"code": "ThrottlingException", "message": "slow"}},
        {"error": {"code": "ModelStreamErrorException", "message": "no", "originalStatusCode": 500}},
        {"error": {"code": "InternalServerException"}},
        {"unmodeled": {"code": "OtherException", "message": "other"}},
        {"unknown_event": "news"},
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", ["ConverseStream", "InvokeModelWithResponseStream"])
def test_events(clients, operation, fault):
    rule = {"break_stream": {"after_events": 1, "by": fault}}
    given = {
        "ConverseStream": CONVERSE,
        "InvokeModelWithResponseStream": {"modelId": CLAUDE, "body": CLAUDE_BODY},
    }
    compare_without_latency(clients, operation, rule, given[operation])


def compare_without_latency(clients, operation, rule, given):
    endpoint, theirs, ours = clients
    found = []
    for client in (theirs, ours):
        endpoint.clear_faults()
        endpoint.inject(rule)
        result = outcome(client, operation, given)
        text = json.dumps(result, default=lambda value: without_latency(value), sort_keys=True)
        found.append(json.loads(text, object_hook=lambda part: {k: v for k, v in part.items() if k != "latencyMs"}))
    assert found[1] == found[0]


@pytest.mark.parametrize("fault", ["wrong_checksum", {"truncate": 9}], ids=str)
@pytest.mark.parametrize("operation", ["ConverseStream", "InvokeModelWithResponseStream"])
def test_streams_that_are_not_valid(clients, operation, fault):
    """The classes differ, as `docs/python.md` describes: the class of botocore is more special, or not of botocore."""
    from botocore.eventstream import ChecksumMismatch, ParserError
    from botocore.exceptions import ResponseStreamingError
    from urllib3.exceptions import ProtocolError

    endpoint, theirs, ours = clients
    given = {"ConverseStream": CONVERSE, "InvokeModelWithResponseStream": {"modelId": CLAUDE, "body": CLAUDE_BODY}}
    classes = (ChecksumMismatch, ParserError) if fault == "wrong_checksum" else (ProtocolError, ResponseStreamingError)
    found = []
    for client, expected in zip((theirs, ours), classes):
        endpoint.clear_faults()
        endpoint.inject({"break_stream": {"after_events": 1, "by": fault}})
        response = getattr(client, python_name(operation))(**given[operation])
        events = []
        with pytest.raises(expected):
            for event in response["stream" if operation == "ConverseStream" else "body"]:
                events.append(event)
        found.append(events)
    assert len(found[1]) == 1
    assert found[1] == found[0]


@pytest.mark.parametrize("amount", [None, 5])
@pytest.mark.parametrize("end", ["close", "reset", "stall"])
def test_truncated_bodies(clients, end, amount):
    """For a body that was read in parts, boto3 has a class that is no `ResponseStreamingError`."""
    endpoint, theirs, ours = clients
    found = []
    for client in (theirs, ours):
        endpoint.clear_faults()
        endpoint.inject({"break": {"at": {"body_bytes": 30}, "by": end}})
        body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
        body.set_socket_timeout(0.2)
        read = []
        with pytest.raises(Exception) as raised:
            while data := body.read(amount):
                read.append(data)
        found.append((read, type(raised.value).__name__))
    expected = found[0]
    if (end, amount) == ("close", 5):
        assert expected[1] == "IncompleteReadError"
        expected = (expected[0], "ResponseStreamingError")
    assert found[1] == expected


def test_the_timeout_of_a_body_can_be_removed(clients):
    endpoint, *pair = clients
    endpoint.clear_faults()
    # The first part of the response contains its head.
    endpoint.inject({"status": 200, "body": "x" * 4096, "drip": {"bytes": 4096, "every_ms": 500}})
    for client in pair:
        body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
        body.set_socket_timeout(0.05)
        body.set_socket_timeout(None)
        assert body.read() == b"x" * 4096


def without_latency(value):
    """Returns a part of a stream without the latencies, which differ in each response."""
    part = json.loads(value)
    for key in ("invocationLatency", "firstByteLatency"):
        part.get("amazon-bedrock-invocationMetrics", {}).pop(key, None)
    return part


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("InvokeModel", {"modelId": EMBEDDING, "body": HELLO}),
        ("InvokeModel", {"modelId": EMBEDDING, "body": HELLO, "accept": "*/*", "trace": "ENABLED"}),
        ("CountTokens", {"modelId": "anthropic.claude-3-haiku-20240307-v1:0", "input": {"converse": {"messages": MESSAGES}}}),
        ("ListAsyncInvokes", {"maxResults": 3, "sortBy": "SubmissionTime"}),
        (
            "ApplyGuardrail",
            {
                "guardrailIdentifier": "gr-1",
                "guardrailVersion": "DRAFT",
                "source": "INPUT",
                "content": [{"text": {"text": "hi"}}],
            },
        ),
        ("InvokeGuardrailChecks", GUARDRAIL_CHECKS),
    ],
    ids=str,
)
def test_operations(clients, operation, given):
    endpoint, theirs, ours = clients
    endpoint.clear_faults()
    their_call, our_call = compare_outcomes([(endpoint, theirs), (endpoint, ours)], operation, given)
    assert our_call["method"] == their_call["method"]


@pytest.mark.parametrize("limits", [{"MaxItems": 2}, {"MaxItems": 3, "PageSize": 2}, {"MaxItems": 2, "PageSize": 2}, {"MaxItems": 5}], ids=str)
def test_pages_continue_at_the_token_of_boto3(clients, limits):
    endpoint, theirs, ours = clients
    endpoint.clear_faults()
    output = {"s3OutputDataConfig": {"s3Uri": "s3://bucket/path"}}
    while len(ours.list_async_invokes()["asyncInvokeSummaries"]) < 5:
        ours.start_async_invoke(modelId=VIDEO, modelInput=VIDEO_INPUT, outputDataConfig=output)
    start = None
    for _ in range(3):
        config = {**limits, "StartingToken": start}
        expected, found = (
            client.get_paginator("list_async_invokes").paginate(PaginationConfig=config).build_full_result()
            for client in (theirs, ours)
        )
        assert found == expected
        start = found.get("NextToken")
        if start is None:
            break


def drop_latency(result):
    result.get("ResponseMetadata", {}).get("HTTPHeaders", {}).pop("x-amzn-bedrock-invocation-latency", None)
    return result

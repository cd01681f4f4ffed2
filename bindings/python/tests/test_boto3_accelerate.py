"""Compares an accelerated client of boto3 with a client that is not accelerated: the same dictionaries, events and
exceptions.
"""

import array
import io
import json
import threading

import pytest
from conftest import CLAUDE, CLAUDE_BODY, CONVERSE, EMBEDDING, HELLO, MESSAGES, MODEL, VIDEO, VIDEO_INPUT

boto3 = pytest.importorskip("boto3")
import botocore.eventstream  # noqa: E402
import botocore.response  # noqa: E402
from botocore.config import Config  # noqa: E402
from test_boto3 import (  # noqa: E402, F401
    GUARDRAIL_CHECKS,
    compare_recorded,
    compare_without_latency,
    drop_latency,
    exchanges,
    expected_outcome,
    failure,
    outcome,
    recordings,
)
from urllib3.exceptions import ProtocolError  # noqa: E402

import invoke_model.boto3  # noqa: E402
from invoke_model.boto3 import _client  # noqa: E402
from invoke_model.testing import LocalEndpoint  # noqa: E402

GUARDRAIL = {"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT"}


def pair(endpoint, **settings):
    """Returns a client of boto3, and an accelerated client with the same settings."""
    settings = {**endpoint.settings, **settings}
    theirs, ours = (boto3.client("bedrock-runtime", **settings) for _ in range(2))
    return theirs, invoke_model.boto3.accelerate(ours)


@pytest.fixture(scope="module")
def clients():
    endpoint = LocalEndpoint()
    config = Config(retries={"total_max_attempts": 1, "mode": "legacy"})
    yield endpoint, *pair(endpoint, config=config)
    endpoint.stop()


@pytest.fixture
def declined(monkeypatch):
    """The calls that botocore had to make."""
    found = []
    request = _client.Acceleration.request

    def record(*arguments):
        if (made := request(*arguments)) is None:
            found.append(arguments[2].name)
        return made

    class Declined(Exception):
        def __init__(self):
            found.append("authorization or arguments")

    monkeypatch.setattr(_client.Acceleration, "request", record)
    monkeypatch.setattr(_client, "_Declined", Declined)
    return found


OPERATIONS = [
    ("ApplyGuardrail", {**GUARDRAIL, "source": "INPUT", "content": [{"text": {"text": "hi"}}]}),
    ("Converse", CONVERSE),
    ("ConverseStream", CONVERSE),
    ("CountTokens", {"modelId": CLAUDE, "input": {"converse": {"messages": MESSAGES}}}),
    ("CountTokens", {"modelId": CLAUDE, "input": {"invokeModel": {"body": CLAUDE_BODY}}}),
    ("InvokeGuardrailChecks", GUARDRAIL_CHECKS),
    ("InvokeModel", {"modelId": EMBEDDING, "body": HELLO}),
    ("InvokeModel", {"modelId": EMBEDDING, "body": bytearray(HELLO), "accept": "*/*", "trace": "ENABLED"}),
    ("InvokeModelWithResponseStream", {"modelId": CLAUDE, "body": CLAUDE_BODY}),
    ("ListAsyncInvokes", {"maxResults": 3, "sortBy": "SubmissionTime"}),
]


@pytest.mark.parametrize(("operation", "given"), OPERATIONS, ids=str)
def test_operations(clients, declined, operation, given):
    endpoint, theirs, ours = clients
    endpoint.clear_faults()
    endpoint.clear()
    expected = normalized(expected_outcome(theirs, operation, given))
    assert normalized(outcome(ours, operation, given)) == expected
    their_call, our_call = endpoint.calls
    assert declined == []
    for name in ("method", "target", "signature"):
        assert our_call[name] == their_call[name]
    assert our_call["signature"] == "valid"
    assert our_call["headers"]["user-agent"] == their_call["headers"]["user-agent"]
    assert our_call["headers"]["amz-sdk-request"] == their_call["headers"]["amz-sdk-request"]
    assert our_call["body"] == their_call["body"] or json.loads(our_call["body"]) == json.loads(their_call["body"])


def test_every_operation_is_tested(clients):
    methods = set(clients[1].meta.method_to_api_mapping.values())
    tested = {operation for operation, _ in OPERATIONS}
    # `test_asynchronous_invocations` calls the first two. boto3 has no method for the third.
    other = {"GetAsyncInvoke", "StartAsyncInvoke", "InvokeModelWithBidirectionalStream"}
    assert methods == tested | other


def json_of(value):
    return json.loads(value) if isinstance(value, bytes) else str(value)


def normalized(result):
    """Drops the latencies, which differ in each response."""
    text = json.dumps(drop_latency(result), default=json_of, sort_keys=True)
    metrics = ("latencyMs", "invocationLatency", "firstByteLatency")
    return json.loads(text, object_hook=lambda part: {k: v for k, v in part.items() if k not in metrics})


def test_asynchronous_invocations(clients, declined):
    _, theirs, ours = clients
    output = {"s3OutputDataConfig": {"s3Uri": "s3://bucket/path"}}
    given = {"modelId": VIDEO, "modelInput": VIDEO_INPUT, "outputDataConfig": output}
    started = [client.start_async_invoke(**given) for client in (theirs, ours)]
    for response in started:
        assert set(response) == {"ResponseMetadata", "invocationArn"}
    arn = started[0]["invocationArn"]
    expected, found = (client.get_async_invoke(invocationArn=arn) for client in (theirs, ours))
    del expected["ResponseMetadata"], found["ResponseMetadata"]
    assert found == expected
    assert found["submitTime"].tzinfo is not None
    pages = [page for page in ours.get_paginator("list_async_invokes").paginate(maxResults=1)]
    assert [len(page["asyncInvokeSummaries"]) for page in pages][:2] == [1, 1]
    assert declined == []


@pytest.fixture(scope="module")
def replaying(recordings):  # noqa: F811
    """Both clients, each with an endpoint that replays the recorded exchanges."""
    endpoints = [LocalEndpoint(replay=recordings) for _ in range(2)]
    config = Config(retries={"total_max_attempts": 1, "mode": "legacy"})
    yield [(endpoint, pair(endpoint, config=config)[kind]) for kind, endpoint in enumerate(endpoints)]
    for endpoint in endpoints:
        endpoint.stop()


@pytest.mark.parametrize(("operation", "exchange"), list(exchanges()))
def test_recorded_exchanges(replaying, operation, exchange):
    compare_recorded(replaying, operation, exchange)


@pytest.mark.parametrize(
    "rule",
    [
        {"error": {"code": "ThrottlingException", "message": "slow down"}},
        {"error": {"code": "InternalServerException", "message": "a\nb"}},
        {"error": {"code": "AccessDeniedException"}},
        {"error": {"code": "ModelErrorException", "message": "no", "originalStatusCode": 400, "resourceName": "r"}},
        {"status": 400, "headers": {"x-amzn-errortype": "OtherException"}, "body": '{"message":"other"}'},
        {"status": 418, "body": ""},
        {"status": 502, "headers": {"content-type": "text/html"}, "body": "<html>bad gateway</html>"},
        {"status": 300, "body": "{}"},
        {"status": 200, "body": "this is not JSON"},
        {"status": 200, "body": ""},
        {"break": {"at": "request", "by": "close"}},
        {"break": {"at": "request", "by": "reset"}},
        {"break": {"at": {"body_bytes": 9}, "by": "reset"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("attempts", [1, 2])
def test_failures(rule, attempts, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    results = []
    for mode in ("legacy", "standard"):
        with invoke_model.testing.local_endpoint(faults=[rule]) as endpoint:
            config = Config(retries={"total_max_attempts": attempts, "mode": mode})
            for client in pair(endpoint, config=config):
                endpoint.clear()
                results.append((outcome(client, "Converse", CONVERSE), len(endpoint.calls)))
        assert results[-1] == results[-2], mode


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_until_success(mode, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    fault = {"first": 1, "error": {"code": "ThrottlingException", "message": "slow down"}}
    config = Config(retries={"total_max_attempts": 3, "mode": mode})
    with invoke_model.testing.local_endpoint() as endpoint:
        results = []
        for client in pair(endpoint, config=config):
            endpoint.clear_faults()
            endpoint.inject(fault)
            endpoint.clear()
            results.append(client.converse(**CONVERSE)["ResponseMetadata"]["RetryAttempts"])
            first, second = (call["headers"] for call in endpoint.calls)
            assert first["amz-sdk-invocation-id"] == second["amz-sdk-invocation-id"]
            assert second["amz-sdk-request"].endswith("attempt=2; max=3")
    assert results == [1, 1]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"modelId": ""},
        {"modelId": MODEL, "messages": None},
        {"modelId": MODEL, "messages": [{"role": "user", "content": "hi"}]},
        {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}], "unknown": 1},
        {"modelId": MODEL, "toolConfig": {"tools": []}},
        {"modelId": MODEL, "inferenceConfig": {"maxTokens": 0, "temperature": -1, "stopSequences": [""]}},
        {"modelId": MODEL, "additionalModelRequestFields": {"a": object}},
        {"modelId": MODEL, "system": [{}]},
        {**CONVERSE, "inferenceConfig": {"maxTokens": True}},
        {**CONVERSE, "inferenceConfig": {"temperature": True}},
    ],
    ids=str,
)
def test_invalid_arguments(clients, given):
    clients[0].clear_faults()
    expected, found = (outcome(client, "Converse", given) for client in clients[1:])
    assert found == expected
    assert found["class"] in ("ParamValidationError", "ValidationException")


def image(value):
    content = [{"image": {"format": "png", "source": {"bytes": value}}}]
    return {"modelId": MODEL, "messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize("create", [memoryview, bytearray, io.BytesIO, lambda data: array.array("b", data)], ids=str)
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("InvokeModel", lambda body: {"modelId": EMBEDDING, "body": body}), ("Converse", image)],
    ids=["payload", "image"],
)
def test_kinds_of_blobs(clients, operation, arguments, create):
    """botocore neither accepts other buffers nor reads the file of an image."""
    endpoint, *pair = clients
    endpoint.clear_faults()
    found, bodies, values = [], [], []
    for client, outcome_of in zip(pair, (expected_outcome, outcome)):
        endpoint.clear()
        values.append(create(HELLO))
        found.append(normalized(outcome_of(client, operation, arguments(values[-1]))))
        read = bytes if operation == "InvokeModel" else json.loads
        bodies.append([read(call["body"]) for call in endpoint.calls])
    # The text of the exception contains the address of the value.
    theirs, ours = (json.dumps(result).replace(repr(value), "") for result, value in zip(found, values))
    assert ours == theirs
    assert bodies[1] == bodies[0]


@pytest.mark.parametrize(
    "fault",
    [
        {"error": {"code": "ThrottlingException", "message": "slow"}},
        {"error": {"code": "ModelStreamErrorException", "message": "no", "originalStatusCode": 500}},
        {"unmodeled": {"code": "OtherException", "message": "other"}},
        {"unknown_event": "news"},
        "wrong_checksum",
        {"truncate": 9},
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", ["ConverseStream", "InvokeModelWithResponseStream"])
def test_events(clients, operation, fault):
    given = {"ConverseStream": CONVERSE, "InvokeModelWithResponseStream": {"modelId": CLAUDE, "body": CLAUDE_BODY}}
    rule = {"break_stream": {"after_events": 1, "by": fault}}
    compare_without_latency(clients, operation, rule, given[operation])


@pytest.mark.parametrize("during_read", [False, True])
def test_a_stream_that_another_thread_closes_does_not_end(local_endpoint, during_read):
    if during_read:
        local_endpoint.inject({"break": {"at": {"body_bytes": 200}, "by": "stall"}})
    client = invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", **local_endpoint.settings))
    stream = client.converse_stream(**CONVERSE)["stream"]
    events = iter(stream)
    next(events)
    timer = threading.Timer(0.3, stream.close)
    timer.start()
    if not during_read:
        timer.join()
    with pytest.raises(ProtocolError, match="closed"):
        list(events)


def test_large_integers(local_endpoint):
    """The types of the package have no integers of more than 64 bits, so botocore parses the response."""
    number = 123456789012345678901
    use = {"toolUse": {"toolUseId": "x", "name": "n", "input": {"card": number}}}
    body = {"output": {"message": {"role": "assistant", "content": [use]}}, "stopReason": "tool_use"}
    local_endpoint.inject({"status": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)})
    client = invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", **local_endpoint.settings))
    content = client.converse(**CONVERSE)["output"]["message"]["content"]
    assert content[0]["toolUse"]["input"] == {"card": number}


def test_classes(clients):
    _, theirs, ours = clients
    assert type(ours).__mro__[1:] == type(theirs).__mro__[1:]
    assert ours.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].__class__ is botocore.response.StreamingBody
    stream = ours.converse_stream(**CONVERSE)["stream"]
    assert isinstance(stream, botocore.eventstream.EventStream)
    with pytest.raises(botocore.eventstream.NoInitialResponseError):
        stream.get_initial_response()
    stream.close()
    with pytest.raises(ours.exceptions.ValidationException) as raised:
        ours.converse(modelId="nonsense", messages=MESSAGES)
    assert type(raised.value) is ours.exceptions.ValidationException
    assert failure(raised.value)["is_client_error"]


def test_streaming_body(clients):
    _, theirs, ours = clients
    reads = [
        lambda body: body.read(),
        lambda body: [body.read(7), body.tell(), body.read(), body.read(), body.tell()],
        lambda body: list(body.iter_lines(chunk_size=3)),
        lambda body: list(body.iter_chunks(10)),
        lambda body: list(body),
        lambda body: (next(body), body.readable()),
        lambda body: (body.readinto(buffer := bytearray(9)), bytes(buffer)),
        lambda body: body.readlines(),
        lambda body: body.read(0),
        lambda body: body.__enter__().read(4),
    ]
    for read in reads:
        expected, found = (
            read(client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]) for client in (theirs, ours)
        )
        assert found == expected


@pytest.mark.parametrize("amount", [None, 5])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_truncated_body(clients, end, amount):
    endpoint, theirs, ours = clients
    results = []
    for client in (theirs, ours):
        endpoint.clear_faults()
        endpoint.inject({"break": {"at": {"body_bytes": 30}, "by": end}})
        body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
        results.append(read_all(body, amount))
    endpoint.clear_faults()
    assert results[1] == results[0]


def read_all(body, amount):
    read = []
    try:
        while data := body.read(amount):
            read.append(data)
    except Exception as error:
        return read, type(error), str(error)
    return read


def test_files(clients, tmp_path):
    endpoint, theirs, ours = clients
    path = tmp_path / "body.json"
    path.write_bytes(HELLO)
    for client in (theirs, ours):
        endpoint.clear()
        with path.open("rb") as file:
            client.invoke_model(modelId=EMBEDDING, body=file)
        assert endpoint.calls[0]["body"] == HELLO

"""Calls, and the shapes of their results."""

import array
import datetime
import gc
import io
import sys
import time

import pytest
from conftest import CLAUDE, EMBEDDING, HELLO, MESSAGES, MODEL, VIDEO, VIDEO_INPUT

import invoke_model
from invoke_model.testing import LocalEndpoint


def test_the_readme_call(client):
    response = client.converse(modelId=MODEL, messages=MESSAGES)
    assert response["output"]["message"] == {"role": "assistant", "content": [{"text": "You said: hi"}]}
    metadata = response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    assert metadata["RetryAttempts"] == 0
    assert metadata["HTTPHeaders"]["x-amzn-requestid"] == metadata["RequestId"]


def test_an_output_message_can_be_an_input(client):
    message = client.converse(modelId=MODEL, messages=MESSAGES)["output"]["message"]
    more = [*MESSAGES, message, {"role": "user", "content": [{"text": "again"}]}]
    response = client.converse(modelId=MODEL, messages=more)
    assert response["output"]["message"]["content"] == [{"text": "You said: again"}]


@pytest.mark.parametrize("body", [HELLO, bytearray(HELLO), memoryview(HELLO), HELLO.decode(), io.BytesIO(HELLO)])
def test_bodies(client, local_endpoint, body):
    response = client.invoke_model(modelId=EMBEDDING, body=body)
    assert list(response) == ["ResponseMetadata", "contentType", "body"]
    assert response["contentType"] == "application/json"
    assert response["body"].read().startswith(b'{"embedding":[')
    assert local_endpoint.calls[0]["body"] == HELLO


class Observer:
    """An interceptor that runs a function while the request is sent."""

    def __init__(self, observe):
        self.observe = observe

    def before_send(self, request, context):
        self.observe()


@pytest.mark.parametrize(
    "view",
    [memoryview, lambda body: memoryview(body)[4:], lambda body: memoryview(memoryview(body)[1:-1])[3:]],
    ids=["view", "part", "part of a part"],
)
def test_views_of_bytes_are_not_copied(local_endpoint, view):
    local_endpoint.inject({"status": 200, "headers": {"content-type": "application/json"}, "body": "{}"})
    content = bytes(1000) + b"!"
    body, found = view(content), []
    observer = Observer(lambda: found.append(sys.getrefcount(content)))
    observer.before_send(None, None)
    local_endpoint.client(interceptors=[observer]).invoke_model(modelId=EMBEDDING, body=body)
    # The request refers to the content.
    assert found[1] > found[0]
    assert local_endpoint.calls[0]["body"] == bytes(body)


@pytest.mark.parametrize("create", [bytearray, lambda content: array.array("B", content)], ids=["bytearray", "array"])
@pytest.mark.parametrize("view", [lambda body: body, memoryview], ids=["whole", "view"])
def test_buffers_that_can_change_are_copied(local_endpoint, create, view):
    content = create(HELLO)

    def change():
        content[0] = 0

    with local_endpoint.client(interceptors=[Observer(change)]) as client:
        client.invoke_model(modelId=EMBEDDING, body=view(content))["body"].read()
    assert content[0] == 0
    assert local_endpoint.calls[0]["body"] == HELLO


def test_views_that_are_not_contiguous_are_copied(client, local_endpoint):
    view = memoryview(b"".join(bytes((byte, 0)) for byte in HELLO))[::2]
    client.invoke_model(modelId=EMBEDDING, body=view)
    assert local_endpoint.calls[0]["body"] == HELLO


def test_a_file_is_read_from_its_position(client, local_endpoint, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(b"skip" + HELLO)
    with path.open("rb") as file:
        file.seek(4)
        client.invoke_model(modelId=EMBEDDING, body=file)["body"].read()
    assert local_endpoint.calls[0]["body"] == HELLO


def test_blobs_are_bytes(client, local_endpoint):
    image = {"image": {"format": "png", "source": {"bytes": b"\xff\x00"}}}
    client.converse(modelId=MODEL, messages=[{"role": "user", "content": [image, {"text": "hi"}]}])
    assert b'{"bytes":"/wA="}' in local_endpoint.calls[0]["body"]


def body(client):
    return client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]


def test_streaming_body(client):
    whole = body(client).read()
    chunks = body(client)
    parts = [chunks.read(10), chunks.read(0), chunks.read(5)]
    assert parts == [whole[:10], b"", whole[10:15]]
    assert chunks.tell() == 15
    assert next(chunks) == whole[15 : 15 + 1024]
    buffer = bytearray(7)
    assert chunks.readinto(buffer) == 7
    assert bytes(buffer) == whole[1039:1046]
    assert chunks.read() == whole[1046:]
    assert (chunks.read(), chunks.read(3)) == (b"", b"")
    assert body(client).text() == whole.decode()
    assert b"".join(body(client).iter_chunks(100)) == whole
    assert b"".join(body(client)) == whole
    assert list(body(client).iter_lines()) == [whole]
    with body(client) as stream:
        assert stream.readable()
        assert stream.read(1) == b"{"
    with pytest.raises(ValueError, match="closed file"):
        stream.read()


def test_lines_of_a_body(client, local_endpoint):
    text = b"first\nsecond\n\nlast"
    local_endpoint.inject({"status": 200, "body": text.decode()})
    stream = body(client)
    assert stream.readline() == b"first\n"
    assert stream.readline(3) == b"sec"
    assert stream.tell() == 9
    assert stream.read(2) == b"on"
    assert stream.readlines() == [b"d\n", b"\n", b"last"]
    assert stream.readline() == b""
    for keepends in (False, True):
        assert list(body(client).iter_lines(4, keepends)) == text.splitlines(keepends)
    assert body(client).readlines() == text.splitlines(True)


def test_event_streams(client):
    response = client.converse_stream(modelId=MODEL, messages=MESSAGES)
    stream = response["stream"]
    assert stream.get_initial_response()["ResponseMetadata"] == response["ResponseMetadata"]
    first = next(iter(stream))
    assert first == {"messageStart": {"role": "assistant"}}
    text = [event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event]
    assert "".join(text) == "You said: hi"
    assert list(stream) == []
    assert stream.metadata["usage"]["output_tokens"] == 4
    stream.close()


def test_parts_of_a_stream_are_bytes(client):
    body = '{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
    with client.invoke_model_with_response_stream(modelId=CLAUDE, body=body)["body"] as stream:
        parts = [event["chunk"]["bytes"] for event in stream]
    assert all(type(part) is bytes for part in parts)
    assert parts[0].startswith(b'{"type":"message_start"')


def test_dropping_a_stream_closes_its_connection(client, local_endpoint):
    local_endpoint.inject({"pace_ms": 600_000})
    response = client.converse_stream(modelId=MODEL, messages=MESSAGES)
    assert local_endpoint.calls[0]["stream"]["end"] is None
    del response
    gc.collect()
    # No further call drives the connection.
    while local_endpoint.calls[0]["stream"]["end"] is None:
        time.sleep(0.01)


def test_a_closed_stream_raises(client):
    stream = client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"]
    stream.close()
    with pytest.raises(ValueError, match="closed file"):
        next(iter(stream))


def start(client):
    output = {"s3OutputDataConfig": {"s3Uri": "s3://bucket/path"}}
    return client.start_async_invoke(modelId=VIDEO, modelInput=VIDEO_INPUT, outputDataConfig=output)


def test_pages_and_timestamps(client):
    arns = [start(client)["invocationArn"] for _ in range(3)]
    assert client.can_paginate("list_async_invokes")
    assert not client.can_paginate("converse")
    paginator = client.get_paginator("list_async_invokes")
    pages = list(paginator.paginate(sortOrder="Ascending", PaginationConfig={"PageSize": 2}))
    found = [[summary["invocationArn"] for summary in page["asyncInvokeSummaries"]] for page in pages]
    assert found == [arns[:2], arns[2:]]
    limited = paginator.paginate(PaginationConfig={"PageSize": 2, "MaxItems": 1}).build_full_result()
    assert len(limited["asyncInvokeSummaries"]) == 1
    job = client.get_async_invoke(invocationArn=arns[0])
    submitted = job["submitTime"]
    assert submitted.tzinfo is not None
    assert abs(datetime.datetime.now(datetime.timezone.utc) - submitted) < datetime.timedelta(hours=1)
    later = submitted + datetime.timedelta(days=1)
    assert client.list_async_invokes(submitTimeAfter=later)["asyncInvokeSummaries"] == []
    assert len(client.list_async_invokes(submitTimeBefore=later.isoformat())["asyncInvokeSummaries"]) == 3
    with pytest.raises(Exception, match="cannot be paginated: converse"):
        client.get_paginator("converse")


def test_unknown_union_members(client, local_endpoint):
    body = {
        "output": {"message": {"role": "assistant", "content": [{"news": {"a": 1}}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }
    local_endpoint.inject({"status": 200, "headers": {"content-type": "application/json"}, "body_json": body})
    content = client.converse(modelId=MODEL, messages=MESSAGES)["output"]["message"]["content"]
    assert content == [{"SDK_UNKNOWN_MEMBER": {"name": "news"}}]


def test_a_union_member_without_a_name(client, local_endpoint):
    body = {"output": {"message": {"role": "assistant", "content": [{"": 1}]}}, "stopReason": "end_turn"}
    local_endpoint.inject({"status": 200, "headers": {"content-type": "application/json"}, "body_json": body})
    message = client.converse(modelId=MODEL, messages=MESSAGES)["output"]["message"]
    assert message["content"] == [{"SDK_UNKNOWN_MEMBER": {"name": ""}}]


def test_attributes(client, local_endpoint):
    assert client.meta.region_name == "us-east-1"
    assert client.meta.endpoint_url == local_endpoint.url
    assert client.meta.method_to_api_mapping["invoke_model"] == "InvokeModel"
    assert set(client.meta.method_to_api_mapping) <= set(dir(client))
    assert client.exceptions.from_code("Other").__name__ == "ClientError"
    with pytest.raises(ValueError, match="Waiter does not exist"):
        client.get_waiter("x")
    assert local_endpoint.url in repr(client)
    assert invoke_model.__version__


def test_a_config_of_botocore(local_endpoint):
    config = pytest.importorskip("botocore.config").Config(
        read_timeout=5, connect_timeout=2, retries={"max_attempts": 0, "mode": "standard"}, user_agent_extra="x"
    )
    local_endpoint.inject({"error": {"code": "ThrottlingException"}})
    with local_endpoint.client(config=config) as client:
        with pytest.raises(client.exceptions.ThrottlingException) as caught:
            client.converse(modelId=MODEL, messages=MESSAGES)
    assert caught.value.attempts == 1
    assert str(caught.value).startswith(
        "An error occurred (ThrottlingException) when calling the Converse operation (reached max retries: 0): "
    )


def test_a_client_keeps_its_endpoint():
    client = LocalEndpoint().client()
    gc.collect()
    assert client.converse(modelId=MODEL, messages=MESSAGES)["stopReason"] == "end_turn"


def test_the_help_of_a_method_lists_its_arguments(client):
    for method in (client.converse, invoke_model.AsyncClient.converse):
        lines = method.__doc__.splitlines()
        assert lines[4:7] == ["* modelId (required)", "* messages", "* system"]
        assert "* inferenceConfig" in lines


def test_members_that_the_response_does_not_contain(client, local_endpoint):
    """boto3 leaves out the required union `output`."""
    headers = {"content-type": "application/json"}
    for body in ({"stopReason": "end_turn"}, {"stopReason": "end_turn", "output": None}):
        local_endpoint.clear_faults()
        local_endpoint.inject({"status": 200, "headers": headers, "body_json": body})
        response = client.converse(modelId=MODEL, messages=MESSAGES)
        assert response["stopReason"] == "end_turn"
        assert "output" not in response

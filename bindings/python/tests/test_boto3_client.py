"""Tests of accelerated clients: credentials, settings, streams, threads and processes."""

import copy
import json
import multiprocessing
import pickle
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from conftest import CONVERSE, EMBEDDING, HELLO

boto3 = pytest.importorskip("boto3")
import botocore.exceptions  # noqa: E402
import botocore.response  # noqa: E402
import botocore.session  # noqa: E402
from botocore import UNSIGNED  # noqa: E402
from botocore.config import Config  # noqa: E402
from test_decoder import event  # noqa: E402
from botocore.credentials import RefreshableCredentials  # noqa: E402
from urllib3.exceptions import ProtocolError  # noqa: E402

import invoke_model.boto3  # noqa: E402


def add_header(request, **kwargs):
    request.headers["x-added"] = "yes"


def test_refreshed_credentials(local_endpoint, paths):
    """Each attempt uses the current credentials."""
    now = [datetime.now(timezone.utc)]
    refreshed = []

    def refresh():
        refreshed.append(now[0])
        return {
            "access_key": local_endpoint.settings["aws_access_key_id"],
            "secret_key": local_endpoint.settings["aws_secret_access_key"],
            "token": None,
            "expiry_time": (now[0] + timedelta(hours=1)).isoformat(),
        }

    credentials = RefreshableCredentials("wrong", "wrong", None, now[0], refresh, "test", time_fetcher=lambda: now[0])
    session = botocore.session.Session()
    session._credentials = credentials
    client = session.create_client(
        "bedrock-runtime", local_endpoint.region_name, endpoint_url=local_endpoint.url
    )
    invoke_model.boto3.accelerate(client)
    client.converse(**CONVERSE)
    client.converse(**CONVERSE)
    assert len(refreshed) == 1
    now[0] += timedelta(hours=2)
    client.converse(**CONVERSE)
    assert len(refreshed) == 2
    assert [call["signature"] for call in local_endpoint.calls] == ["valid"] * 3
    assert paths == ["native"] * 3


def test_session_tokens(local_endpoint, create):
    with pytest.raises(botocore.exceptions.ClientError, match="UnrecognizedClientException"):
        create(aws_session_token="token").converse(**CONVERSE)
    assert local_endpoint.calls[0]["headers"]["x-amz-security-token"] == "[redacted]"


def test_missing_credentials(create):
    session = botocore.session.Session()
    session._credentials = None
    client = session.create_client("bedrock-runtime", "us-east-1", endpoint_url="http://127.0.0.1:9")
    client._request_signer._credentials = None
    invoke_model.boto3.accelerate(client)
    with pytest.raises(botocore.exceptions.NoCredentialsError):
        client.converse(**CONVERSE)


def test_bearer_tokens(local_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "secret-token")
    settings = {"region_name": local_endpoint.region_name, "endpoint_url": local_endpoint.url}
    plain, client = (boto3.client("bedrock-runtime", **settings) for _ in range(2))
    invoke_model.boto3.accelerate(client)
    for one in (client, plain):
        # botocore sends tokens only to HTTPS endpoints.
        with pytest.raises(botocore.exceptions.InvalidEndpointConfigurationError):
            one.converse(**CONVERSE)
    assert local_endpoint.calls == []
    client._acceleration._calls.call("Converse", CONVERSE, local_endpoint.url, {}, None, "secret-token", False)
    assert local_endpoint.calls[0]["headers"]["authorization"] == "[redacted]"
    assert local_endpoint.calls[0]["error_code"] == "AccessDeniedException"
    assert not local_endpoint.calls[0]["signed"]


def test_unsigned_requests(create, local_endpoint):
    client = create(config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    with pytest.raises(botocore.exceptions.ClientError):
        client.converse(**CONVERSE)
    assert not local_endpoint.calls[0]["signed"]
    assert "authorization" not in local_endpoint.calls[0]["headers"]


def test_removed_handlers_of_botocore(create, local_endpoint, paths):
    client = create(config=Config(retries={"total_max_attempts": 1}))
    user_agent = client._user_agent_creator.rebuild_and_replace_user_agent_handler
    client.meta.events.unregister("request-created.bedrock-runtime", user_agent)
    client.converse(**CONVERSE)
    assert local_endpoint.calls[0]["signed"]
    client.meta.events.unregister("request-created.bedrock-runtime", client._request_signer.handler)
    with pytest.raises(botocore.exceptions.ClientError, match="Missing Authentication Token"):
        client.converse(**CONVERSE)
    assert "authorization" not in local_endpoint.calls[1]["headers"]
    assert paths == ["botocore", "botocore"]


def test_replaced_sockets_are_used(create, monkeypatch):
    opened = []

    class Socket(socket.socket):
        def connect(self, address):
            opened.append(address)
            return super().connect(address)

    client = create()
    client.converse(**CONVERSE)
    monkeypatch.setattr(socket, "socket", Socket)
    client.converse(**CONVERSE)
    monkeypatch.undo()
    assert len(opened) == 1


def test_presigned_urls(create):
    parameters = {"invocationArn": "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl"}
    url = create().generate_presigned_url("get_async_invoke", Params=parameters)
    assert "X-Amz-Signature=" in url


def test_user_agent(create, local_endpoint, paths):
    create(config=Config(user_agent_extra="my/extra", user_agent_appid="app")).converse(**CONVERSE)
    agent = local_endpoint.calls[0]["headers"]["user-agent"]
    assert "my/extra" in agent and "app/app" in agent and agent.startswith("Boto3/")
    assert paths == ["native"]


@pytest.mark.parametrize("hooked", [False, True])
def test_read_timeout(create, local_endpoint, hooked):
    local_endpoint.inject({"delay_ms": 60_000})
    client = create(config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}))
    if hooked:
        client.meta.events.register("before-send", add_header)
    with pytest.raises(botocore.exceptions.ReadTimeoutError) as raised:
        client.converse(**CONVERSE)
    assert str(raised.value).startswith('Read timeout on endpoint URL: "http://127.0.0.1:')
    assert str(raised.value).endswith('/converse"')


@pytest.mark.parametrize("hooked", [False, True])
def test_read_timeout_of_a_body(create, local_endpoint, hooked):
    client = create(config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}))
    if hooked:
        client.meta.events.register("before-send", add_header)
    local_endpoint.inject({"drip": {"bytes": 300, "every_ms": 60_000}})
    body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        body.read()


def receive_slowly(server, size, head_end=b"\r\n\r\n"):
    """Receives a request for longer than the read timeout, and then responds."""
    connection, _ = server.accept()
    with connection:
        received = connection.recv(65536)
        size += received.index(head_end) + len(head_end)
        left = size - len(received)
        while left > 0:
            # This wait limits the rate of the upload.
            threading.Event().wait(0.25)
            part = connection.recv(min(left, 1_000_000), socket.MSG_WAITALL)
            assert part
            left -= len(part)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")


@pytest.mark.parametrize("hooked", [False, True])
def test_the_read_timeout_does_not_end_an_upload_with_progress(create, hooked):
    body = b"x" * 24_000_000
    with socket.create_server(("127.0.0.1", 0)) as server:
        # The buffers of the sockets must be smaller than the body.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        thread = threading.Thread(target=receive_slowly, args=(server, len(body)))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = create(endpoint_url=url, config=Config(read_timeout=4, retries={"total_max_attempts": 1}))
        if hooked:
            client.meta.events.register("before-send", add_header)
        assert client.invoke_model(modelId=EMBEDDING, body=body)["body"].read() == b"{}"
        thread.join()


def serve_two_events(server, is_first_received):
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        head = "HTTP/1.1 200 OK", "content-type: application/vnd.amazon.eventstream", "transfer-encoding: chunked"
        connection.sendall("\r\n".join((*head, "", "")).encode())
        for name, payload in (("messageStart", {"role": "assistant"}), ("messageStop", {"stopReason": "end_turn"})):
            data = event(name, payload)
            connection.sendall(b"%x\r\n%b\r\n" % (len(data), data))
            assert is_first_received.wait(60)
        connection.sendall(b"0\r\n\r\n")


@pytest.mark.parametrize("hooked", [False, True])
def test_events_are_delivered_when_they_arrive(create, hooked):
    """The server sends the second event after the client has received the first event."""
    is_first_received = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve_two_events, args=(server, is_first_received))
        thread.start()
        client = create(endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        if hooked:
            client.meta.events.register("before-send", add_header)
        events = iter(client.converse_stream(**CONVERSE)["stream"])
        assert next(events) == {"messageStart": {"role": "assistant"}}
        is_first_received.set()
        assert list(events) == [{"messageStop": {"stopReason": "end_turn"}}]
        thread.join()


@pytest.mark.parametrize("proxy", ["http://user:secret@127.0.0.1:9", "127.0.0.1:9"])
def test_proxies(create, local_endpoint, proxy):
    config = Config(proxies={"http": proxy}, retries={"total_max_attempts": 1})
    plain = boto3.client("bedrock-runtime", config=config, **local_endpoint.settings)
    texts = []
    for client in (plain, create(config=config)):
        with pytest.raises(botocore.exceptions.ProxyConnectionError) as raised:
            client.converse(**CONVERSE)
        texts.append(str(raised.value))
    assert texts[1] == texts[0]
    assert local_endpoint.calls == []


def test_streams_with_hooks(create):
    client = create()
    client.meta.events.register("before-send", add_header)
    events = [list(event)[0] for event in client.converse_stream(**CONVERSE)["stream"]]
    assert events[0] == "messageStart" and events[-1] == "metadata"
    body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
    assert isinstance(body, botocore.response.StreamingBody)
    assert "embedding" in json.loads(body.read())


def test_another_thread_can_end_a_read(create, local_endpoint):
    local_endpoint.inject({"pace_ms": 60_000})
    client = create()
    stream = client.converse_stream(**CONVERSE)["stream"]
    outcome = []

    def read():
        try:
            outcome.append(list(stream))
        except ProtocolError as error:
            outcome.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    # Libraries shut the socket down, because `close` waits for the reader in urllib3.
    stream._raw_stream.connection.sock.shutdown(2)
    stream.close()
    reader.join(timeout=30)
    assert not reader.is_alive()
    assert "closed" in str(outcome[0])


def test_threads(create, local_endpoint):
    client = create()
    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda _: client.converse(**CONVERSE)["stopReason"], range(100)))
    assert results == ["end_turn"] * 100
    assert len(local_endpoint.calls) == 100


def _call_in_child(client, results):
    results.put(client.converse(**CONVERSE)["stopReason"])


def test_forked_child(create):
    client = create()
    client.converse(**CONVERSE)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_call_in_child, args=(client, results))
    child.start()
    assert results.get(timeout=30) == "end_turn"
    child.join(timeout=30)
    assert child.exitcode == 0
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"


def test_copies_are_as_good_as_those_of_boto3(create, local_endpoint):
    plain, client = boto3.client("bedrock-runtime", **local_endpoint.settings), create()
    for function in (pickle.dumps, copy.copy, copy.deepcopy):
        results = []
        for one in (plain, client):
            try:
                results.append(type(function(one)))
            except Exception as error:
                results.append(type(error))
        assert results[0] is results[1]


def test_closed_clients_reconnect(create, local_endpoint):
    client = create()
    client.converse(**CONVERSE)
    client.close()
    client.converse(**CONVERSE)
    assert [call["connection_id"] for call in local_endpoint.calls] == [1, 2]


def test_connections_are_used_again(create, local_endpoint):
    client = create()
    for _ in range(3):
        client.converse(**CONVERSE)
        client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
        list(client.converse_stream(**CONVERSE)["stream"])
    client.meta.events.register("before-send", add_header)
    client.converse(**CONVERSE)
    assert {call["connection_id"] for call in local_endpoint.calls} == {1}


def test_endpoint_with_a_path(create, local_endpoint, paths):
    client = create(endpoint_url=f"{local_endpoint.url}/base/")
    with pytest.raises(botocore.exceptions.ClientError):
        client.converse(**CONVERSE)
    assert local_endpoint.calls[0]["target"] == "/base/model/us.amazon.nova-lite-v1%3A0/converse"
    assert paths == ["native"]

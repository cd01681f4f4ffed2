"""Signatures and transports for `httpx` and `httpx2`, and the clients that use them."""

import asyncio
import json
import os
import socket
import subprocess
import sys

import pytest
from conftest import CLAUDE, EMBEDDING, HELLO, Peer

import invoke_model
import invoke_model.testing

CLAUDE_BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}


@pytest.fixture(params=["httpx", "httpx2"])
def modules(request):
    """The HTTP client, and the module of this package for it."""
    client = pytest.importorskip(request.param)
    return client, pytest.importorskip(f"invoke_model.{request.param}")


@pytest.fixture
def keys(local_endpoint):
    settings = local_endpoint.settings
    del settings["endpoint_url"]
    return settings


def embed(endpoint):
    return f"{endpoint.url}/model/{EMBEDDING}/invoke"


def clients(modules, keys):
    """Returns a client for each way to sign and to send."""
    http, ours = modules
    yield http.Client(auth=ours.SigV4Auth(**keys))
    yield http.Client(auth=ours.SigV4Auth(**keys), transport=ours.Transport())
    yield http.Client(transport=ours.Transport(auth=ours.SigV4Auth(**keys)))


def test_requests_are_signed_and_sent(modules, keys, local_endpoint):
    for number, client in enumerate(clients(modules, keys)):
        with client:
            response = client.post(embed(local_endpoint), json={"inputText": "hello"})
            assert response.status_code == 200, (number, response.text)
            assert len(response.json()["embedding"]) == 1024
            assert response.http_version == "HTTP/1.1"
            # A streamed body, and a path whose colon is percent-encoded.
            url = embed(local_endpoint).replace(":0/", "%3A0/")
            assert client.post(url, content=iter([HELLO[:5], HELLO[5:]])).status_code == 200
            assert local_endpoint.calls[-1]["body"] == HELLO
    assert [call["signature"] for call in local_endpoint.calls] == ["valid"] * 6


def test_asyncio(modules, keys, local_endpoint):
    http, ours = modules

    async def body():
        yield HELLO[:5]
        yield HELLO[5:]

    async def main():
        auth = ours.SigV4Auth(**keys)
        for settings in ({"auth": auth}, {"transport": ours.AsyncTransport(auth=auth)}):
            async with http.AsyncClient(**settings) as client:
                calls = [client.post(embed(local_endpoint), content=HELLO) for _ in range(8)]
                assert {response.status_code for response in await asyncio.gather(*calls)} == {200}
                assert (await client.post(embed(local_endpoint), content=body())).status_code == 200

    asyncio.run(main())
    assert [call["signature"] for call in local_endpoint.calls] == ["valid"] * 18
    assert local_endpoint.calls[-1]["body"] == HELLO


def test_http2(modules, keys, local_endpoint):
    http, ours = modules
    auth = ours.SigV4Auth(**keys)
    with http.Client(transport=ours.Transport(auth=auth, http_version="2")) as client:
        for _ in range(2):
            response = client.post(embed(local_endpoint), content=HELLO)
            assert (response.status_code, response.http_version) == (200, "HTTP/2")
    assert [call["connection_id"] for call in local_endpoint.calls] == [1, 1]


def stream_url(endpoint):
    return f"{endpoint.url}/model/{CLAUDE}/invoke-with-response-stream"


def texts(events):
    parts = [json.loads(event["chunk"]["bytes"]) for event in events]
    return "".join(part["delta"]["text"] for part in parts if part["type"] == "content_block_delta")


def test_streams(modules, keys, local_endpoint):
    for client in clients(modules, keys):
        decoder, events = invoke_model.EventStreamDecoder("InvokeModelWithResponseStream"), []
        with client, client.stream("POST", stream_url(local_endpoint), json=CLAUDE_BODY) as response:
            for chunk in response.iter_bytes():
                events += decoder.feed(chunk)
        decoder.finish()
        assert texts(events) == "You said: hi"


def test_events_arrive_while_the_model_writes(modules, keys):
    http, ours = modules
    with invoke_model.testing.local_endpoint(pace=0.2) as endpoint:
        transport = ours.Transport(auth=ours.SigV4Auth(**keys))
        with http.Client(transport=transport) as client:
            with client.stream("POST", stream_url(endpoint), json=CLAUDE_BODY) as response:
                decoder = invoke_model.EventStreamDecoder("InvokeModelWithResponseStream")
                assert len(decoder.feed(next(response.iter_bytes()))) < 3
        assert endpoint.calls[0]["response_complete"] is False


def test_cancelling_a_task_closes_its_request(modules, keys, local_endpoint):
    http, ours = modules
    local_endpoint.inject({"first": 1, "delay_ms": 600_000})

    async def main():
        transport = ours.AsyncTransport(auth=ours.SigV4Auth(**keys))
        async with http.AsyncClient(transport=transport) as client:
            task = asyncio.create_task(client.post(embed(local_endpoint), content=HELLO))
            while local_endpoint.stats["requests"] == 0:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            decoder, events = invoke_model.EventStreamDecoder("InvokeModelWithResponseStream"), []
            async with client.stream("POST", stream_url(local_endpoint), json=CLAUDE_BODY) as response:
                async for chunk in response.aiter_bytes():
                    events += decoder.feed(chunk)
            assert texts(events) == "You said: hi"

    asyncio.run(main())
    assert local_endpoint.calls[0]["response_complete"] is False


def test_expired_credentials_are_loaded_again(modules, local_endpoint, tmp_path):
    http, _ = modules
    settings = local_endpoint.settings
    output = {"Version": 1, "AccessKeyId": settings["aws_access_key_id"], "SecretAccessKey": settings["aws_secret_access_key"]}
    (tmp_path / "program").write_text(f"#!/bin/sh\necho x >> {tmp_path / 'count'}\necho '{json.dumps(output)}'\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {tmp_path / 'program'}\n")
    code = f"""
import asyncio, {http.__name__}, invoke_model.{http.__name__}
auth = invoke_model.{http.__name__}.SigV4Auth(region_name="us-east-1")
url, body = {embed(local_endpoint)!r}, {HELLO!r}
for _ in range(2):
    print({http.__name__}.post(url, content=body, auth=auth).status_code)
async def main():
    async with {http.__name__}.AsyncClient(auth=auth) as client:
        print((await client.post(url, content=body)).status_code)
asyncio.run(main())
"""
    headers = {"x-amzn-errortype": "ExpiredTokenException"}
    local_endpoint.inject({"first": 1, "status": 403, "headers": headers, "body": "{}"})
    environment = {**os.environ, "AWS_CONFIG_FILE": str(tmp_path / "config")}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["200", "200", "200"], result.stderr
    assert (tmp_path / "count").read_text() == "x\nx\n"
    assert [call["status"] for call in local_endpoint.calls] == [403, 200, 200, 200]


def failure(modules, url, **settings):
    """Returns the exception of a request, which must be the same for both transports."""
    http, ours = modules
    with http.Client(transport=ours.Transport(), **settings) as client:
        with pytest.raises(http.TransportError) as caught:
            client.get(url)

    async def main():
        async with http.AsyncClient(transport=ours.AsyncTransport(), **settings) as client:
            with pytest.raises(http.TransportError) as asynchronous:
                await client.get(url)
            return asynchronous.value

    other = asyncio.run(main())
    assert type(other) is type(caught.value)
    assert str(caught.value.request.url) == str(other.request.url) == url
    return type(caught.value).__name__, str(caught.value)


def test_exceptions_are_those_of_the_http_client(modules, local_endpoint):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert failure(modules, f"http://127.0.0.1:{port}/")[0] == "ConnectError"
    assert failure(modules, "http://name.invalid/")[0] == "ConnectError"
    assert failure(modules, "ftp://name.invalid/")[0] == "UnsupportedProtocol"
    assert failure(modules, local_endpoint.url.replace("http:", "https:") + "/")[0] == "ConnectError"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        name, text = failure(modules, url, timeout=0.2)
        assert name == "ReadTimeout"
        assert "raise `read`" in text
        assert "no response after 200ms" in text
    replies = {
        b"": "RemoteProtocolError",
        b"nonsense\r\n\r\n": "RemoteProtocolError",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf": "RemoteProtocolError",
    }
    for reply, expected in replies.items():
        with Peer(reply) as url:
            assert failure(modules, url)[0] == expected, reply


def test_headers_are_kept(modules):
    http, ours = modules
    reply = b"HTTP/1.1 404 Not Found\r\nset-cookie: a\r\nset-cookie: b\r\nx: \xe9\r\ncontent-length: 2\r\n\r\nno"
    with Peer(reply) as url, http.Client(transport=ours.Transport()) as client:
        response = client.get(url)
    assert (response.status_code, response.text) == (404, "no")
    assert response.headers.get_list("set-cookie") == ["a", "b"]
    assert response.headers["x"] == "é"


def test_a_forked_process_opens_its_own_connections(modules, keys, local_endpoint):
    http, ours = modules
    client = http.Client(transport=ours.Transport(auth=ours.SigV4Auth(**keys)))
    assert client.post(embed(local_endpoint), content=HELLO).status_code == 200
    pid = os.fork()
    if pid == 0:
        os._exit(client.post(embed(local_endpoint), content=HELLO).status_code - 200)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.post(embed(local_endpoint), content=HELLO).status_code == 200
    assert [call["connection_id"] for call in local_endpoint.calls] == [1, 2, 1]


def test_invalid_settings(modules):
    _, ours = modules
    with pytest.raises(ValueError, match="verify: pass True"):
        ours.Transport(verify=False)
    with pytest.raises(ValueError, match="^proxy: "):
        ours.Transport(proxy="nonsense://x")
    with pytest.raises(ValueError, match="http_version: `3` is not a version"):
        ours.Transport(http_version="3")
    with pytest.raises(TypeError, match="auth: expected a SigV4Auth of this module, not str"):
        ours.AsyncTransport(auth="x")
    transport = ours.Transport()
    transport.close()
    transport.close()
    http, _ = modules
    with pytest.raises(RuntimeError, match="the transport is closed"):
        transport.handle_request(http.Request("GET", "http://127.0.0.1:1/"))


def test_a_missing_http_client_is_named():
    code = "import sys; sys.modules['httpx'] = None\nimport invoke_model.httpx"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stderr.endswith("ImportError: invoke_model.httpx needs the package `httpx`: pip install httpx\n")


def anthropic_clients(keys, url):
    """Returns a client of the package `anthropic` for each way to sign and to send."""
    anthropic, httpx2 = pytest.importorskip("anthropic"), pytest.importorskip("httpx2")
    ours = pytest.importorskip("invoke_model.httpx2")
    # The package signs with these keys, and the endpoint rejects them. Our signature replaces that of the package.
    settings = {"base_url": url, "aws_region": "us-east-1", "aws_access_key": "WRONG", "aws_secret_key": "wrong"}
    auth = ours.SigV4Auth(**keys)
    for http_client in (httpx2.Client(auth=auth), httpx2.Client(transport=ours.Transport(auth=auth))):
        yield anthropic.AnthropicBedrock(http_client=http_client, max_retries=0, **settings)


def test_the_package_anthropic(keys, local_endpoint):
    for client in anthropic_clients(keys, local_endpoint.url):
        arguments = {"model": CLAUDE, "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
        assert client.messages.create(**arguments).content[0].text == "You said: hi"
        with client.messages.stream(**arguments) as stream:
            assert "".join(stream.text_stream) == "You said: hi"
    assert [call["signature"] for call in local_endpoint.calls] == ["valid"] * 4


def test_the_package_anthropic_with_asyncio(keys, local_endpoint):
    anthropic, httpx2 = pytest.importorskip("anthropic"), pytest.importorskip("httpx2")
    ours = pytest.importorskip("invoke_model.httpx2")

    async def main():
        transport = ours.AsyncTransport(auth=ours.SigV4Auth(**keys))
        settings = {"aws_region": "us-east-1", "aws_access_key": "WRONG", "aws_secret_key": "wrong"}
        async with httpx2.AsyncClient(transport=transport) as http_client:
            client = anthropic.AsyncAnthropicBedrock(base_url=local_endpoint.url, http_client=http_client, **settings)
            arguments = {"model": CLAUDE, "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
            async with client.messages.stream(**arguments) as stream:
                return "".join([text async for text in stream.text_stream])

    assert asyncio.run(main()) == "You said: hi"
    assert local_endpoint.calls[0]["signature"] == "valid"


def test_the_package_openai(keys):
    """The local endpoint does not have this API, so botocore verifies the signature."""
    openai, httpx2 = pytest.importorskip("openai"), pytest.importorskip("httpx2")
    ours = pytest.importorskip("invoke_model.httpx2")
    message = {"role": "assistant", "content": "hello"}
    completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    completion["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
    verdicts = []

    def handle(request):
        verdicts.append(is_valid(request, keys))
        return httpx2.Response(200, json=completion)

    http_client = httpx2.Client(auth=ours.SigV4Auth(**keys), transport=httpx2.MockTransport(handle))
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"
    client = openai.OpenAI(base_url=url, api_key="replaced by the signature", http_client=http_client)
    response = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert response.choices[0].message.content == "hello"
    assert verdicts == [True]


def test_a_stream_of_the_package_openai_through_our_transport(keys):
    openai, httpx2 = pytest.importorskip("openai"), pytest.importorskip("httpx2")
    ours = pytest.importorskip("invoke_model.httpx2")
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [{**chunk, "choices": [{"index": 0, "delta": {"content": text}}]} for text in ("hel", "lo")]
    events = "".join(f"data: {data}\n\n" for data in [*map(json.dumps, chunks), "[DONE]"])
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    with Peer((head + events).encode()) as url:
        http_client = httpx2.Client(transport=ours.Transport(auth=ours.SigV4Auth(**keys)))
        client = openai.OpenAI(base_url=f"{url}openai/v1", api_key="replaced by the signature", http_client=http_client)
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        assert "".join(part.choices[0].delta.content for part in stream) == "hello"


def is_valid(request, keys):
    """Returns `True` if botocore computes the same signature for a request."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    authorization = request.headers["authorization"]
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: request.headers[name] for name in signed}
    theirs = AWSRequest(request.method, str(request.url), headers=headers, data=request.content)
    theirs.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"]), "bedrock", keys["region_name"])
    string_to_sign = signer.string_to_sign(theirs, signer.canonical_request(theirs))
    return authorization.endswith("Signature=" + signer.signature(string_to_sign, theirs))

"""Redirects, timeouts and rejected credentials of the transports and signatures for `httpx` and `httpx2`."""

import asyncio
import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import threading

import pytest
from conftest import EMBEDDING, HELLO, Peer
from test_httpx import embed, modules  # noqa: F401

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
TOKEN = "the-session-token"


class Requests:
    """A server that records its requests. It redirects requests if `location` is set."""

    def __init__(self, location=None, status=307):
        self.received = received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                received.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                redirects = location is not None and self.path != "/new"
                self.send_response(status if redirects else 200)
                if redirects:
                    self.send_header("location", location)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *_):
                """Prints nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def ways(ours):
    """Returns the settings of the client for each way to sign and to send, sync and async."""
    auth = ours.SigV4Auth(**KEYS, aws_session_token=TOKEN)
    for transport in (ours.Transport, ours.AsyncTransport):
        yield {"auth": auth, "transport": transport()}
        yield {"transport": transport(auth=auth)}
        yield {"auth": auth}


def post(module, settings, url, is_async):
    """Returns the status of a request that follows redirects, or its exception."""
    settings = {**settings, "follow_redirects": True}

    async def main():
        async with module.AsyncClient(**settings) as client:
            return (await client.post(url, content=HELLO)).status_code

    try:
        if is_async:
            return asyncio.run(main())
        with module.Client(**settings) as client:
            return client.post(url, content=HELLO).status_code
    except module.RequestError as error:
        return error


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_to_another_host_receives_nothing(modules, status):  # noqa: F811
    module, ours = modules
    with Requests() as other, Requests(f"{other.url}/new", status) as first:
        for number, settings in enumerate(ways(ours)):
            error = post(module, settings, first.url, number >= 3)
            text = f"the request is signed for {first.url}, and a redirect leads to {other.url}: "
            assert str(error).startswith(text), (number, error)
            assert first.received[-1][1]["x-amz-security-token"] == TOKEN
            assert str(error.request.url) == f"{other.url}/new"
        assert other.received == []
        assert len(first.received) == 6


def test_a_redirect_on_the_same_host_is_followed(modules):  # noqa: F811
    module, ours = modules
    with Requests("/new") as server:
        for number, settings in enumerate(ways(ours)):
            assert post(module, settings, server.url, number >= 3) == 200
        assert [path for path, _ in server.received] == ["/", "/new"] * 6


def test_a_client_can_sign_for_several_hosts(modules):  # noqa: F811
    module, ours = modules
    with Requests() as one, Requests() as two:
        for settings in list(ways(ours))[:3]:
            with module.Client(**settings) as client:
                assert [client.post(server.url, content=HELLO).status_code for server in (one, two, one)] == [200] * 3


def test_the_trace_of_the_caller_is_called(modules):  # noqa: F811
    module, ours = modules
    names = []

    async def trace(name, info):
        names.append(name)

    with Requests() as server:
        with module.Client(auth=ours.SigV4Auth(**KEYS)) as client:
            client.post(server.url, content=HELLO, extensions={"trace": lambda name, info: names.append(name)})

        async def main():
            async with module.AsyncClient(auth=ours.SigV4Auth(**KEYS)) as client:
                await client.post(server.url, content=HELLO, extensions={"trace": trace})

        asyncio.run(main())
    assert names.count("http11.send_request_headers.started") == 2


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"


@pytest.mark.parametrize("end", [b"", reset, HALF], ids=["close", "reset", "half"])
def test_a_lost_connection_raises_the_exception_of_the_http_client(modules, end):  # noqa: F811
    module, ours = modules
    found = []
    with Peer(end) as url:
        for transport in (None, ours.Transport()):
            with module.Client(transport=transport) as client, pytest.raises(module.TransportError) as caught:
                client.get(url)
            found.append(type(caught.value))
    assert found[0] is found[1]
    assert found[0] is (module.ReadError if end is reset else module.RemoteProtocolError)


@pytest.mark.parametrize("timeout", [-1, float("nan")])
@pytest.mark.parametrize("name", ["connect", "read"])
def test_an_invalid_timeout(modules, name, timeout):  # noqa: F811
    module, ours = modules
    timeouts = module.Timeout(5, **{name: timeout})
    with module.Client(transport=ours.Transport(), timeout=timeouts) as client:
        with pytest.raises(ValueError, match=f"^timeout: {name}: expected at least 0 seconds, not "):
            client.get("http://127.0.0.1:1/")


def test_no_timeout_disables_the_connect_timeout():
    """The transport of the Rust client gives up a handshake after 10 seconds."""
    module, ours = pytest.importorskip("httpx"), pytest.importorskip("invoke_model.httpx")
    gave_up, errors = threading.Event(), []

    def wait_for_the_end(connection):
        while connection.recv(65536):
            pass
        gave_up.set()

    def get():
        with module.Client(transport=ours.Transport(), timeout=None) as client:
            try:
                client.get(url)
            except module.ConnectError as error:
                errors.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        thread = threading.Thread(target=get)
        thread.start()
        connection, _ = server.accept()
        threading.Thread(target=wait_for_the_end, args=(connection,)).start()
        assert not gave_up.wait(11)
        connection.shutdown(socket.SHUT_RDWR)
        thread.join()
        connection.close()
    assert len(errors) == 1


def program(path, settings):
    """Writes a profile whose credentials come from a program, which counts its runs."""
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
    output = {"Version": 1, **{name: settings[setting] for name, setting in names.items()}}
    (path / "program").write_text(f"#!/bin/sh\necho x >> {path / 'count'}\necho '{json.dumps(output)}'\n")
    (path / "program").chmod(0o755)
    (path / "config").write_text(f"[default]\ncredential_process = {path / 'program'}\n")
    return {**os.environ, "AWS_CONFIG_FILE": str(path / "config")}


def test_a_transport_discards_expired_credentials(modules, local_endpoint, tmp_path):  # noqa: F811
    module, _ = modules
    environment = program(tmp_path, local_endpoint.settings)
    code = f"""
import asyncio, {module.__name__} as module, invoke_model.{module.__name__} as ours
auth = ours.SigV4Auth(region_name="us-east-1")
url, body = {embed(local_endpoint)!r}, {HELLO!r}
with module.Client(transport=ours.Transport(auth=auth)) as client:
    for _ in range(3):
        print(client.post(url, content=body).status_code)
async def main():
    async with module.AsyncClient(transport=ours.AsyncTransport(auth=auth)) as client:
        for _ in range(2):
            print((await client.post(url, content=body)).status_code)
asyncio.run(main())
"""
    expired = {"status": 403, "headers": {"x-amzn-errortype": "ExpiredTokenException"}, "body": "{}"}
    local_endpoint.inject({"every": 4, **expired})
    local_endpoint.inject({"first": 1, **expired})
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["403", "200", "200", "403", "200"], result.stderr
    assert (tmp_path / "count").read_text() == "x\n" * 3
    assert {call["operation"] for call in local_endpoint.calls} == {"InvokeModel"}
    assert EMBEDDING in {call["model_id"] for call in local_endpoint.calls}

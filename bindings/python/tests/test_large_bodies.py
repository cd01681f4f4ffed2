"""Response bodies that are read in several parts."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import EMBEDDING, HELLO, Peer

#: Not a multiple of the size of a part, which is 256 KiB.
BODY = bytes(range(256)) * 12_345
KINDS = ["sync", "asyncio", "accelerated"]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"


@pytest.mark.parametrize("body", [BODY, BODY[: 1024 * 1024], BODY[: 2 * 1024 * 1024], BODY[:9], b""], ids=len)
@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("limits", [(None, None), (3, None, None)], ids=["at once", "after 3 bytes"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_complete_body(local_endpoint, request, kind, limits, has_length, body):
    if has_length:
        content = b"content-length: %d\r\n\r\n%b" % (len(body), body)
    else:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        content = b"transfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunk
    with Peer(HEAD + content) as url:
        if kind == "asyncio":

            async def main():
                stream = await open_async_body(local_endpoint, url)
                return [await stream.read(limit) for limit in limits]

            parts = asyncio.run(main())
        else:
            stream = open_body(local_endpoint, request, kind, url)
            parts = [stream.read(limit) for limit in limits]
    assert b"".join(parts) == body
    assert parts[-1] == b""


async def open_async_body(local_endpoint, url):
    client = local_endpoint.async_client(endpoint_url=url)
    return (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"]


def open_body(local_endpoint, request, kind, url):
    if kind == "sync":
        client = local_endpoint.client(endpoint_url=url)
    else:
        pytest.importorskip("boto3")
        client = request.getfixturevalue("create")(endpoint_url=url)
    return client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]


class Halves:
    """The reply of a peer. The peer sends the second half after `ends` is set."""

    #: More than the buffers of a connection, so the client has read parts of the first half when it is sent.
    HALF = BODY * 5

    def __init__(self):
        self.is_sent, self.ends = threading.Event(), threading.Event()

    def __call__(self, connection):
        chunk = b"%x\r\n%b\r\n" % (len(self.HALF), self.HALF)
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk)
        self.is_sent.set()
        self.ends.wait()
        # The client may have closed the connection.
        with contextlib.suppress(OSError):
            connection.sendall(chunk + b"0\r\n\r\n")


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_another_reader_cannot_take_a_part(local_endpoint, request, kind):
    """The other reader tries it all the time, so it also tries it between two parts."""
    reply, taken, failures = Halves(), [], set()

    def failed(error):
        failures.add(str(error))
        reply.ends.set()

    async def read_async():
        stream = await open_async_body(local_endpoint, url)
        task = asyncio.create_task(stream.read())
        await asyncio.to_thread(reply.is_sent.wait)
        while not task.done():
            try:
                taken.append(await stream.read(1))
            except RuntimeError as error:
                failed(error)
                await asyncio.sleep(0)
        return await task

    def read():
        stream = open_body(local_endpoint, request, kind, url)
        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(stream.read)
            reply.is_sent.wait()
            while not task.done():
                try:
                    taken.append(stream.read(1))
                except RuntimeError as error:
                    failed(error)
            return task.result()

    with Peer(reply) as url:
        body = asyncio.run(read_async()) if kind == "asyncio" else read()
    assert body == Halves.HALF * 2
    assert not any(taken)
    assert failures == {"another thread or task is reading the stream"}


@pytest.mark.parametrize("kind", KINDS)
def test_closing_a_body_during_a_read(local_endpoint, request, kind):
    """A read of the rest never returns incomplete bytes without an error."""
    reply = Halves()

    async def read_async():
        stream = await open_async_body(local_endpoint, url)
        task = asyncio.create_task(stream.read())
        await asyncio.to_thread(reply.is_sent.wait)
        stream.close()
        return await task

    def read():
        stream = open_body(local_endpoint, request, kind, url)
        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(stream.read)
            reply.is_sent.wait()
            stream.close()
            return task.result()

    with Peer(reply) as url, pytest.raises(Exception, match="closed") as raised:
        asyncio.run(read_async()) if kind == "asyncio" else read()
    reply.ends.set()
    assert type(raised.value).__name__ == ("ResponseStreamingError" if kind == "accelerated" else "ValueError")

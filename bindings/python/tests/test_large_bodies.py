"""Response bodies that are read in several parts."""

import asyncio

import pytest
from conftest import EMBEDDING, HELLO, Peer

#: Not a multiple of the size of a part.
BODY = bytes(range(256)) * 12_345
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"


@pytest.mark.parametrize("body", [BODY, BODY[: 1024 * 1024], BODY[: 2 * 1024 * 1024], BODY[:9], b""], ids=len)
@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("kind", ["sync", "asyncio", "accelerated"])
def test_the_complete_body(local_endpoint, request, kind, has_length, body):
    if has_length:
        content = b"content-length: %d\r\n\r\n%b" % (len(body), body)
    else:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        content = b"transfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunk
    with Peer(HEAD + content) as url:
        assert read(local_endpoint, request, kind, url) == body


def read(local_endpoint, request, kind, url):
    """Returns the body of a response, whose first bytes are read before the rest."""
    if kind == "asyncio":

        async def main():
            client = local_endpoint.async_client(endpoint_url=url)
            body = (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"]
            return await body.read(3) + await body.read() + await body.read()

        return asyncio.run(main())
    if kind == "sync":
        client = local_endpoint.client(endpoint_url=url)
    else:
        pytest.importorskip("boto3")
        client = request.getfixturevalue("create")(endpoint_url=url)
    body = client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
    return body.read(3) + body.read() + body.read()

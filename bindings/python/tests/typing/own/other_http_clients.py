"""Signatures, the decoder, and the transports for other HTTP clients."""

import httpx
import httpx2

import invoke_model
import invoke_model.httpx
import invoke_model.httpx2


def post(url: str, body: bytes) -> httpx.Response:
    headers: dict[str, str] = invoke_model.sign("POST", url, {"content-type": "application/json"}, body)
    return httpx.post(url, content=body, headers=headers)


def events(url: str, body: bytes) -> list[object]:
    auth = invoke_model.httpx2.SigV4Auth(region_name="us-east-1")
    decoder = invoke_model.EventStreamDecoder("ConverseStream")
    found: list[object] = []
    with httpx2.Client(auth=auth, transport=invoke_model.httpx2.Transport()) as client:
        with client.stream("POST", url, content=body) as response:
            for chunk in response.iter_bytes():
                found += decoder.feed(chunk)
    decoder.finish()
    return found


async def get(url: str) -> int:
    transport = invoke_model.httpx.AsyncTransport(auth=invoke_model.httpx.SigV4Auth(), proxy="http://localhost:1")
    async with httpx.AsyncClient(transport=transport) as client:
        return (await client.get(url)).status_code


def link(url: str) -> str:
    return invoke_model.presign("GET", url, expires_in=60, region_name="us-east-1")

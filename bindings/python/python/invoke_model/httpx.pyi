"""Signatures and a transport for the HTTP client `httpx`. The package `httpx` is optional."""

from collections.abc import AsyncGenerator, Generator

import httpx

from ._sign import _Credentials

__all__ = ["AsyncTransport", "SigV4Auth", "Transport"]

class SigV4Auth(httpx.Auth):
    """Signs each request with SigV4, as the last step before it is sent.

    The signature covers the body, so a streamed body is read completely first. The arguments are those of
    `invoke_model.sign`. If the service rejects default credentials as expired, loads new ones and sends the request
    once more.

    A redirect to another host raises a `RequestError`, because it would send the session token to this host.
    """

    def __init__(
        self,
        *,
        region_name: str | None = None,
        credentials: _Credentials | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        service_name: str = "bedrock",
    ) -> None: ...
    def sign(self, request: httpx.Request) -> None:
        """Adds the headers of the signature to a request whose body is in memory."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]: ...
    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]: ...

class Transport(httpx.BaseTransport):
    """Sends requests through the HTTP stack of `invoke_model.Client`, without retries.

    Threads can share a transport, and a process that was forked can use it. The connect and read timeouts of a
    request apply. The read timeout of the response head includes the time to connect, and starts again while a large
    body is sent with progress. `auth` signs each request after all other changes, also for redirects on the same
    host. `verify` is `True` or the path of a file with root certificates. `proxy` is the URL of a proxy, also for
    SOCKS5. `http_version` is "1.1" (default) or "2".
    """

    def __init__(
        self,
        *,
        auth: SigV4Auth | None = None,
        verify: bool | str = True,
        proxy: str | httpx.URL | None = None,
        http_version: str | None = None,
        max_connections: int | None = None,
    ) -> None: ...
    def handle_request(self, request: httpx.Request) -> httpx.Response: ...

class AsyncTransport(httpx.AsyncBaseTransport):
    """Sends requests through the HTTP stack of `invoke_model.AsyncClient`, without retries. It needs asyncio.

    The arguments are those of `Transport`.
    """

    def __init__(
        self,
        *,
        auth: SigV4Auth | None = None,
        verify: bool | str = True,
        proxy: str | httpx.URL | None = None,
        http_version: str | None = None,
        max_connections: int | None = None,
    ) -> None: ...
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response: ...

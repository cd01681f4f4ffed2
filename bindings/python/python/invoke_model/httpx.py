"""Signatures and a transport for the HTTP client `httpx`. The package `httpx` is optional."""

try:
    import httpx
except ImportError as error:
    raise ImportError("invoke_model.httpx needs the package `httpx`: pip install httpx") from error

from . import _http_client

__all__ = ["AsyncTransport", "SigV4Auth", "Transport"]


class SigV4Auth(_http_client.SigV4Auth, httpx.Auth):
    __doc__ = _http_client.SigV4Auth.__doc__
    _module = httpx


class _Body(_http_client.SyncBody, httpx.SyncByteStream):
    _module = httpx


class _AsyncBody(_http_client.AsyncBody, httpx.AsyncByteStream):
    _module = httpx


class Transport(_http_client.SyncTransport, httpx.BaseTransport):
    __doc__ = _http_client.SyncTransport.__doc__
    _module = httpx
    _stream = _Body


class AsyncTransport(_http_client.AsyncTransport, httpx.AsyncBaseTransport):
    __doc__ = _http_client.AsyncTransport.__doc__
    _module = httpx
    _stream = _AsyncBody

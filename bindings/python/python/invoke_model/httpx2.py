"""Signatures and a transport for the HTTP client `httpx2`. The package `httpx2` is optional."""

try:
    import httpx2
except ImportError as error:
    raise ImportError("invoke_model.httpx2 needs the package `httpx2`: pip install httpx2") from error

from . import _http_client

__all__ = ["AsyncTransport", "SigV4Auth", "Transport"]


class SigV4Auth(_http_client.SigV4Auth, httpx2.Auth):
    __doc__ = _http_client.SigV4Auth.__doc__
    _module = httpx2


class _Body(_http_client.SyncBody, httpx2.SyncByteStream):
    _module = httpx2


class _AsyncBody(_http_client.AsyncBody, httpx2.AsyncByteStream):
    _module = httpx2


class Transport(_http_client.SyncTransport, httpx2.BaseTransport):
    __doc__ = _http_client.SyncTransport.__doc__
    _module = httpx2
    _stream = _Body


class AsyncTransport(_http_client.AsyncTransport, httpx2.AsyncBaseTransport):
    __doc__ = _http_client.AsyncTransport.__doc__
    _module = httpx2
    _stream = _AsyncBody

"""The HTTP session of an accelerated client, and the streams of its responses."""

import errno
import http.client
import io
import os

import botocore.httpsession
from botocore.awsrequest import AWSResponse
from botocore.compat import ensure_bytes
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import mask_proxy_url
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as SocketTimeout

from .._native import TransportFailure
from . import _originals


def exception(failure, request, url, proxy_url):
    """Returns the exception of botocore for a request without a response."""
    kind, text = failure.args
    error = OSError(text)
    if kind == "Tls":
        return SSLError(endpoint_url=url, error=error)
    if kind in ("Resolve", "Connect", "Proxy"):
        # With a proxy, the connection to the proxy has failed, or the proxy could not connect to the endpoint.
        if proxy_url:
            return ProxyConnectionError(proxy_url=mask_proxy_url(proxy_url), error=error)
        return EndpointConnectionError(endpoint_url=url, error=error)
    if kind == "ConnectTimeout":
        return ConnectTimeoutError(endpoint_url=url, error=error)
    if "Timeout" in kind:
        return ReadTimeoutError(endpoint_url=url, error=error)
    if kind in ("Send", "ResponseHead", "Refused", "RequestBody", "RequestBodyIncomplete", "BodyIncomplete"):
        return ConnectionClosedError(error=error, request=request, endpoint_url=url)
    return HTTPClientError(error=error)


def _bytes_of(body):
    """Returns the complete body of a request."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return ensure_bytes(body.read())
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    return b"".join(map(ensure_bytes, body))


class Session:
    """Sends requests that botocore has signed. Other attributes are those of the session that it replaces."""

    def __init__(self, original, calls):
        self._original = original
        self._calls = calls

    def __getattr__(self, name):
        if name.startswith("__") or name == "_original":
            raise AttributeError(name)
        return getattr(self._original, name)

    def proxy_url(self, url):
        """Returns the URL of the proxy for a request, or `None`."""
        return self._original._proxy_config.proxy_url_for(url)

    def send(self, request):
        """Sends an `AWSPreparedRequest`, and returns an `AWSResponse`."""
        if not _originals.HTTP.are_original():
            return self._original.send(request)
        url = request.url
        context = getattr(request, "context", None) or {}
        try:
            status, headers, body = self._calls.send(
                request.method,
                url,
                [(name, ensure_bytes(value)) for name, value in request.headers.items()],
                _bytes_of(request.body),
                context.get("read_timeout"),
            )
            response = AWSResponse(url, status, _joined(headers), RawStream(body, status, headers))
            if not request.stream_output:
                # Read the complete body, as the session of botocore does.
                response.content  # noqa: B018
            return response
        except TransportFailure as failure:
            raise exception(failure, request, url, self.proxy_url(url)) from None
        except SocketTimeout as error:
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except ProtocolError as error:
            raise ConnectionClosedError(error=error, request=request, endpoint_url=url) from error
        except Exception as error:
            # Like botocore, also wrap an exception of a file that is the body.
            raise HTTPClientError(error=error) from error

    def close(self):
        self._calls.close()
        self._original.close()


def _joined(headers):
    """Joins the values of repeated headers."""
    joined = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


class _Socket:
    """Closes a stream if a library shuts its socket down, in order to end a read in another thread."""

    def __init__(self, stream):
        self._stream = stream

    def shutdown(self, how):
        self._stream.close()


class _Connection:
    def __init__(self, stream):
        self.sock = _Socket(stream)


class RawStream(io.IOBase):
    """The body of a response, with the methods of `urllib3.response.HTTPResponse` that botocore uses."""

    def __init__(self, body, status=200, headers=()):
        self._body = body
        self._position = 0
        self.status = status
        self.headers = dict(headers)

    def readable(self):
        return not self.closed

    def read(self, amt=None, decode_content=None, cache_content=False):
        """Reads up to `amt` bytes, or the complete rest."""
        if self.closed or amt == 0:
            return b""
        return self._read(None if amt is None or amt < 0 else amt, False)

    def _read(self, amt, some):
        try:
            data, failure = self._body.read_before_failure(amt, some)
        except ValueError as error:
            # Another thread has closed the stream.
            if not self.closed:
                raise
            if amt is None or some:
                raise ProtocolError("Connection broken: the stream was closed during the read", error) from None
            return b""
        self._position += len(data)
        if failure is not None:
            self._raise(failure, data, amt)
        return data

    def _raise(self, failure, data, amt):
        kind, _ = failure
        if "Timeout" in kind:
            self.close()
            raise SocketTimeout(None, None, "Read timed out.")
        length = self.headers.get("content-length")
        is_reset = kind == "Reset"
        if length is not None and not is_reset:
            # urllib3 returns the bytes that have arrived. Only a read of the complete rest fails.
            if amt is not None:
                return
            error = http.client.IncompleteRead(data, int(length) - self._position)
        elif is_reset:
            error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        else:
            self.close()
            raise ProtocolError("Response ended prematurely")
        self.close()
        raise ProtocolError(f"Connection broken: {error!r}", error)

    def stream(self, amt=2**16, decode_content=None):
        """Returns an iterator over the parts of the body, as they arrive."""
        while True:
            data = self._read(amt, True)
            if self.closed:
                raise ProtocolError("Connection broken: the stream was closed before its end")
            if not data:
                return
            yield data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def __iter__(self):
        return self.stream()

    def tell(self):
        return self._position

    @property
    def connection(self):
        """An object with the attribute `sock`, through which libraries end a read."""
        return None if self.closed else _Connection(self)

    def release_conn(self):
        """Does nothing, because a connection that was read completely is used again."""

    def close(self):
        if not self.closed:
            super().close()
            self._body.close()


class Content:
    """The body of a response that was read completely."""

    def __init__(self, content):
        self._content = content

    def stream(self, amt=2**16, decode_content=None):
        yield self._content

    def read(self, amt=None, decode_content=None):
        content, self._content = self._content[:amt], b"" if amt is None else self._content[amt:]
        return content

    def close(self):
        """Does nothing."""


def certificates(session):
    """Returns the path of the root certificates of botocore's session."""
    return botocore.httpsession.get_cert_path(session._verify)

"""The code that `invoke_model.httpx` and `invoke_model.httpx2` share. Both HTTP clients have the same interface."""

from . import _native
from ._sign import Signer
from .aio import _wait

_EXPIRED = frozenset(("ExpiredTokenException", "ExpiredToken"))

# The exception class of the HTTP client for each kind of failure of the native module.
_EXCEPTIONS = {
    "InvalidRequest": "LocalProtocolError",
    "Resolve": "ConnectError",
    "Connect": "ConnectError",
    "ConnectTimeout": "ConnectTimeout",
    "Proxy": "ProxyError",
    "Tls": "ConnectError",
    "Refused": "RemoteProtocolError",
    "RequestBody": "WriteError",
    "Send": "RemoteProtocolError",
    "Reset": "ReadError",
    "FirstByteTimeout": "ReadTimeout",
    "IdleTimeout": "ReadTimeout",
    "ResponseHead": "RemoteProtocolError",
    "BodyIncomplete": "RemoteProtocolError",
}


class Failure(Exception):
    """A failure of the native transport, before it becomes an exception of the HTTP client."""

    def __init__(self, kind, may_have_been_sent, text):
        super().__init__(text)
        self.kind = kind
        self.may_have_been_sent = may_have_been_sent

    def convert(self, module):
        name = _EXCEPTIONS.get(self.kind, "TransportError")
        if name == "ReadTimeout" and not self.may_have_been_sent:
            name = "ConnectTimeout"
        return getattr(module, name)(str(self))


#: The extension of a request that contains the scheme and the host for which it was signed. The HTTP client copies the
#: extensions of a request when it follows a redirect.
_SIGNED_FOR = "invoke_model.signed_for"


def _check_target(module, signed_for, scheme, host):
    """Raises an exception if a redirect would send a signature or a session token to another host."""
    if (scheme, host) != signed_for:
        raise module.RequestError(
            f"the request is signed for {'://'.join(signed_for)}, and a redirect leads to {scheme}://{host}: "
            "the signature and the session token are not sent to another host"
        )


class SigV4Auth:
    """Signs each request with SigV4, as the last step before it is sent.

    The signature covers the body, so a streamed body is read completely first. The arguments are those of
    `invoke_model.sign`. If the service rejects default credentials as expired, loads new ones and sends the request
    once more.

    A redirect to another host raises a `RequestError`, because it would send the session token to this host.
    """

    requires_request_body = True
    #: The module of the HTTP client.
    _module = None

    def __init__(
        self,
        *,
        region_name=None,
        credentials=None,
        aws_access_key_id=None,
        aws_secret_access_key=None,
        aws_session_token=None,
        service_name="bedrock",
    ):
        self._signer = Signer(
            region_name, credentials, aws_access_key_id, aws_secret_access_key, aws_session_token, service_name
        )

    def sign(self, request):
        """Adds the headers of the signature to a request whose body is in memory."""
        target = request.url.scheme, request.headers["Host"]
        _check_target(self._module, request.extensions.setdefault(_SIGNED_FOR, target), *target)
        added = self._signer.sign(request.method, request.url, request.headers.raw, request.content)
        request.headers.pop("X-Amz-Security-Token", None)
        for name, value in added:
            request.headers[name] = value

    def _sign_first(self, request, is_async=False):
        """Signs a request, and checks each redirect of the request.

        The HTTP client follows redirects without calling `auth_flow`, and keeps the header of the session token.
        """
        is_redirect = _SIGNED_FOR in request.extensions
        self.sign(request)
        if not is_redirect:
            check = self._trace if not is_async else self._async_trace
            request.extensions["trace"] = check(request.extensions[_SIGNED_FOR], request.extensions.get("trace"))

    def _trace(self, signed_for, other):
        """Returns the function that the HTTP client calls before it sends the headers of a request."""

        def trace(name, info):
            sent = info.get("request")
            headers = {} if sent is None else {key.lower(): value for key, value in sent.headers}
            # The request that opens a tunnel through a proxy is not signed.
            if b"x-amz-date" in headers:
                # The target of a request through a proxy is the complete URL.
                scheme, separator, _ = sent.url.target.partition(b"://")
                scheme = scheme if separator else sent.url.scheme
                _check_target(self._module, signed_for, scheme.decode(), headers[b"host"].decode())
            return None if other is None else other(name, info)

        return trace

    def _async_trace(self, signed_for, other):
        trace = self._trace(signed_for, other)

        async def async_trace(name, info):
            if (awaitable := trace(name, info)) is not None:
                await awaitable

        return async_trace

    def _discard_expired(self, request, response):
        """Discards the credentials of a request if the service rejected them as expired.

        Returns `True` if the request can be sent again with other credentials.
        """
        code = response.headers.get("x-amzn-errortype", "").split(":")[0]
        if response.status_code not in (400, 403) or code not in _EXPIRED:
            return False
        credential = request.headers["Authorization"].partition("Credential=")[2]
        return self._signer.discard(credential.partition("/")[0])

    def auth_flow(self, request):
        self._sign_first(request)
        response = yield request
        if self._discard_expired(request, response):
            self.sign(request)
            yield request

    async def async_auth_flow(self, request):
        await request.aread()
        if not self._signer.is_ready():
            await self._signer.load()
        self._sign_first(request, is_async=True)
        response = yield request
        if self._discard_expired(request, response):
            await self._signer.load()
            self.sign(request)
            yield request


class BaseTransport:
    """The settings of both transports."""

    #: The module of the HTTP client.
    _module = None
    #: The class of a response body.
    _stream = None

    def __init__(self, *, auth=None, verify=True, proxy=None, http_version=None, max_connections=None):
        if verify is False or not isinstance(verify, (bool, str)):
            raise ValueError("verify: pass True, or the path of a PEM file with root certificates")
        if auth is not None and not isinstance(auth, SigV4Auth):
            raise TypeError(f"auth: expected a SigV4Auth of this module, not {type(auth).__name__}")
        self._auth = auth
        ca_bundle = None if verify is True else verify
        proxy = None if proxy is None else str(proxy)
        self._native = _native.Transport(ca_bundle, proxy, http_version, max_connections)

    def _request(self, request):
        if request.url.scheme not in ("http", "https"):
            text = f"the scheme of the URL is {request.url.scheme!r}: expected 'https' or 'http'"
            raise self._module.UnsupportedProtocol(text)
        if signed_for := request.extensions.get(_SIGNED_FOR):
            _check_target(self._module, signed_for, request.url.scheme, request.headers["Host"])
        timeouts = request.extensions.get("timeout", {})
        # The body is in memory, so the transport states its length.
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"transfer-encoding"]
        return {
            "method": request.method,
            "url": str(request.url),
            "headers": headers,
            "body": request.content,
            "connect_timeout": timeouts.get("connect"),
            "read_timeout": timeouts.get("read"),
        }

    def _response(self, request, response):
        status, version, headers, body = response
        extensions = {"http_version": version.encode()}
        response = self._module.Response(status, headers=headers, stream=self._stream(body), extensions=extensions)
        if self._auth is not None:
            # The next request has other credentials.
            self._auth._discard_expired(request, response)
        return response


class SyncTransport(BaseTransport):
    """Sends requests through the HTTP stack of `invoke_model.Client`, without retries.

    Threads can share a transport, and a process that was forked can use it. The connect and read timeouts of a
    request apply. The read timeout of the response head includes the time to connect, and starts again while a large
    body is sent with progress. `auth` signs each request after all other changes, also for redirects on the same
    host. `verify` is `True` or the path of a file with root certificates. `proxy` is the URL of a proxy, also for
    SOCKS5. `http_version` is "1.1" (default) or "2".
    """

    def handle_request(self, request):
        request.read()
        if self._auth is not None:
            self._auth.sign(request)
        try:
            return self._response(request, self._native.send(self._request(request)))
        except Failure as failure:
            raise failure.convert(self._module) from None

    def close(self):
        self._native.close()


class AsyncTransport(BaseTransport):
    """Sends requests through the HTTP stack of `invoke_model.AsyncClient`, without retries. It needs asyncio.

    The arguments are those of `Transport`.
    """

    async def handle_async_request(self, request):
        await request.aread()
        if self._auth is not None:
            if not self._auth._signer.is_ready():
                await self._auth._signer.load()
            self._auth.sign(request)
        try:
            return self._response(request, await _wait(self._native.start_send, self._request(request)))
        except Failure as failure:
            raise failure.convert(self._module) from None

    async def aclose(self):
        self._native.close()


class SyncBody:
    """The body of a response."""

    _module = None

    def __init__(self, native):
        self._native = native

    def __iter__(self):
        try:
            while (chunk := self._native.next_chunk()) is not None:
                yield chunk
        except Failure as failure:
            raise failure.convert(self._module) from None

    def close(self):
        self._native.close()


class AsyncBody:
    """The body of a response to an asyncio request."""

    _module = None

    def __init__(self, native):
        self._native = native

    async def __aiter__(self):
        try:
            while (chunk := await _wait(self._native.start_next_chunk)) is not None:
                yield chunk
        except Failure as failure:
            raise failure.convert(self._module) from None

    async def aclose(self):
        self._native.close()

"""Signatures of requests that other HTTP clients send."""

import functools
import os
import time as _time
from collections.abc import Mapping

from . import _errors, _native

# The headers of an earlier signature.
_REPLACED = frozenset(("authorization", "x-amz-date", "x-amz-security-token"))


#: The variables that select the default region.
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE")


def _signer(region_name, service_name):
    """Returns the signer of this process. It caches the signing key of a day."""
    variables = None if region_name else tuple(map(os.environ.get, _REGION))
    return _cached_signer(region_name, service_name, os.getpid(), variables)


@functools.lru_cache(maxsize=64)
def _cached_signer(region_name, service_name, pid, variables):
    return _native.Signer(region_name, service_name)


def _keys(credentials):
    """Returns the access key id, the secret access key and the session token of an object like those of botocore."""
    freeze = getattr(credentials, "get_frozen_credentials", None)
    if freeze is not None:
        # Credentials that can expire: botocore refreshes them in this method.
        credentials = freeze()
    try:
        keys = credentials.access_key, credentials.secret_key, credentials.token
    except AttributeError:
        raise TypeError(
            "credentials: expected an object with `access_key`, `secret_key` and `token`, such as "
            f"`botocore.credentials.Credentials`, not {type(credentials).__name__}"
        ) from None
    for name, value in zip(("access_key", "secret_key"), keys):
        if not value:
            raise _errors.partial_credentials(name)
    for name, value in zip(("access_key", "secret_key", "token"), keys):
        if not isinstance(value, str) and value is not None:
            raise TypeError(f"credentials: expected a str for `{name}`, not {type(value).__name__}")
    return keys


def _seconds(value):
    """Returns the seconds since 1970."""
    if value is None:
        return _time.time()
    if hasattr(value, "timestamp"):
        return value.timestamp()
    if not isinstance(value, (int, float)):
        raise TypeError(f"time: expected a datetime or the seconds since 1970, not {type(value).__name__}")
    return float(value)


def _joined(headers):
    """Returns headers as a dictionary. A comma joins the values of a repeated header, as HTTP permits."""
    joined, names = {}, {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    for name, value in pairs:
        name = name.decode("ascii") if isinstance(name, bytes) else name
        try:
            value = value.decode() if isinstance(value, bytes) else value
        except UnicodeDecodeError:
            raise ValueError(f"headers: the value of {name!r} is not valid UTF-8, so it cannot be signed") from None
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"headers: expected a str or bytes value for {name!r}, not {type(value).__name__}")
        known = names.setdefault(name.lower(), name)
        joined[known] = f"{joined[known]},{value}" if known in joined else value
    return joined


class Signer:
    """Signs requests to a service in a region, with credentials, keys, or the default credentials."""

    def __init__(
        self,
        region_name=None,
        credentials=None,
        aws_access_key_id=None,
        aws_secret_access_key=None,
        aws_session_token=None,
        service_name="bedrock",
    ):
        keys = (aws_access_key_id, aws_secret_access_key, aws_session_token)
        self._fixed = None
        if keys != (None, None, None):
            if credentials is not None:
                raise ValueError("credentials: pass either `credentials` or the keys")
            for name, value in zip(("aws_access_key_id", "aws_secret_access_key"), keys):
                if not value:
                    raise _errors.partial_credentials(name)
            self._fixed = keys
        elif credentials is not None and not hasattr(credentials, "get_frozen_credentials"):
            _keys(credentials)  # Reports a wrong type now, and not with the first request.
        self._credentials = credentials
        self._name = (region_name, service_name)
        _signer(region_name, service_name)  # Reports a missing region now.

    @property
    def _native(self):
        # A forked child does not use the locks of its parent.
        return _signer(*self._name)

    #: The region of the signatures.
    region_name = property(lambda self: self._native.region_name)

    @property
    def has_default_credentials(self):
        return self._fixed is None and self._credentials is None

    def _request(self, method, url, headers, body, time):
        keys = self._fixed
        if keys is None and self._credentials is not None:
            keys = _keys(self._credentials)
        return {
            "method": method,
            "url": str(url),
            "headers": list(headers.items()),
            "body": body,
            "keys": keys,
            "time": _seconds(time),
        }

    def sign(self, method, url, headers, body, time=None):
        """Returns the headers that the signature adds or replaces."""
        return self._native.sign(self._request(method, url, _joined(headers), body, time))

    def presign(self, method, url, headers, body, expires_in, time):
        return self._native.presign(self._request(method, url, _joined(headers), body, time), expires_in)

    def is_ready(self):
        """Returns `True` if `sign` does not need to wait for credentials."""
        return not self.has_default_credentials or self._native.is_ready()

    async def load(self):
        """Waits until the default credentials are loaded."""
        from .aio import _wait

        await _wait(self._native.start_load)

    def discard(self, access_key_id):
        """Discards default credentials that the service rejected. Returns `True` if other credentials can follow."""
        return self.has_default_credentials and self._native.invalidate(access_key_id)


def sign(
    method,
    url,
    headers=None,
    body=None,
    *,
    region_name=None,
    credentials=None,
    aws_access_key_id=None,
    aws_secret_access_key=None,
    aws_session_token=None,
    service_name="bedrock",
    time=None,
):
    """Signs a request with SigV4, and returns the headers to send: the given headers and those of the signature.

    Send the request with the same method, URL, headers and body. The path and the query of `url` must be
    percent-encoded. `headers` is a mapping or an iterable of pairs. `body` is `bytes`, text, a buffer, or a file that
    is hashed in chunks. `credentials` is an object like those of botocore. If neither `credentials` nor keys are
    set, the default credentials sign the request. They are cached, and refreshed in the background. The default of
    `region_name` is the region of the environment or of the profile. `time` is a `datetime` or the seconds since 1970.
    Its default is the current time.
    """
    signer = Signer(
        region_name, credentials, aws_access_key_id, aws_secret_access_key, aws_session_token, service_name
    )
    joined = _joined(headers)
    added = signer.sign(method, url, joined, body, time)
    replaced = _REPLACED.union(name.lower() for name, _ in added)
    signed = {name: value for name, value in joined.items() if name.lower() not in replaced}
    signed.update(added)
    return signed


def presign(
    method,
    url,
    headers=None,
    body=b"",
    *,
    expires_in=3600,
    region_name=None,
    credentials=None,
    aws_access_key_id=None,
    aws_secret_access_key=None,
    aws_session_token=None,
    service_name="bedrock",
    time=None,
):
    """Returns `url` with a SigV4 signature in its query. Anyone who has the URL can send the request until it expires.

    `expires_in` is a number of seconds, at most seven days. With `body=None`, the signature does not cover the body. The
    sender must send all `headers`. The other arguments are those of `sign`.
    """
    if not isinstance(expires_in, (int, float)):
        raise TypeError(f"expires_in: expected a number of seconds, not {type(expires_in).__name__}")
    signer = Signer(
        region_name, credentials, aws_access_key_id, aws_secret_access_key, aws_session_token, service_name
    )
    return signer.presign(method, url, headers, body, expires_in, time)

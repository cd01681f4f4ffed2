"""Signatures of requests that other HTTP clients send."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from typing_extensions import Buffer

class _FrozenCredentials(Protocol):
    @property
    def access_key(self) -> Any: ...
    @property
    def secret_key(self) -> Any: ...
    @property
    def token(self) -> Any: ...

class _RefreshableCredentials(Protocol):
    def get_frozen_credentials(self) -> Any: ...

class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...
    def tell(self) -> int: ...

_Credentials: TypeAlias = _FrozenCredentials | _RefreshableCredentials
_Text: TypeAlias = str | bytes
_Headers: TypeAlias = Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[_Text, _Text]]
_Body: TypeAlias = Buffer | str | _File

def sign(
    method: str,
    url: object,
    headers: _Headers | None = None,
    body: _Body | None = None,
    *,
    region_name: str | None = None,
    credentials: _Credentials | None = None,
    aws_access_key_id: str | None = None,
    aws_secret_access_key: str | None = None,
    aws_session_token: str | None = None,
    service_name: str = "bedrock",
    time: datetime | float | None = None,
) -> dict[str, str]:
    """Signs a request with SigV4, and returns the headers to send: the given headers and those of the signature.

    Send the request with the same method, URL, headers and body. The path and the query of `url` must be
    percent-encoded. `headers` is a mapping or an iterable of pairs. `body` is `bytes`, text, a buffer, or a file that
    is hashed in chunks. `credentials` is an object like those of botocore. If neither `credentials` nor keys are
    set, the default credentials sign the request. They are cached, and refreshed in the background. The default of
    `region_name` is the region of the environment or of the profile. `time` is a `datetime` or the seconds since 1970.
    Its default is the current time.
    """

def presign(
    method: str,
    url: object,
    headers: _Headers | None = None,
    body: _Body | None = b"",
    *,
    expires_in: float = 3600,
    region_name: str | None = None,
    credentials: _Credentials | None = None,
    aws_access_key_id: str | None = None,
    aws_secret_access_key: str | None = None,
    aws_session_token: str | None = None,
    service_name: str = "bedrock",
    time: datetime | float | None = None,
) -> str:
    """Returns `url` with a SigV4 signature in its query. Anyone who has the URL can send the request until it expires.

    `expires_in` is a number of seconds, at most seven days. With `body=None`, the signature does not cover the body. The
    sender must send all `headers`. The other arguments are those of `sign`.
    """

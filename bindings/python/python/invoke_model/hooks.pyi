"""The arguments of interceptors, which are code of the program that runs in each attempt of a call."""

from collections.abc import Awaitable, Iterator, MutableMapping
from typing import Any, Protocol, type_check_only

class Headers(MutableMapping[str, str]):
    """The headers of a request or of a response. Names are in lower case, and look-ups ignore the case."""

    def __getitem__(self, name: str) -> str: ...
    def __setitem__(self, name: str, value: str) -> None: ...
    def __delitem__(self, name: str) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

class Request:
    """A request that has not been sent."""

    method: str
    url: str
    headers: Headers

class Response:
    """The head of a response."""

    status: int
    headers: Headers

class InterceptorContext:
    """The facts about a call, and values that the hooks of the call share."""

    operation: str
    """The name of the operation in the model."""

    region: str | None
    """The region of the call."""

    model_id: str | None
    """The model id of the call."""

    tags: dict[str, str]
    """The tags of the client and of the call."""

    attempt: int
    """The number of the attempt. The first attempt has the number 1."""

    extensions: dict[Any, Any]
    """The values that the hooks of this call have stored."""

@type_check_only
class BeforeSign(Protocol):
    """An interceptor that can change the headers of a request before it is signed."""

    def before_sign(self, request: Request, context: InterceptorContext, /) -> Awaitable[None] | None: ...

@type_check_only
class BeforeSend(Protocol):
    """An interceptor that observes a signed request."""

    def before_send(self, request: Request, context: InterceptorContext, /) -> Awaitable[None] | None: ...

@type_check_only
class AfterResponse(Protocol):
    """An interceptor that observes the head of a response."""

    def after_response(self, response: Response, context: InterceptorContext, /) -> None: ...

@type_check_only
class AfterAttempt(Protocol):
    """An interceptor that observes an attempt that has ended."""

    def after_attempt(self, attempt: dict[str, Any], context: InterceptorContext, /) -> None: ...

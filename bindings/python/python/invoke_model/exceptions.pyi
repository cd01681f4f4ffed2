"""The exceptions of this package. `client.exceptions` contains those of service errors.

If botocore is installed, they are subclasses of its classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from ._service_errors import *
from .type_defs import ResponseMetadataTypeDef

class _ErrorTypeDef(TypedDict):
    Code: str
    Message: str

class _ErrorResponseTypeDef(TypedDict):
    Error: _ErrorTypeDef
    ResponseMetadata: ResponseMetadataTypeDef

class _OtherTargetTypeDef(TypedDict):
    target: str
    reason: str
    error: Exception | None

class _CallDetails:
    request_id: str | None
    """The request id that the service assigned."""

    attempts: int
    """The number of attempts."""

    retry_class: str | None
    """"not sent", "rejected", "server error" or "ambiguous". The service may have executed an "ambiguous" call."""

    hint: str | None
    """Advice for a well-known error."""

    target: str | None
    """The name of the target whose error this is, if the client is a failover."""

    other_targets: Sequence[_OtherTargetTypeDef]
    """The targets on which the call failed before, and those that it skipped."""

class ClientError(_CallDetails, Exception):
    """An error that the service returned."""

    response: _ErrorResponseTypeDef
    """The error code, the message and the metadata of the response."""

    operation_name: str
    """The name of the operation."""

    def __init__(self, error_response: Mapping[str, Any], operation_name: str) -> None: ...

class EventStreamError(ClientError):
    """An error that ended an event stream."""

class ParserError(_CallDetails, Exception):
    """A frame of an event stream that is not valid or not complete."""

class ResponseParserError(_CallDetails, Exception):
    """A response that does not match the model."""

class BotoCoreError(_CallDetails, Exception):
    """An error of the client. The base class of the errors below."""

    fmt: str
    kwargs: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None: ...

class ParamValidationError(BotoCoreError):
    """Parameters that are missing, unknown or not valid."""

class NoCredentialsError(BotoCoreError):
    """There are no credentials."""

class PartialCredentialsError(BotoCoreError):
    """A part of the credentials is missing."""

class CredentialRetrievalError(BotoCoreError):
    """The credentials could not be loaded."""

class NoRegionError(BotoCoreError):
    """There is no region."""

class ProfileNotFound(BotoCoreError):
    """The profile does not exist."""

class OperationNotPageableError(BotoCoreError):
    """The operation does not return a list in pages."""

class HTTPClientError(BotoCoreError):
    """The request failed."""

class ConnectionError(BotoCoreError):
    """The client could not connect."""

class EndpointConnectionError(ConnectionError):
    """The client could not connect to the endpoint."""

class ConnectTimeoutError(ConnectionError):
    """The connection was not established within the timeout."""

class ProxyConnectionError(ConnectionError):
    """The client could not connect to the proxy."""

class SSLError(ConnectionError):
    """The TLS handshake failed."""

class ReadTimeoutError(HTTPClientError):
    """The response did not arrive within the timeout."""

class ConnectionClosedError(HTTPClientError):
    """The connection was closed before the response arrived."""

class ResponseStreamingError(HTTPClientError):
    """The body of the response is incomplete."""

class QuotaError(HTTPClientError):
    """A limit of the client did not allow the call."""

    limit: str | None
    """The setting of the limit, for example `requests_per_minute`."""

    key: str | None
    """The key of the limit."""

class OverBudgetError(QuotaError):
    """The budget of a key did not allow the call."""

    budget: float
    """The number of tokens or the amount of money of the budget."""

    used: float
    """The used and reserved amount of the period."""

    reserved: float
    """The amount that the call would have reserved."""

    period: Literal["day", "month", "total"]
    """The period of the budget."""

    currency: str | None
    """The currency of a budget in money."""

class NoPriceError(QuotaError):
    """A key has a budget in money, and the price table has no price for the model."""

    model_id: str | None
    """The model id."""

class QuotaStoreError(QuotaError):
    """The store of the limits did not decide."""

    is_temporary: bool
    """`True` if the store may decide later without a change of the configuration."""

class InterceptorError(HTTPClientError):
    """An interceptor ended the call. If a hook has raised an exception, it is the `__cause__`."""

    interceptor: str
    """The name of the interceptor."""

    hook: Literal["before_sign", "before_send", "after_response"]
    """The hook that failed."""

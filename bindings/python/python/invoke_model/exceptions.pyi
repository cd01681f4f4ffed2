"""The exceptions of this package. `client.exceptions` contains those of service errors.

If botocore is installed, they are subclasses of its classes.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

from ._service_errors import *
from .type_defs import ResponseMetadataTypeDef

class _ErrorTypeDef(TypedDict):
    Code: str
    Message: str

class _ErrorResponseTypeDef(TypedDict):
    Error: _ErrorTypeDef
    ResponseMetadata: ResponseMetadataTypeDef

class _CallDetails:
    request_id: str | None
    """The request id that the service assigned."""

    attempts: int
    """The number of attempts."""

    retry_class: str | None
    """"not sent", "rejected", "server error" or "ambiguous". The service may have executed an "ambiguous" call."""

    hint: str | None
    """Advice for a well-known error."""

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

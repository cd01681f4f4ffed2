"""A local Amazon Bedrock Runtime endpoint for tests. It runs in this process, and needs no AWS account."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from os import PathLike
from typing import Any, TypedDict

from .aio import AsyncClient
from .client import Client

class _Settings(TypedDict):
    region_name: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str

class LocalEndpoint:
    """A running endpoint."""

    def __init__(
        self,
        *,
        port: int = 0,
        faults: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        pace: float | None = None,
        replay: str | PathLike[str] | None = None,
        verify: bool = True,
    ) -> None: ...
    @property
    def url(self) -> str:
        """The URL, for `endpoint_url` of a client."""

    @property
    def region_name(self) -> str:
        """The region that signatures must have."""

    @property
    def settings(self) -> _Settings:
        """The settings of a client."""

    def client(self, **settings: Any) -> Client:
        """Returns a client of this endpoint."""

    def async_client(self, **settings: Any) -> AsyncClient:
        """Returns an asyncio client of this endpoint."""

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls, in the order of their responses. `body` contains the body of the request."""

    @property
    def stats(self) -> dict[str, Any]:
        """The counters of connections, requests and responses."""

    @property
    def connections(self) -> list[dict[str, Any]]:
        """The connections with their `id`, `is_open` and counters, in the order of their acceptance."""

    def clear(self) -> None:
        """Clears the calls and the counters."""

    def inject(self, faults: str | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Adds fault rules."""

    def clear_faults(self) -> None:
        """Removes all fault rules."""

    def stop(self) -> None:
        """Stops the endpoint, and closes all connections, also those with calls in progress."""

def local_endpoint(
    *,
    port: int = 0,
    faults: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    pace: float | None = None,
    replay: str | PathLike[str] | None = None,
    verify: bool = True,
) -> AbstractContextManager[LocalEndpoint]:
    """Runs an endpoint."""

"""Base classes of the asyncio client, its paginators, and the parts of its responses.

This module exists only for type checkers.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from ._client import BaseClient
from .bulk import AsyncBulkResults
from .quotas import PriceTableTypeDef

_Event = TypeVar("_Event", covariant=True)
_Input = TypeVar("_Input", contravariant=True)
_Page = TypeVar("_Page")

class _Context:
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

class AsyncBaseClient(BaseClient, _Context):
    """A client whose methods return coroutines."""

    def bulk(
        self,
        records: (
            AsyncIterable[Mapping[str, object] | str | bytes]
            | Iterable[Mapping[str, object] | str | bytes]
            | str
            | PathLike[str]
        ),
        *,
        modelId: str,
        operation: Literal["Converse", "InvokeModel"] | None = None,
        max_concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        default_output_tokens: int | None = None,
        max_tokens_total: int | None = None,
        max_cost: float | None = None,
        price_table: PriceTableTypeDef | str | PathLike[str] | None = None,
        journal: str | PathLike[str] | None = None,
        dedupe: bool | None = None,
        skip_invalid: bool | None = None,
        retry_errors: bool | None = None,
        retry_ambiguous: bool | None = None,
    ) -> AsyncBulkResults:
        """Sends many records to a model, and returns an iterator over their results, in the order of the records."""

    async def close(self) -> None:
        """Closes the client. Further calls raise an exception."""

class AsyncStreamingBody(_Context):
    """The body of a response, which is read from the connection on demand."""

    async def read(self, amt: int | None = None) -> bytes:
        """Reads up to `amt` bytes, or the complete rest. Returns `b""` at the end."""

    def set_socket_timeout(self, timeout: float | None) -> None:
        """Limits the time in seconds that a read waits for bytes. Then the read raises a `ReadTimeoutError`."""

    async def text(self, encoding: str = "utf-8") -> str:
        """Reads the complete rest as text."""

    def iter_chunks(self, chunk_size: int = 1024) -> AsyncIterator[bytes]:
        """Returns an iterator over chunks of at most `chunk_size` bytes."""

    def iter_lines(self, chunk_size: int = 1024, keepends: bool = False) -> AsyncIterator[bytes]:
        """Returns an iterator over the lines."""

    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> bytes: ...
    def tell(self) -> int:
        """Returns the number of bytes that were read."""

    def readable(self) -> bool:
        """Returns `True`."""

    def close(self) -> None:
        """Closes the body. If it was not read completely, also closes the connection."""

class AsyncEventStream(_Context, Generic[_Event]):
    """The events of a response."""

    metadata: Any
    """The metadata of the call after the last event: token counts, latency, stop reason and attempts."""

    def __aiter__(self) -> AsyncIterator[_Event]: ...
    async def get_initial_response(self) -> dict[str, Any]:
        """Returns the members of the response except the events."""

    def close(self) -> None:
        """Closes the stream. If it was not read completely, also closes the connection."""

class AsyncBidirectionalStream(AsyncEventStream[_Event], Generic[_Input, _Event]):
    """A call that sends and receives events at the same time. Several tasks can send events, and one can receive."""

    async def send(self, event: _Input) -> None:
        """Sends an event. Waits until the previous event was sent, so a slow service slows down the caller."""

    async def close_input(self) -> None:
        """Ends the input. The service can continue to respond."""

    async def get_initial_response(self) -> dict[str, Any]:
        """Waits for the head of the response. Returns the members of the response except the events."""

    def close(self) -> None:
        """Closes the stream. If the service has not sent its last event, cancels the call."""

class AsyncPaginator(Generic[_Page]):
    """Reads the pages of a list."""

class AsyncPageIterator(Generic[_Page]):
    """The pages of a list."""

    resume_token: str | None
    """The `StartingToken` of the items after `MaxItems`, or `None`."""

    def __aiter__(self) -> AsyncIterator[_Page]: ...
    async def build_full_result(self) -> _Page:
        """Reads all pages, and returns their items in one dictionary."""

"""Streaming bodies and event streams of synchronous calls."""

from collections.abc import Iterator
from io import IOBase
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

_Event = TypeVar("_Event", covariant=True)

class StreamingBody(IOBase):
    """The body of a response, which is read from the connection on demand. It has the methods of botocore's class."""

    def read(self, amt: int | None = None) -> bytes:
        """Reads up to `amt` bytes, or the complete rest. Returns `b""` at the end."""

    def set_socket_timeout(self, timeout: float | None) -> None:
        """Limits the time in seconds that a read waits for bytes. Then the read raises a `ReadTimeoutError`."""

    def text(self, encoding: str = "utf-8") -> str:
        """Reads the complete rest as text."""

    def readinto(self, b: bytearray | memoryview) -> int:
        """Reads bytes into a buffer, and returns their number."""

    def iter_chunks(self, chunk_size: int = 1024) -> Iterator[bytes]:
        """Returns an iterator over chunks of at most `chunk_size` bytes."""

    def iter_lines(self, chunk_size: int = 1024, keepends: bool = False) -> Iterator[bytes]:
        """Returns an iterator over the lines."""

    def next(self) -> bytes:
        """Returns the next chunk of 1024 bytes, as botocore does."""

    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def __enter__(self) -> Self: ...

class EventStream(Generic[_Event]):
    """The events of a response. It has the methods of botocore's class."""

    metadata: Any
    """The metadata of the call after the last event: token counts, latency, stop reason and attempts."""

    def __iter__(self) -> Iterator[_Event]: ...
    def get_initial_response(self) -> dict[str, Any]:
        """Returns the members of the response except the events."""

    def close(self) -> None:
        """Closes the stream. If it was not read completely, also closes the connection."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

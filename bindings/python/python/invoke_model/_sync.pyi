"""Base classes of the synchronous client and of its paginators.

This module exists only for type checkers.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from ._client import BaseClient

_Page = TypeVar("_Page")

class SyncClient(BaseClient):
    """A client whose methods return responses."""

    def close(self) -> None:
        """Closes the client. Further calls raise an exception."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

class Paginator(Generic[_Page]):
    """Reads the pages of a list."""

class PageIterator(Generic[_Page]):
    """The pages of a list."""

    resume_token: str | None
    """The `StartingToken` of the items after `MaxItems`, or `None`."""

    def __iter__(self) -> Iterator[_Page]: ...
    def build_full_result(self) -> _Page:
        """Reads all pages, and returns their items in one dictionary."""

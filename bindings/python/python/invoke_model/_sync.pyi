"""Base classes of the synchronous client and of its paginators.

This module exists only for type checkers.
"""

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from ._client import BaseClient
from .bulk import BulkResults
from .quotas import PriceTableTypeDef

_Page = TypeVar("_Page")

class SyncClient(BaseClient):
    """A client whose methods return responses."""

    def bulk(
        self,
        records: Iterable[Mapping[str, object] | str | bytes] | str | PathLike[str],
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
    ) -> BulkResults:
        """Sends many records to a model, and returns an iterator over their results, in the order of the records."""

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

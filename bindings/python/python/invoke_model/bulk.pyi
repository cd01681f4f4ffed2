"""The results of bulk runs."""

from types import TracebackType
from typing import Any, Literal, NotRequired, Self, TypedDict, type_check_only

__all__ = ["AsyncBulkResults", "BulkResults"]

@type_check_only
class BulkErrorTypeDef(TypedDict):
    """The error of a record."""

    errorCode: int
    """The HTTP status, or 0 if there was no response."""

    errorMessage: str

@type_check_only
class BulkResultTypeDef(TypedDict):
    """The result of a record. It has either `modelOutput` or `error`."""

    recordId: str
    modelInput: Any
    modelOutput: NotRequired[Any]
    error: NotRequired[BulkErrorTypeDef]

@type_check_only
class BulkSummaryTypeDef(TypedDict):
    """The numbers of a run."""

    end: (
        Literal[
            "complete",
            "stopped",
            "over budget",
            "throttled",
            "failed",
            "the first calls all failed",
            "cancelled",
        ]
        | None
    )
    records: int
    succeeded: int
    failed: int
    ambiguous: int
    duplicates: int
    remaining: int
    in_flight: int
    calls: int
    retries: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    call_seconds: dict[Literal["p50", "p90", "p99", "max"], float]
    errors: dict[str, int]

class BaseResults:
    """The state that the iterators of both clients share. `Client.bulk` and `AsyncClient.bulk` create them."""

    def __init__(self, client: object, arguments: dict[str, Any]) -> None: ...
    @property
    def summary(self) -> BulkSummaryTypeDef:
        """The numbers of the run so far."""

    def stop(self) -> None:
        """Reads and sends no further records. The iterator ends after the results of the calls in flight."""

class BulkResults(BaseResults):
    """The results of a bulk run, as an iterator in the order of the records."""

    def __init__(self, client: object, records: object, arguments: dict[str, Any]) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> BulkResultTypeDef: ...
    def close(self) -> None:
        """Reads and sends no further records, and waits for the calls in flight. Ctrl-C cancels them."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

class AsyncBulkResults(BaseResults):
    """The results of a bulk run, as an asynchronous iterator in the order of the records."""

    def __init__(self, client: object, records: object, arguments: dict[str, Any]) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> BulkResultTypeDef: ...
    async def aclose(self) -> None:
        """Reads and sends no further records, and waits for the calls in flight."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

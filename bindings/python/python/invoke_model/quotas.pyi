"""The quota limiter, and the types of its settings."""

from collections.abc import Callable
from concurrent.futures import Future
from os import PathLike
from typing import Any, Literal, NotRequired, Protocol, Required, TypedDict, final, type_check_only

__all__ = ["MemoryQuotaStore", "QuotaLimiter"]

@type_check_only
class BudgetTypeDef(TypedDict, total=False):
    """A limit for the tokens or the cost of a period. It has either `tokens` or `money`."""

    tokens: int
    money: float
    period: Required[Literal["day", "month", "total"]]

@type_check_only
class QuotaLimitsTypeDef(TypedDict, total=False):
    """The limits of one key."""

    max_concurrency: int
    requests_per_minute: int
    tokens_per_minute: int
    budget: BudgetTypeDef

@type_check_only
class PriceTypeDef(TypedDict):
    """The prices of 1,000 tokens of a model."""

    input: float
    output: float
    cache_read: NotRequired[float]
    cache_write: NotRequired[float]

@type_check_only
class PriceTableTypeDef(TypedDict):
    """The prices of models."""

    currency: str
    models: dict[str, PriceTypeDef]

@type_check_only
class QuotaStoreTypeDef(TypedDict, total=False):
    """A Redis or Valkey server in which processes count their requests."""

    url: Required[str]
    namespace: str
    timeout: float
    lease: float
    wait_after_server_start: bool
    fallback_processes: int

@type_check_only
class QuotaUsageTypeDef(TypedDict):
    """The current usage of the first key of a limiter."""

    in_flight: int
    waiting: int
    requests: int
    tokens: int
    is_in_outage: bool

@type_check_only
class QuotaRequestTypeDef(TypedDict):
    """A request about which a store decides."""

    keys: dict[str, QuotaLimitsTypeDef]
    """The limits of each key against which the request counts."""
    tokens: int
    """The number of tokens that the request reserves."""
    cost: int
    """The cost that the request reserves, in billionths of the currency."""

@type_check_only
class QuotaDecisionTypeDef(TypedDict, total=False):
    """The decision of a store. It has one of these sets of members:

    * `reservation`: the request is admitted. The store gets this value at the end of the request
    * `key`, `limit` and `retry_after`: a limit of the key blocks the request. The limiter asks again after this time
    * `key` and `used`: the budget of the key does not admit the request. `used` is the used and reserved amount
    * `restarted`: the store has lost its counts, and admits requests after this time
    """

    reservation: Any
    key: str
    limit: Literal["max_concurrency", "requests_per_minute", "tokens_per_minute"]
    retry_after: float
    used: int
    restarted: float

@type_check_only
class QuotaStore(Protocol):
    """A store of a `QuotaLimiter` that counts the requests.

    Threads of the client call the methods, so they must return soon.
    """

    def acquire(self, request: QuotaRequestTypeDef, /) -> QuotaDecisionTypeDef | Future[QuotaDecisionTypeDef]:
        """Decides about a request, or returns a future of the decision. Exceptions of the future are temporary
        failures of the store.
        """

    def end(
        self, reservation: Any, outcome: Literal["used", "not sent", "unknown"], tokens: int, cost: int, /
    ) -> object:
        """Ends a request. If it was used, `tokens` and `cost` replace what it has reserved. If it was not sent, it no
        longer counts. If its usage is unknown, its reservation remains.
        """

@final
class MemoryQuotaStore:
    """A store in the memory of this process, for limiters that share a key. It has the methods of a store, so that a
    server can also decide for other processes.
    """

    def __new__(cls) -> MemoryQuotaStore: ...
    def acquire(self, request: QuotaRequestTypeDef) -> QuotaDecisionTypeDef:
        """Decides about a request."""

    def end(
        self,
        reservation: int,
        outcome: Literal["used", "not sent", "unknown"],
        tokens: int = 0,
        cost: int = 0,
    ) -> None:
        """Ends a request. Ignores a request that has already ended."""

class QuotaLimiter:
    """Delays or refuses calls before they are sent, so that they stay within limits and budgets."""

    def __init__(
        self,
        *,
        max_concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        budget: BudgetTypeDef | None = None,
        keys: dict[str, QuotaLimitsTypeDef] | None = None,
        keys_of_tags: dict[str, dict[str, QuotaLimitsTypeDef] | Callable[[str], QuotaLimitsTypeDef]] | None = None,
        price_table: PriceTableTypeDef | str | PathLike[str] | None = None,
        output_token_weight: int | None = None,
        default_output_tokens: int | None = None,
        max_wait: float | None = None,
        store: str | QuotaStoreTypeDef | QuotaStore | None = None,
    ) -> None: ...
    def usage(self) -> QuotaUsageTypeDef:
        """Returns the current usage of the first key."""

    def flush(self) -> None:
        """Waits until the store knows the outcomes of all requests that have ended. Call it before a program exits."""

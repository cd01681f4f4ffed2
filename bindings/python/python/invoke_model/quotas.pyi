"""The quota limiter, and the types of its settings."""

from collections.abc import Callable
from os import PathLike
from typing import Literal, NotRequired, Required, TypedDict, type_check_only

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
        store: str | QuotaStoreTypeDef | None = None,
    ) -> None: ...
    def usage(self) -> QuotaUsageTypeDef:
        """Returns the current usage of the first key."""

    def flush(self) -> None:
        """Waits until the store knows the outcomes of all requests that have ended. Call it before a program exits."""

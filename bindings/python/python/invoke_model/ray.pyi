"""Calls a model for each row of a Ray dataset."""

from collections.abc import Callable
from typing import Any, Literal, TypedDict, type_check_only

from .quotas import BudgetTypeDef, PriceTableTypeDef, QuotaLimitsTypeDef, QuotaStoreTypeDef

__all__ = ["InvokeModel"]

@type_check_only
class SharedLimitsTypeDef(TypedDict, total=False):
    """The settings of a `QuotaLimiter` whose limits all actors share."""

    max_concurrency: int
    requests_per_minute: int
    tokens_per_minute: int
    budget: BudgetTypeDef
    keys: dict[str, QuotaLimitsTypeDef]
    keys_of_tags: dict[str, dict[str, QuotaLimitsTypeDef] | Callable[[str], QuotaLimitsTypeDef]]
    price_table: PriceTableTypeDef
    output_token_weight: int
    default_output_tokens: int
    max_wait: float
    store: str | QuotaStoreTypeDef

class InvokeModel:
    """A class for `Dataset.map_batches`, which calls a model for each row. The calls of a batch run concurrently."""

    def __init__(
        self,
        model_id: str,
        *,
        operation: Literal["InvokeModel", "Converse"] = "InvokeModel",
        model_input: str | Callable[[dict[str, Any]], dict[str, Any] | str | bytes] = "modelInput",
        members: dict[str, Any] | None = None,
        output: Literal["json", "text"] = "json",
        output_column: str = "modelOutput",
        error_column: str = "error",
        max_calls_per_actor: int = 64,
        quota_limiter: SharedLimitsTypeDef | None = None,
        **settings: Any,
    ) -> None:
        """Creates the client of an actor. The further arguments are the settings of an `AsyncClient`."""

    async def __call__(self, batch: Any) -> Any:
        """Calls the model for each row of a batch of any format. Returns a `pyarrow.Table`."""

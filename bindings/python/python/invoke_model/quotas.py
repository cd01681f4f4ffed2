"""The quota limiter."""

import json
import os

from . import _native
from ._native import MemoryQuotaStore

__all__ = ["MemoryQuotaStore", "QuotaLimiter"]


class QuotaLimiter:
    """Delays or refuses calls before they are sent, so that they stay within limits and budgets.

    Pass it to all clients that share the limits, as `quota_limiter`. All settings are optional:

    * `max_concurrency`, `requests_per_minute`, `tokens_per_minute` and `budget`: the limits of all calls. A budget is a
      dictionary with `tokens` or `money`, and `period`: "day", "month" or "total"
    * `keys`: dictionaries with these four limits by the name of a key. A call must fit into the limits of all keys
    * `keys_of_tags`: for the name of a tag, the limits by the value of the tag, or a function of the value that returns
      them. "*" stands for all other values
    * `price_table`: a dictionary with prices, or the path of a JSON file, for budgets in money
    * `output_token_weight`: the number of tokens that one output token uses
    * `default_output_tokens`: the number of output tokens to reserve if the body does not limit the output
    * `max_wait`: the maximum time in seconds that a call waits
    * `store`: the URL of a Redis or Valkey server that processes share, such as "redis://localhost:6379", or a dictionary
      with `url`, `namespace`, `timeout`, `lease`, `wait_after_server_start`, and `fallback_processes`: the
      number of processes that share the limits in memory while the server is not available, or an object with the
      methods `acquire` and `end`, such as a `MemoryQuotaStore`
    """

    def __init__(
        self,
        *,
        max_concurrency=None,
        requests_per_minute=None,
        tokens_per_minute=None,
        budget=None,
        keys=None,
        keys_of_tags=None,
        price_table=None,
        output_token_weight=None,
        default_output_tokens=None,
        max_wait=None,
        store=None,
    ):
        settings = {name: value for name, value in locals().items() if name != "self"}
        settings["price_table"] = price_table_json(price_table)
        settings["store"] = {"url": store} if isinstance(store, str) else store
        self._native = _native.QuotaLimiter(settings)

    def usage(self):
        """Returns the current usage of the first key: `in_flight`, `waiting`, `requests` and `tokens` of the last minute.

        With a store, `requests` and `tokens` are 0. `is_in_outage` is `True` while `fallback_processes` applies.
        """
        return self._native.usage()

    def flush(self):
        """Waits until the store knows the outcomes of all requests that have ended. Call it before a program exits."""
        self._native.flush()

    def __repr__(self):
        return f"<invoke_model.QuotaLimiter {self.usage()}>"

    def __reduce__(self):
        raise TypeError("cannot pickle QuotaLimiter: create a limiter in each process, with a common store")


def price_table_json(table):
    """Returns the JSON of a price table."""
    if table is None:
        return None
    if isinstance(table, dict):
        return json.dumps(table)
    if isinstance(table, (str, os.PathLike)):
        with open(table, encoding="utf-8") as file:
            return file.read()
    raise TypeError(f"price_table: expected a dict or the path of a JSON file, not {type(table).__name__}")

"""Calls a model for each row of a Ray dataset.

    from invoke_model.ray import InvokeModel

    ds = ds.map_batches(
        InvokeModel,
        fn_constructor_kwargs={
            "model_id": "amazon.titan-embed-text-v2:0",
            "model_input": lambda row: {"inputText": row["text"]},
            "quota_limiter": {"requests_per_minute": 600},
        },
        batch_size=64,
        compute=ray.data.ActorPoolStrategy(size=4),
    )

The module needs Ray Data: `pip install "invoke-model[ray]"`. See `docs/ray.md`.
"""

import asyncio
import base64
import json
import threading
import time
import uuid
import warnings

from ._client import BaseClient
from ._native import response_text
from .aio import AsyncClient
from .quotas import MemoryQuotaStore, QuotaLimiter

__all__ = ["InvokeModel"]

#: The limits that belong to the key of a model.
_LIMITS = ("max_concurrency", "requests_per_minute", "tokens_per_minute", "budget")
#: A row waits for the quota as long as necessary. The value is a year in seconds.
_MAX_WAIT = 365 * 24 * 60 * 60


class InvokeModel:
    """A class for `Dataset.map_batches`, which calls a model for each row. The calls of a batch run concurrently.

    The result has the columns of the batch, and these columns:

    * `modelOutput`: the output as JSON text, or null
    * `error`: a struct, or null. `errorCode` is the HTTP status, or 0 if there was no response. `errorMessage` is the
      text. `retryClass` states whether the service may have billed the call, as in `docs/retries.md`

    A failed call does not fail the dataset. Parameters:

    * `model_id`: the id or the ARN of the model, as `modelId` of the operation
    * `operation`: "InvokeModel" or "Converse"
    * `model_input`: the name of the column with the body of `InvokeModel`, or with the input of `Converse` without
      `modelId`, or a function of the row that returns it. It is a dictionary, or JSON as text or bytes. Members that are
      `None` are left out, because a struct of Arrow has all members in all rows
    * `members`: further members of all requests, such as `guardrailIdentifier`
    * `output`: "json", or "text" for the text that the model generated
    * `output_column` and `error_column`: other names for the new columns
    * `max_calls_per_actor`: the maximum number of calls at a time in each actor
    * `quota_limiter`: a dictionary with the settings of a `QuotaLimiter`. All actors of the cluster share its limits and
      counts, which belong to the model id. Without `store`, a detached actor counts the requests
    * all other keyword arguments are the settings of an `AsyncClient`, which each actor creates
    """

    def __init__(
        self,
        model_id,
        *,
        operation="InvokeModel",
        model_input="modelInput",
        members=None,
        output="json",
        output_column="modelOutput",
        error_column="error",
        max_calls_per_actor=64,
        quota_limiter=None,
        **settings,
    ):
        _import_ray()
        _check_settings(model_id, settings)
        _check_choice("operation", operation, ("InvokeModel", "Converse"))
        _check_choice("output", output, ("json", "text"))
        if not isinstance(model_input, str) and not callable(model_input):
            found = type(model_input).__name__
            raise TypeError(f"model_input: expected the name of a column or a function of a row, not {found}")
        if not isinstance(max_calls_per_actor, int) or max_calls_per_actor < 1:
            raise ValueError(f"max_calls_per_actor: expected a number of at least 1, not {max_calls_per_actor!r}")
        if quota_limiter is not None:
            settings["quota_limiter"] = _quota_limiter(quota_limiter, model_id)
        self._members = {**(members or {}), "modelId": model_id}
        self._call = self._converse if operation == "Converse" else self._invoke_model
        self._model_input = model_input
        self._is_text = output == "text"
        self._columns = (output_column, error_column)
        self._client = AsyncClient(**settings)
        self._calls = asyncio.Semaphore(max_calls_per_actor)

    async def __call__(self, batch):
        """Calls the model for each row of a batch of any format. Returns a `pyarrow.Table`."""
        import pyarrow
        from ray.data.block import BlockAccessor

        table = BlockAccessor.for_block(BlockAccessor.batch_to_block(batch)).to_arrow()
        results = await asyncio.gather(*map(self._result, self._rows(table)))
        error_type = pyarrow.struct(
            [("errorCode", pyarrow.int64()), ("errorMessage", pyarrow.string()), ("retryClass", pyarrow.string())]
        )
        # The types of the columns do not depend on the rows, so that all blocks have the same schema.
        for index, type_ in enumerate((pyarrow.string(), error_type)):
            name = self._columns[index]
            column = pyarrow.array([result[index] for result in results], type_)
            if name in table.column_names:
                table = table.set_column(table.column_names.index(name), name, column)
            else:
                table = table.append_column(name, column)
        return table

    def _rows(self, table):
        """Returns the values of the input column, or all rows for a function of the row."""
        from ray.data.block import BlockAccessor

        if callable(self._model_input):
            return BlockAccessor.for_block(table).iter_rows(public_row_format=True)
        if self._model_input not in table.column_names:
            known = ", ".join(table.column_names)
            raise ValueError(f"model_input: there is no column {self._model_input!r}; the columns are: {known}")
        return table.column(self._model_input).to_pylist()

    async def _result(self, row):
        """Returns the output and the error of a row. One of them is `None`."""
        try:
            value = self._model_input(row) if callable(self._model_input) else row
            if not isinstance(value, (dict, str, bytes)):
                raise TypeError(f"model_input: expected a dict, text or bytes, not {type(value).__name__}")
            async with self._calls:
                output = await self._call(value)
        except Exception as error:
            return None, _error(error)
        try:
            return response_text(output) if self._is_text else output, None
        except Exception as error:
            # The service has billed the call.
            return None, {**_error(error), "retryClass": "ambiguous"}

    async def _invoke_model(self, value):
        body = json.dumps(_plain(value)) if isinstance(value, dict) else value
        response = await self._client.invoke_model(**self._members, body=body)
        data = await response["body"].read()
        try:
            json.loads(text := data.decode())
            return text
        except ValueError:
            return json.dumps({"base64": base64.b64encode(data).decode()})

    async def _converse(self, value):
        value = _plain(value if isinstance(value, dict) else json.loads(value))
        response = await self._client.converse(**{**value, **self._members})
        del response["ResponseMetadata"]
        # A member that is a blob is base64 in JSON.
        return json.dumps(response, default=lambda blob: base64.b64encode(blob).decode())


def _import_ray():
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError('invoke_model.ray needs Ray Data: pip install "invoke-model[ray]"') from error
    return ray


def _has_restarted():
    """Returns `True` if Ray has restarted this actor."""
    import ray

    with warnings.catch_warnings():
        # Ray uses a deprecated function in this property.
        warnings.simplefilter("ignore")
        return bool(ray.get_runtime_context().was_current_actor_reconstructed)


def _check_settings(model_id, settings):
    for name, value in {"model_id": model_id, **settings}.items():
        if isinstance(value, (BaseClient, QuotaLimiter)):
            found = type(value).__name__
            raise TypeError(f"{name}: expected settings, not an object of {found}: each actor creates its own client")
    for name in _LIMITS[:3]:
        if name in settings:
            raise TypeError(f"{name}: write quota_limiter={{{name!r}: ..}}, because the actors share the limit")
    if not isinstance(model_id, str):
        raise TypeError(f"model_id: expected text, not {type(model_id).__name__}")


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name}: expected {' or '.join(map(repr, choices))}, not {value!r}")


def _plain(value):
    """Returns a value without members that are `None`, and without arrays and numbers of numpy."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items() if member is not None}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _error(error):
    """Returns an error as a value of the column."""
    response = getattr(error, "response", {})
    # The note contains the text of the Rust client, which has more details than that of botocore.
    notes = getattr(error, "__notes__", None)
    return {
        "errorCode": response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
        "errorMessage": notes[0] if notes else f"{type(error).__name__}: {error}",
        "retryClass": getattr(error, "retry_class", None),
    }


def _quota_limiter(settings, model_id):
    """Returns a limiter whose limits and counts belong to the model id, with a store that all actors share."""
    if not isinstance(settings, dict):
        raise TypeError(f"quota_limiter: expected a dict with settings, not {type(settings).__name__}")
    limits = {name: settings[name] for name in _LIMITS if settings.get(name) is not None}
    settings = {"max_wait": _MAX_WAIT, **{name: value for name, value in settings.items() if name not in _LIMITS}}
    if limits:
        settings["keys"] = {**(settings.get("keys") or {}), model_id: limits}
    if settings.get("store") is None:
        settings["store"] = _ActorStore()
    return QuotaLimiter(**settings)


class _ActorStore:
    """A store of a `QuotaLimiter` that asks the actor `quota_limiter` for each request."""

    def __init__(self):
        ray = _import_ray()
        options = {
            "name": "quota_limiter",
            "namespace": "invoke_model",
            "get_if_exists": True,
            # The actor that creates the limiter may end before the others.
            "lifetime": "detached",
            "num_cpus": 0,
            "max_restarts": -1,
            "max_task_retries": -1,
        }
        self._limiter = ray.remote(LimiterActor).options(**options).remote()
        self._holder = uuid.uuid4().hex
        threading.Thread(target=self._renew, name="invoke-model-leases", daemon=True).start()

    def acquire(self, request):
        return self._limiter.acquire.remote(self._holder, uuid.uuid4().hex, request).future()

    def end(self, reservation, outcome, tokens, cost):
        self._limiter.end.remote(self._holder, reservation, outcome, tokens, cost)

    def _renew(self):
        """Renews the leases of this process until Ray shuts down."""
        try:
            while True:
                time.sleep(LimiterActor.DURATION / 3)
                self._limiter.renew.remote(self._holder)
        except Exception:
            return


class LimiterActor:
    """The actor that counts the requests of all other actors. A request is a lease, which its holder must renew.

    If a holder ends without a message, its leases expire. Its requests then no longer count against `max_concurrency`.
    They still count for their minute, because the service may have executed them.
    """

    #: The time in seconds after which the leases of a silent holder expire.
    DURATION = 30
    #: The time in seconds for which the store counts a request.
    WINDOW = 61

    def __init__(self, *, now=time.monotonic, has_restarted=None):
        self._now = now
        self._store = MemoryQuotaStore()
        #: By holder: the time of the last message, and the reservations of the store by the id of their request.
        self._holders = {}
        # A restarted actor does not know the requests of the last minute.
        has_restarted = _has_restarted() if has_restarted is None else has_restarted
        self._ready_at = now() + self.WINDOW if has_restarted else now()

    def acquire(self, holder, request_id, request):
        """Decides about a request. Ray may repeat a call, which then returns the same reservation."""
        self.renew(holder)
        if (remaining := self._ready_at - self._now()) > 0:
            return {"restarted": remaining}
        reservations = self._holders[holder][1]
        if request_id in reservations:
            return {"reservation": request_id}
        decision = self._store.acquire(request)
        if "reservation" in decision:
            reservations[request_id] = decision["reservation"]
            decision["reservation"] = request_id
        return decision

    def end(self, holder, request_id, outcome, tokens, cost):
        """Ends a request. Ignores a request whose lease has expired, or that an earlier process of the actor admitted."""
        self.renew(holder)
        number = self._holders[holder][1].pop(request_id, None)
        if number is not None:
            self._store.end(number, outcome, tokens, cost)

    def renew(self, holder):
        """Renews the leases of a holder, and ends those of silent holders."""
        now = self._now()
        reservations = self._holders.pop(holder, (now, {}))[1]
        # The holder moves to the end, so the first holder is the one that has been silent for the longest time.
        self._holders[holder] = (now, reservations)
        while (oldest := next(iter(self._holders.items())))[1][0] + self.DURATION <= now:
            for number in self._holders.pop(oldest[0])[1].values():
                self._store.end(number, "unknown")

"""The code that the synchronous and the asyncio client share."""

import os
import sys
from collections.abc import Mapping

from . import _errors, _native

#: The settings of the native client.
SETTINGS = (
    "region_name",
    "endpoint_url",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "profile_name",
    "bearer_token",
    "connect_timeout",
    "read_timeout",
    "first_byte_timeout",
    "idle_timeout",
    "timeout",
    "max_attempts",
    "retry_mode",
    "retry_ambiguous",
    "max_backoff",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "ca_bundle",
    "proxy",
    "max_concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "quota_limiter",
    "tags",
    "interceptors",
    "interceptor_timeout",
    "http_version",
    "user_agent",
    "user_agent_extra",
    "user_agent_appid",
)


def python_name(operation):
    """Returns the name of a method as botocore does, for example `invoke_model` for `InvokeModel`."""
    # The module `re` would double the time of the import.
    parts = (f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)
    return "".join(parts).lstrip("_")


_FACTS = {python_name(facts.name): facts for facts in _native.operations()}
#: The operations of both clients by the name of their method.
OPERATIONS = {name: facts.name for name, facts in _FACTS.items() if not facts.has_input_events}
#: The operations that send events, by the name of their method. boto3 and the synchronous client do not have them.
BIDIRECTIONAL = {name: facts.name for name, facts in _FACTS.items() if facts.has_input_events}
#: The members of the pages of an operation by the name of its method.
PAGES = {name: facts.pages for name, facts in _FACTS.items() if facts.pages is not None}


class ClientMeta:
    """Facts about a client: a part of `client.meta` of boto3."""

    def __init__(self, region_name, endpoint_url, config, operations):
        self.region_name = region_name
        self.endpoint_url = endpoint_url
        self.config = config
        self.method_to_api_mapping = dict(operations)


class ClientExceptions:
    """The exception classes of a client, as `client.exceptions` of boto3."""

    def __getattr__(self, name):
        found = _errors.modeled().get(name)
        if found is None and name == "ClientError":
            found = _errors.classes()[name]
        if found is None:
            known = ", ".join(_errors.modeled())
            raise AttributeError(f"client.exceptions has no attribute {name!r}; valid exceptions are: {known}")
        return found

    def __dir__(self):
        return [*_errors.modeled(), "ClientError", "from_code"]

    @staticmethod
    def from_code(code):
        """Returns the class of the error with this code."""
        return _errors.by_code(code)


def _of_config(config):
    """Returns the settings in a `botocore.config.Config`, or in a dictionary with the same names."""
    given = config if isinstance(config, dict) else getattr(config, "_user_provided_options", None)
    if given is None:
        raise TypeError(f"config: expected a botocore Config or a dict, not {type(config).__name__}")
    settings = {name: given[name] for name in SETTINGS if given.get(name) is not None}
    retries = _option(given, "retries", dict, "a dict") or {}
    attempts = _option(retries, "total_max_attempts", int, "a number")
    # In a Config of botocore, this number does not include the first attempt.
    further_attempts = _option(retries, "max_attempts", int, "a number")
    if attempts is not None:
        settings["max_attempts"] = attempts
    elif further_attempts is not None:
        settings["max_attempts"] = further_attempts + 1
    if retries.get("mode") is not None:
        settings["retry_mode"] = retries["mode"]
    if (proxies := _option(given, "proxies", dict, "a dict")) is not None:
        settings["proxies"] = {scheme: proxies[scheme] for scheme in ("http", "https") if proxies.get(scheme)}
    return settings


def _path(name, value):
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise TypeError(f"{name}: expected a path, not {type(value).__name__}")
    return path


def _option(given, name, types, expected):
    """Returns an option of a `Config` that is not a setting of its own."""
    value = given.get(name)
    if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
        raise TypeError(f"config: {name}: expected {expected}, not {type(value).__name__}")
    return value


class BaseClient:
    """The settings and attributes of both clients."""

    def __init__(self, *, config=None, verify=None, body, events, bidirectional=None, **settings):
        all_settings = dict.fromkeys(SETTINGS)
        if config is not None:
            all_settings.update(_of_config(config))
        for name, value in settings.items():
            if name not in all_settings:
                known = ", ".join(SETTINGS)
                raise TypeError(f"{name!r} is not a setting of a client; known settings: config, verify, {known}")
            if value is not None:
                all_settings[name] = value
        if verify is False:
            raise ValueError("verify=False is not supported: pass the path of a file with root certificates")
        if verify is not None and verify is not True:
            all_settings["ca_bundle"] = _path("verify", verify)
        all_settings["quota_limiter"] = getattr(all_settings["quota_limiter"], "_native", all_settings["quota_limiter"])
        all_settings["interceptors"] = self._hooks(all_settings["interceptors"])
        self._set_native(_native.Client(all_settings, body, events, bidirectional), config)

    #: `True` if the methods of the client return coroutines.
    _is_async = False

    @classmethod
    def _hooks(cls, interceptors):
        """Returns the hooks of interceptors for the native client."""
        if interceptors is None:
            return []
        from . import _hooks

        return _hooks.methods(interceptors, cls._is_async)

    def _set_native(self, native, config):
        self._native = native
        operations = {**OPERATIONS, **BIDIRECTIONAL} if self._is_async else OPERATIONS
        self.meta = ClientMeta(native.region_name, native.endpoint_url, config, operations)
        self.exceptions = ClientExceptions()

    def with_options(self, *, tags=None, interceptors=None):
        """Returns a client with options for its calls: `client.with_options(tags={"tenant": "acme"}).converse(..)`.

        * `tags`: the tags are added to those of this client. A tag with the same key replaces that of this client
        * `interceptors`: they follow those of this client

        The new client shares everything else with this client, such as its connections. If one of them is closed, both
        are closed.
        """
        if tags is not None and not isinstance(tags, dict):
            raise TypeError(f"tags: expected a dict, not {type(tags).__name__}")
        client = object.__new__(type(self))
        client.__dict__.update(self.__dict__)
        client._native = self._native.with_options(tags, self._hooks(interceptors))
        return client

    @classmethod
    def failover(
        cls,
        targets,
        *,
        on_access_denied=None,
        on_server_error=None,
        on_ambiguous=None,
        max_attempts_per_target=None,
        consecutive_failures=None,
        open_duration=None,
        max_retry_after=None,
    ):
        """Returns a client that sends each call to the first target that can process it.

        `targets` is a dictionary by the name of the target. A value is a client, or a tuple of a client and the model id
        that replaces the model id of each call. The keyword arguments are those of `FailoverBuilder` and
        `CircuitBreakerConfig` of the Rust client. The durations are in seconds.
        """
        settings = {name: value for name, value in locals().items() if name not in ("cls", "targets")}
        if not isinstance(targets, Mapping):
            raise TypeError(f"targets: expected a dict of clients by name, not {type(targets).__name__}")
        client = object.__new__(cls)
        found = [cls._target(name, target) for name, target in targets.items()]
        client._set_native(_native.Client.failover(found, settings), None)
        # The local endpoint of a test runs as long as its clients exist.
        client._targets = dict(targets)
        return client

    @classmethod
    def _target(cls, name, target):
        client, model_id = target if isinstance(target, tuple) and len(target) == 2 else (target, None)
        if not isinstance(name, str):
            raise TypeError(f"targets: expected text as name, not {type(name).__name__}")
        if not isinstance(client, cls):
            raise TypeError(f"targets: {name}: expected an object of {cls.__name__}, not {type(client).__name__}")
        if model_id is not None and not isinstance(model_id, str):
            raise TypeError(f"targets: {name}: expected text as model id, not {type(model_id).__name__}")
        return name, client._native, model_id

    def target_status(self):
        """Returns the state of each target of a failover: `target`, `state`, `remaining` seconds and `last_failure`."""
        return self._native.target_status()

    def bulk(
        self,
        records,
        *,
        modelId,
        operation=None,
        max_concurrency=None,
        requests_per_minute=None,
        tokens_per_minute=None,
        default_output_tokens=None,
        max_tokens_total=None,
        max_cost=None,
        price_table=None,
        journal=None,
        dedupe=None,
        skip_invalid=None,
        retry_errors=None,
        retry_ambiguous=None,
    ):
        """Sends many records to a model, and returns an iterator over their results, in the order of the records.

        `records` is an iterable of dictionaries `{"recordId": "1", "modelInput": {..}}`, or of lines with their JSON as text
        or bytes, or the path of a file with such lines. A record without an id gets one. The iterator reads a record only
        when a call can start soon. An `AsyncClient` also accepts an asynchronous iterable.

        A result has `recordId`, `modelInput`, and either `modelOutput` or `error` with `errorCode` and `errorMessage`.

        * `modelId`, and `operation`: "InvokeModel", where `modelInput` is the body, or "Converse", where it is the other
          arguments
        * `max_concurrency`: the maximum number of calls at the same time. Default: 16
        * `requests_per_minute`, `tokens_per_minute`, and `default_output_tokens` to reserve for a record that does not set
          their maximum. The quota limiter of the client applies if none of the limits is set
        * `max_tokens_total`, or `max_cost` with `price_table`: the run ends before its records would use more, including
          earlier runs with the journal. The iterator then raises an `OverBudgetError`
        * `journal`: the path of a file that contains the results. With it, a run continues after an interruption or a kill
        * `dedupe`: sends equal inputs once. It needs `journal`
        * `skip_invalid`: returns an error for each invalid record. By default, an invalid record raises a `ValueError`
        * `retry_errors`: sends the records again whose result in the journal is an error
        * `retry_ambiguous`: sends the records again that may have been billed, such as those in flight at a kill

        docs/bulk.md describes the rules.
        """
        arguments = {name: value for name, value in locals().items() if name not in ("self", "records")}
        return self._bulk_results()(self, records, arguments)

    #: The names of the waiters. The model of the service has no waiters in botocore.
    waiter_names = ()

    def get_waiter(self, waiter_name):
        raise ValueError(f"Waiter does not exist: {waiter_name}")

    def can_paginate(self, operation_name):
        """Returns `True` if the operation returns a list in pages."""
        return operation_name in PAGES

    def _pages(self, operation_name):
        if operation_name not in PAGES:
            raise _errors.classes()["OperationNotPageableError"](operation_name=operation_name)
        return PAGES[operation_name]

    def __repr__(self):
        return f"<{type(self).__module__}.{type(self).__name__} {self.meta.endpoint_url}>"

    def __reduce__(self):
        raise TypeError(f"cannot pickle {type(self).__name__}: create a client in each process")


def _documentation(name, operation):
    facts = _FACTS[name]
    text = f"Calls the operation `{operation}`. The arguments and the result are those of boto3."
    required = facts.required_members
    lines = (f"* {member} (required)" if member in required else f"* {member}" for member in facts.members)
    return "\n".join([text, "", "Keyword arguments:", "", *lines])


def add_methods(cls, make, operations):
    """Adds a method for each operation."""
    for name, operation in operations.items():
        method = make(name, operation)
        method.__name__ = name
        method.__qualname__ = f"{cls.__name__}.{name}"
        method.__module__ = cls.__module__
        method.__doc__ = _documentation(name, operation)
        setattr(cls, name, method)


def start_span(operation):
    """Starts the span of a call. Returns `None` if the program does not use OpenTelemetry."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from . import _otel

    return _otel.start(operation)


def only_keywords(name):
    return TypeError(f"{name}() only accepts keyword arguments.")


def member(page, path):
    """Returns the member at a path, or `None`."""
    for name in path.split("."):
        page = page.get(name) if isinstance(page, dict) else None
    return page


def page_arguments(pages, config, arguments):
    """Returns the arguments of the first page, the maximum number of items, and the number of items to skip."""
    token, size = pages.input_token, pages.page_size
    config = dict(config or {})
    limit = config.pop("MaxItems", None)
    skipped = 0
    if (start := config.pop("StartingToken", None)) is not None:
        start, skipped = _decode_token(token, start)
        if start is not None:
            arguments[token] = start
    if (page_size := config.pop("PageSize", None)) is not None:
        if size is None:
            raise ValueError("PageSize: the operation has no page size")
        arguments[size] = int(page_size)
    if config:
        raise ValueError(f"PaginationConfig: unknown keys {', '.join(config)}; known: MaxItems, PageSize, StartingToken")
    return arguments, None if limit is None else int(limit), skipped


# The format of these tokens is that of botocore, so a program can continue a list that botocore has begun.
_SKIPPED = "boto_truncate_amount"


def _encode_token(members):
    import base64
    import json

    return base64.b64encode(json.dumps(members).encode()).decode()


def _decode_token(name, text):
    """Returns the token of the service, and the number of items to skip. Also accepts a token of the service."""
    import base64
    import json

    try:
        members = json.loads(base64.b64decode(text))
    except (TypeError, ValueError):
        return text, 0
    if not isinstance(members, dict) or name not in members:
        return text, 0
    return members[name], members.get(_SKIPPED, 0)


class PageState:
    """The state of a paginator between two pages."""

    def __init__(self, pages, config, arguments):
        self.pages = pages
        self.arguments, self.left, self.skipped = page_arguments(pages, config, arguments)
        self.is_last = False
        #: The `StartingToken` of the items after `MaxItems`.
        self.resume_token = None

    def accept(self, page):
        """Prepares the arguments of the next page, and truncates the items of the last page."""
        token = self.pages.input_token
        found = member(page, self.pages.items) or []
        skipped, self.skipped = self.skipped, 0
        del found[:skipped]
        following = member(page, self.pages.output_token)
        if self.left is not None:
            if len(found) > self.left:
                del found[self.left :]
                self.resume_token = _encode_token({token: self.arguments.get(token), _SKIPPED: self.left + skipped})
                self.is_last = True
                return page
            self.left -= len(found)
        if not following:
            self.is_last = True
        elif self.left == 0:
            self.resume_token = _encode_token({token: following})
            self.is_last = True
        elif following == self.arguments.get(token):
            raise RuntimeError(f"the service returned the page token {following!r} twice")
        else:
            self.arguments[token] = following
        return page



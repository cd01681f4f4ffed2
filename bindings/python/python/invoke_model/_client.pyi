"""Attributes and methods of the clients that do not depend on the model."""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Self, TypedDict, type_check_only

from .exceptions import ClientError as _ClientError
from .hooks import AfterAttempt, AfterResponse, BeforeSend, BeforeSign
from .quotas import QuotaLimiter

_Interceptor = BeforeSign | BeforeSend | AfterResponse | AfterAttempt

@type_check_only
class TargetStatusTypeDef(TypedDict):
    """The state of a target of a failover."""

    target: str
    state: Literal["closed", "open", "half-open"]
    remaining: float | None
    last_failure: str | None

class ClientExceptions:
    """The exception classes of a client."""

    ClientError: type[_ClientError]
    """The base class of the errors that the service returns."""

    @staticmethod
    def from_code(code: str) -> type[_ClientError]:
        """Returns the class of the error with this code. For an unknown code, returns `ClientError`."""

class ClientMeta:
    """Facts about a client."""

    region_name: str
    """The region of the endpoint."""

    endpoint_url: str
    """The URL of the endpoint."""

    config: Any
    """The argument `config` of the client."""

    method_to_api_mapping: Mapping[str, str]
    """The name of the operation that each method calls."""

class BaseClient:
    """The settings and attributes of both clients."""

    meta: ClientMeta
    """Facts about the client."""

    waiter_names: tuple[str, ...]
    """The names of the waiters."""

    def __init__(
        self,
        *,
        config: Any = None,
        verify: str | PathLike[str] | bool | None = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        profile_name: str | None = None,
        bearer_token: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        first_byte_timeout: float | None = None,
        idle_timeout: float | None = None,
        timeout: float | None = None,
        max_attempts: int | None = None,
        retry_mode: Literal["adaptive", "legacy", "standard"] | None = None,
        retry_ambiguous: bool | None = None,
        max_backoff: float | None = None,
        use_fips_endpoint: bool | None = None,
        use_dualstack_endpoint: bool | None = None,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        max_concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        quota_limiter: QuotaLimiter | None = None,
        tags: dict[str, str] | None = None,
        interceptors: Iterable[_Interceptor] | None = None,
        interceptor_timeout: float | None = None,
        http_version: Literal["1.1", "2"] | None = None,
        user_agent: str | None = None,
        user_agent_extra: str | None = None,
        user_agent_appid: str | None = None,
    ) -> None:
        """Creates a client. The environment and the shared files of AWS contain the defaults of the settings."""

    def with_options(
        self, *, tags: dict[str, str] | None = None, interceptors: Iterable[_Interceptor] | None = None
    ) -> Self:
        """Returns a client with further tags and interceptors. It shares everything else with this client."""

    @classmethod
    def failover(
        cls,
        targets: Mapping[str, Self | tuple[Self, str]],
        *,
        on_access_denied: bool | None = None,
        on_server_error: bool | None = None,
        on_ambiguous: bool | None = None,
        max_attempts_per_target: int | None = None,
        consecutive_failures: int | None = None,
        open_duration: float | None = None,
        max_retry_after: float | None = None,
    ) -> Self:
        """Returns a client that sends each call to the first target that can process it.

        A target is a client, or a client and the model id that replaces the model id of each call.
        """

    def target_status(self) -> list[TargetStatusTypeDef]:
        """Returns the state of each target of a failover."""

    def can_paginate(self, operation_name: str) -> bool:
        """Returns `True` if the operation returns a list in pages."""

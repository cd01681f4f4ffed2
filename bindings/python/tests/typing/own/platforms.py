"""Tags, interceptors, quota limiters and failover."""

from typing import Any, assert_type

from invoke_model import AsyncClient, Client, QuotaLimiter
from invoke_model.exceptions import InterceptorError, OverBudgetError
from invoke_model.hooks import InterceptorContext, Request, Response


class Gateway:
    def before_sign(self, request: Request, context: InterceptorContext) -> None:
        request.headers["x-tenant"] = context.tags.get("tenant", "none")

    def after_response(self, response: Response, context: InterceptorContext) -> None:
        print(response.status, response.headers.get("x-amzn-requestid"))

    def after_attempt(self, attempt: dict[str, Any], context: InterceptorContext) -> None:
        print(attempt["number"], context.attempt)


class Token:
    async def before_sign(self, request: Request, context: InterceptorContext) -> None:
        request.headers["x-token"] = "t"


class Nothing:
    def before_signing(self, request: Request, context: InterceptorContext) -> None:
        """Has the wrong name."""


def limiter() -> QuotaLimiter:
    QuotaLimiter(budget={"tokens": 1})  # type: ignore
    return QuotaLimiter(
        keys={"account": {"requests_per_minute": 100}},
        keys_of_tags={"tenant": lambda tenant: {"budget": {"money": 5.0, "period": "day"}}, "team": {"*": {}}},
        price_table={"currency": "USD", "models": {"*": {"input": 0.1, "output": 0.2}}},
        store={"url": "redis://localhost", "fallback_processes": 2},
    )


def converse(client: Client) -> str:
    acme = client.with_options(tags={"tenant": "acme"}, interceptors=[Gateway()])
    assert_type(acme, Client)
    try:
        response = acme.converse(modelId="amazon.nova-micro-v1:0", messages=[])
    except OverBudgetError as error:
        return f"{error.key} {error.budget} {error.currency}"
    except InterceptorError as error:
        return f"{error.interceptor} {error.hook}"
    return response["ResponseMetadata"].get("Target", "")


def failover() -> Client:
    first = Client(region_name="us-east-1", quota_limiter=limiter(), interceptors=[Gateway()])
    second = Client(region_name="us-west-2", tags={"region": "second"})
    Client(interceptors=[Nothing()])  # type: ignore
    client = Client.failover({"first": first, "small": (second, "amazon.nova-micro-v1:0")}, on_server_error=True)
    for status in client.target_status():
        print(status["target"], status["state"])
    return client


def asynchronous() -> AsyncClient:
    client = AsyncClient(interceptors=[Token()])
    AsyncClient.failover({"first": Client()})  # type: ignore
    return AsyncClient.failover({"first": client, "second": AsyncClient()})

"""Sends the calls of boto3's Bedrock Runtime clients through this package.

    import boto3
    import invoke_model.boto3

    invoke_model.boto3.install()
    client = boto3.client("bedrock-runtime")

`install` accelerates each client that is created afterwards, and `accelerate` accelerates one client. The class, the
exceptions, the settings, the credentials, the retries and the events of the client are still those of botocore.

If no other library has registered a handler for an event of the request, the package validates, serializes, signs,
sends and parses. Otherwise, the package only sends the signed request. botocore runs the handlers, and does the rest.

The clients of aiobotocore are not accelerated. For asyncio, use `invoke_model.AsyncClient`.
"""

import functools
import logging
from typing import TypeVar

from botocore.client import ClientCreator

from .._native import Boto3Calls
from ._client import Acceleration, add_methods

__all__ = ["accelerate", "install", "uninstall"]

logger = logging.getLogger(__name__)
_Client = TypeVar("_Client")


def accelerate(client: _Client) -> _Client:
    """Accelerates a client of boto3, and returns it.

    Raises `TypeError` if it is not a client of Bedrock Runtime, and `ValueError` if it has a setting that this package
    does not support, such as `verify=False` or a client certificate.
    """
    if not _is_of_bedrock_runtime(client) or not hasattr(client, "_make_api_call"):
        raise TypeError(f"expected a client of the service {Boto3Calls.SERVICE_ID!r} that boto3 created, not {client!r}")
    if not isinstance(client.__dict__.get("_acceleration"), Acceleration):
        client.__dict__["_acceleration"] = Acceleration(client)
        add_methods(type(client))
    return client


def _is_of_bedrock_runtime(client):
    model = getattr(getattr(client, "meta", None), "service_model", None)
    return getattr(model, "service_id", None) == Boto3Calls.SERVICE_ID


class _Installation:
    """The wrapper of the function that creates clients."""

    def __init__(self):
        self.is_active = False
        self.wrapper = None
        self.original = None

    def start(self):
        self.is_active = True
        if self.wrapper is not None:
            return
        original = ClientCreator.create_client

        @functools.wraps(original)
        def create_client(*args, **kwargs):
            client = original(*args, **kwargs)
            return self.accelerate(client) if self.is_active else client

        self.original, self.wrapper = original, create_client
        ClientCreator.create_client = create_client

    def stop(self):
        self.is_active = False
        # If another library has wrapped the wrapper, it must stay.
        if self.wrapper is not None and ClientCreator.create_client is self.wrapper:
            ClientCreator.create_client = self.original
            self.wrapper = self.original = None

    @staticmethod
    def accelerate(client):
        if not _is_of_bedrock_runtime(client):
            return client
        try:
            return accelerate(client)
        except (TypeError, ValueError) as error:
            logger.warning("The client is not accelerated: %s", error)
            return client


_installation = _Installation()


def install() -> None:
    """Accelerates each Bedrock Runtime client that boto3 or botocore creates from now on.

    Existing clients stay as they are. If a client has a setting that this package does not support, a warning is
    logged, and the client stays as botocore created it. Further calls of this function have no effect.
    """
    _installation.start()


def uninstall() -> None:
    """Ends the effect of `install`. Clients that are already accelerated stay accelerated."""
    _installation.stop()

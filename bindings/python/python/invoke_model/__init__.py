"""A client for Amazon Bedrock Runtime with the interface of boto3, sync and asyncio."""

from . import exceptions
from ._native import EventStreamDecoder, __version__
from .quotas import QuotaLimiter
from ._sign import presign, sign
from .client import Client

__all__ = ["AsyncClient", "Client", "EventStreamDecoder", "QuotaLimiter", "__version__", "exceptions", "presign", "sign"]


def __getattr__(name):
    # The import of asyncio takes longer than all other imports together.
    if name == "AsyncClient":
        from .aio import AsyncClient

        globals()[name] = AsyncClient
        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

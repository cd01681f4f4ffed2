"""A client for Amazon Bedrock Runtime with the interface of boto3, sync and asyncio."""

from ._native import __version__
from .aio import AsyncClient
from .client import Client

__all__ = ["AsyncClient", "Client", "__version__"]

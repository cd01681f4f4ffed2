"""A client for Amazon Bedrock Runtime with the interface of boto3, sync and asyncio."""

from ._native import EventStreamDecoder, __version__
from ._sign import presign, sign
from .aio import AsyncClient
from .client import Client

__all__ = ["AsyncClient", "Client", "EventStreamDecoder", "__version__", "presign", "sign"]

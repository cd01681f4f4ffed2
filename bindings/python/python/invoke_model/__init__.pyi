"""A client for Amazon Bedrock Runtime with the interface of boto3, sync and asyncio."""

from . import exceptions as exceptions
from .aio import AsyncClient as AsyncClient
from .client import Client as Client

__version__: str

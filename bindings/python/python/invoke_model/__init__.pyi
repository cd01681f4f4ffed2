"""A client for Amazon Bedrock Runtime with the interface of boto3, sync and asyncio."""

from typing import Any, final

from typing_extensions import Buffer

from . import exceptions as exceptions
from ._sign import presign as presign
from ._sign import sign as sign
from .aio import AsyncClient as AsyncClient
from .client import Client as Client
from .quotas import QuotaLimiter as QuotaLimiter

__version__: str

@final
class EventStreamDecoder:
    """Decodes the body of a response into events.

    `feed` takes the next bytes, in chunks of any size, and returns the events that are complete. Call `finish` at the
    end of the body. With the name of an operation, an event is a dictionary, as in the streams of a client. Without
    it, an event is a tuple of the headers and the payload of a message.

    An exception that the service sends in the stream raises an `EventStreamError`. An invalid or incomplete message raises
    a `ParserError`. Events before them are returned first.
    """

    def __new__(cls, operation: str | None = None) -> EventStreamDecoder: ...
    def feed(self, data: Buffer) -> list[Any]:
        """Adds the next bytes, and returns the events that are complete."""

    def finish(self) -> None:
        """Checks that the stream did not end inside of a message."""

    @property
    def offset(self) -> int:
        """The number of bytes of the messages that were decoded."""

"""Bulk runs of the asyncio client."""

import asyncio
from collections.abc import AsyncIterable

from . import bulk
from .aio import _wait  # type: ignore[attr-defined]  # The stub has no private names.


class AsyncBulkResults(bulk.BaseResults):
    """The results of a bulk run, as an asynchronous iterator in the order of the records.

    The end of an `async with` statement closes it. If a task is cancelled while it waits for a result, no result is lost.
    """

    def __init__(self, client, records, arguments):
        #: The task that reads the next record of an asynchronous iterable.
        self._reading = None
        self._file = None
        self._is_active = False
        if bulk.is_path(records):
            records = self._file = open(records, "rb")
        try:
            self._is_async = isinstance(records, AsyncIterable)
            self._iterator = aiter(records) if self._is_async else iter(records)
            super().__init__(client, arguments)
        except BaseException:
            self._close_input()
            raise

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._is_active:
            raise RuntimeError("another task is waiting for a result")
        self._is_active = True
        try:
            result = await self._next()
        finally:
            self._is_active = False
        if result is None:
            raise StopAsyncIteration
        return result

    async def _next(self):
        native = self._native
        while True:
            has_capacity = native.has_capacity()
            if has_capacity:
                self._read()
            # The run may end between the two checks, after its last result has arrived.
            has_ended = native.has_ended()
            result = self._poll()
            if result is not None:
                return result
            if has_ended:
                self._close_input()
                return self._finish()
            if not has_capacity:
                await _wait(native.start_wait)
            elif self._reading is not None:
                await self._wait_for_record()

    def _read(self):
        """Reads and sends the next record. For an asynchronous iterable, starts a task that reads it."""
        if self._is_async:
            if self._reading is None:
                self._reading = asyncio.ensure_future(anext(self._iterator, bulk.END))
            elif self._reading.done():
                reading, self._reading = self._reading, None
                self._accept(reading.result)
        else:
            self._accept(lambda: next(self._iterator, bulk.END))

    def _accept(self, read):
        try:
            record = read()
        except (Exception, asyncio.CancelledError) as error:
            return self._fail(error)
        if record is bulk.END:
            self._native.end_input()
        else:
            self._send(record)

    async def _wait_for_record(self):
        """Waits for the next record or the next result."""
        result = asyncio.ensure_future(_wait(self._native.start_wait))
        try:
            await asyncio.wait((self._reading, result), return_when=asyncio.FIRST_COMPLETED)
        finally:
            result.cancel()
            # The run wakes only one wait, so this one must have ended before the next one starts.
            await asyncio.wait((result,))

    def _close_input(self):
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        if self._file is not None:
            self._file.close()

    async def aclose(self):
        """Reads and sends no further records, and waits for the calls in flight.

        If the task is cancelled in the meantime, they are cancelled too. Results that were not read are in the journal.
        """
        self._native.stop()
        self._close_input()
        try:
            await _wait(self._native.start_drain)
        except BaseException:
            self._native.cancel()
            raise
        bulk.forget(self._native)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()

"""The asyncio client.

Calls run on one background thread. A queue for each event loop passes their outcomes to the loop, which watches the
file descriptor of the queue. Cancelling a task cancels its call.
"""

import asyncio
import io
import os
import threading
import weakref
from collections import deque

from . import _client, _native
from .response import _complete_lines


class _Queues(threading.local):
    """The queues of the event loops that ran in a thread. Other threads do not use them."""

    def __init__(self):
        self.pid = os.getpid()
        self.of_loops = weakref.WeakKeyDictionary()


_queues = _Queues()


def _queue():
    """Returns the event loop of this task and its queue."""
    loop = asyncio.get_running_loop()
    if _queues.pid != os.getpid():
        # The queues belong to the parent process.
        _queues.__init__()
    queue = _queues.of_loops.get(loop)
    if queue is None:
        for other, old in list(_queues.of_loops.items()):
            if other.is_closed():
                old.close()
                del _queues.of_loops[other]
        queue = _native.Queue()
        loop.add_reader(queue.fileno(), queue.drain)
        _queues.of_loops[loop] = queue
    return loop, queue


async def _wait(start, *arguments):
    """Starts a job, and waits for its outcome. `start` is a method of a native object."""
    loop, queue = _queue()
    future = loop.create_future()
    job = start(*arguments, queue, future)
    try:
        return await future
    except BaseException:
        queue.cancel(job)
        raise


async def _run_hooks(step):
    """Runs the hooks of a call in the task of the caller, and returns the outcome of the call."""
    from ._hooks import run_async

    while type(step) is _native.HookCall:
        failure = None
        try:
            await run_async(step.function, step.argument, step.context)
        except Exception as error:
            failure = error
        step = await _wait(step.start_next, failure)
    return step


class _Stream:
    """A native stream that one task reads at a time."""

    def __init__(self, raw):
        self._raw = raw
        #: The future of the current read.
        self._future = None

    async def _read(self, start):
        """Starts a read of the native stream, and waits for its outcome. If it is cancelled, closes the stream.

        The background thread may have taken data from the stream when the task is cancelled. The next read would
        miss this data without an error, so it raises an exception instead.
        """

        def start_and_remember(queue, future):
            job = start(queue, future)
            self._future = future
            return job

        try:
            return await _wait(start_and_remember)
        except (asyncio.CancelledError, GeneratorExit):
            self._raw.close()
            raise

    def close(self):
        """Closes the stream. If it was not read completely, also closes the connection and fails the current read."""
        self._raw.close()
        future, self._future = self._future, None
        if future is not None and not future.done() and not future.get_loop().is_closed():
            future.get_loop().call_soon_threadsafe(_fail, future)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()


def _fail(future):
    if not future.done():
        future.set_exception(ValueError("I/O operation on closed file"))


class AsyncStreamingBody(_Stream):
    """The body of a response, which is read from the connection on demand."""

    _DEFAULT_CHUNK_SIZE = 1024
    #: The size of the parts in which the complete rest is read.
    _PART_SIZE = 256 * 1024

    def __init__(self, raw):
        super().__init__(raw)
        self._amount_read = 0
        #: `True` while a task reads the complete rest. Another task must not take a part of it.
        self._reads_rest = False

    async def read(self, amt=None):
        """Reads up to `amt` bytes, or the complete rest. Returns `b""` at the end."""
        if self._reads_rest:
            raise RuntimeError("another thread or task is reading the stream")
        data = await (self._read_rest() if amt is None or amt < 0 else self._read_part(amt))
        self._amount_read += len(data)
        return data

    async def _read_part(self, limit):
        return await self._read(lambda queue, future: self._raw.start_read(queue, future, limit))

    async def _read_rest(self):
        """Reads the complete rest in parts. A `BytesIO` returns its buffer as `bytes` without a copy."""
        self._reads_rest = True
        try:
            part = await self._read_part(self._PART_SIZE)
            if len(part) < self._PART_SIZE:
                return part
            buffer = io.BytesIO()
            while len(part) == self._PART_SIZE:
                buffer.write(part)
                part = await self._read_part(self._PART_SIZE)
            buffer.write(part)
            return buffer.getvalue()
        finally:
            self._reads_rest = False

    def set_socket_timeout(self, timeout):
        """Limits the time in seconds that a read waits for bytes. Then the read raises a `ReadTimeoutError`."""
        self._raw.set_timeout(timeout)

    async def text(self, encoding="utf-8"):
        """Reads the complete rest as text."""
        return (await self.read()).decode(encoding)

    async def iter_chunks(self, chunk_size=_DEFAULT_CHUNK_SIZE):
        while chunk := await self.read(chunk_size):
            yield chunk

    async def iter_lines(self, chunk_size=_DEFAULT_CHUNK_SIZE, keepends=False):
        pending = b""
        async for chunk in self.iter_chunks(chunk_size):
            lines, pending = _complete_lines(pending + chunk, keepends)
            for line in lines:
                yield line
        if pending:
            yield pending.splitlines(keepends)[0]

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Returns the next chunk of 1024 bytes, as botocore does."""
        if chunk := await self.read(self._DEFAULT_CHUNK_SIZE):
            return chunk
        raise StopAsyncIteration

    def tell(self):
        return self._amount_read

    def readable(self):
        return True


class AsyncEventStream(_Stream):
    """The events of a response."""

    def __init__(self, raw, head):
        super().__init__(raw)
        self._head = head
        self._ready = deque()
        #: The metadata of the call after the last event: token counts, latency, stop reason and attempts.
        self.metadata = None

    async def __aiter__(self):
        ready = self._ready
        while True:
            while ready:
                yield ready.popleft()
            batch = await self._read(self._raw.start_next_batch)
            if type(batch) is not list:
                self.metadata = batch or self.metadata
                return
            ready.extend(batch)

    async def get_initial_response(self):
        """Returns the members of the response except the events."""
        return self._head

    def close(self):
        """Closes the stream. If it was not read completely, also closes the connection."""
        self._ready.clear()
        super().close()


class AsyncBidirectionalStream(AsyncEventStream):
    """A call that sends and receives events at the same time. Several tasks can send events, and one can receive."""

    def __init__(self, raw_input, raw):
        super().__init__(raw, None)
        self._input = raw_input

    async def send(self, event):
        """Sends an event. Waits until the previous event was sent, so a slow service slows down the caller.

        If `send` is cancelled, the call goes on. The event may have been sent.
        """
        await _wait(self._input.start_send, event)

    async def close_input(self):
        """Ends the input. The service can continue to respond. If `close_input` is cancelled, the call is cancelled."""
        await _wait(self._input.start_close)

    async def get_initial_response(self):
        """Waits for the head of the response. Returns the members of the response except the events.

        A model may respond only after the first events, so send these events before.
        """
        if self._head is None:
            self._head = await self._read(self._raw.start_head)
        return self._head

    async def __aiter__(self):
        await self.get_initial_response()
        async for event in super().__aiter__():
            yield event

    def close(self):
        """Closes the stream. If the service has not sent its last event, cancels the call."""
        super().close()
        self._input.cancel()


class AsyncClient(_client.BaseClient):
    """The asyncio client. It has the settings of `Client`. Several event loops can share a client."""

    _is_async = True

    def __init__(self, *, config=None, verify=None, **settings):
        super().__init__(
            config=config,
            verify=verify,
            body=AsyncStreamingBody,
            events=AsyncEventStream,
            bidirectional=AsyncBidirectionalStream,
            **settings,
        )

    def get_paginator(self, operation_name):
        """Returns a paginator of an operation that returns a list in pages."""
        pages = self._pages(operation_name)
        return AsyncPaginator(getattr(self, operation_name), pages)

    @staticmethod
    def _bulk_results():
        from ._bulk_async import AsyncBulkResults

        return AsyncBulkResults

    async def close(self):
        """Closes the client. Further calls raise an exception."""
        self._native.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()


def _method(name, operation):
    async def call(self, *args, **kwargs):
        if args:
            raise _client.only_keywords(name)
        span = _client.start_span(operation)
        if span is None:
            response = await _wait(self._native.start, operation, kwargs, None)
            return await _run_hooks(response) if type(response) is _native.HookCall else response
        try:
            response = await _run_hooks(await _wait(self._native.start, operation, kwargs, span.recorder))
        except BaseException as error:
            span.end(error)
            raise
        return span.watch(response, AsyncEventStream)

    return call


_client.add_methods(AsyncClient, _method, {**_client.OPERATIONS, **_client.BIDIRECTIONAL})


class AsyncPaginator:
    """Reads the pages of a list."""

    def __init__(self, call, pages):
        self._call = call
        self._pages = pages

    def paginate(self, PaginationConfig=None, **kwargs):
        """Returns an asynchronous iterator over the pages."""
        return AsyncPageIterator(self._call, self._pages, PaginationConfig, kwargs)


class AsyncPageIterator:
    """The pages of a list."""

    def __init__(self, call, pages, config, arguments):
        self._call = call
        self._pages = pages
        self._config = config
        self._arguments = arguments
        #: The `StartingToken` of the items after `MaxItems`, or `None`.
        self.resume_token = None

    async def __aiter__(self):
        state = _client.PageState(self._pages, self._config, dict(self._arguments))
        while not state.is_last:
            page = state.accept(await self._call(**state.arguments))
            self.resume_token = state.resume_token
            yield page

    async def build_full_result(self):
        """Reads all pages, and returns their items in one dictionary. `NextToken` continues after `MaxItems`."""
        items = self._pages.items
        result = {items: [item async for page in self for item in _client.member(page, items) or ()]}
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result

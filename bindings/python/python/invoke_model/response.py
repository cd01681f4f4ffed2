"""Streaming bodies and event streams of synchronous calls."""

import io
from collections import deque


def _complete_lines(data, keepends):
    """Returns the lines of `data` before its last line, and the last line, which may be incomplete."""
    lines = data.splitlines(True)
    return [line.splitlines(keepends)[0] for line in lines[:-1]], lines[-1]


class StreamingBody(io.IOBase):
    """The body of a response, which is read from the connection on demand. It has the methods of botocore's class."""

    _DEFAULT_CHUNK_SIZE = 1024

    def __init__(self, raw):
        self._raw = raw
        self._buffer = b""
        self._amount_read = 0

    def readable(self):
        return True

    def read(self, amt=None):
        """Reads up to `amt` bytes, or the complete rest. Returns `b""` at the end."""
        if amt is not None and amt < 0:
            amt = None
        if self._buffer:
            data = self._read_buffer(amt)
        else:
            data = self._raw.read(amt)
        self._amount_read += len(data)
        return data

    def _read_buffer(self, amt):
        if amt is None:
            data = self._buffer + self._raw.read()
            self._buffer = b""
            return data
        data, self._buffer = self._buffer[:amt], self._buffer[amt:]
        if len(data) < amt:
            data += self._raw.read(amt - len(data))
        return data

    def set_socket_timeout(self, timeout):
        """Limits the time in seconds that a read waits for bytes. Then the read raises a `ReadTimeoutError`."""
        self._raw.set_timeout(timeout)

    def text(self, encoding="utf-8"):
        """Reads the complete rest as text."""
        return self.read().decode(encoding)

    def readinto(self, b):
        view = memoryview(b).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self, size=-1):
        """Reads a line with its line feed, or at most `size` bytes of it."""
        size = -1 if size is None else size
        start = 0
        while True:
            end = self._buffer.find(b"\n", start) + 1
            if end or 0 <= size <= len(self._buffer):
                break
            start = len(self._buffer)
            chunk = self._raw.read(self._DEFAULT_CHUNK_SIZE)
            if not chunk:
                end = len(self._buffer)
                break
            self._buffer += chunk
        end = end or size
        if 0 <= size < end:
            end = size
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        self._amount_read += len(line)
        return line

    def readlines(self, hint=-1):
        lines, size = [], 0
        while line := self.readline():
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def __iter__(self):
        return self

    def __next__(self):
        """Returns the next chunk of 1024 bytes, as botocore does."""
        if chunk := self.read(self._DEFAULT_CHUNK_SIZE):
            return chunk
        raise StopIteration

    next = __next__

    def iter_chunks(self, chunk_size=_DEFAULT_CHUNK_SIZE):
        while chunk := self.read(chunk_size):
            yield chunk

    def iter_lines(self, chunk_size=_DEFAULT_CHUNK_SIZE, keepends=False):
        pending = b""
        for chunk in self.iter_chunks(chunk_size):
            lines, pending = _complete_lines(pending + chunk, keepends)
            for line in lines:
                yield line
        if pending:
            yield pending.splitlines(keepends)[0]

    def tell(self):
        return self._amount_read

    def close(self):
        """Closes the body. If it was not read completely, also closes the connection."""
        raw = getattr(self, "_raw", None)
        if raw is not None and not self.closed:
            raw.close()
        super().close()

    def __del__(self):
        """Replaces the finalizer of `IOBase`, which would call `close`. The native object closes its connection itself."""


class EventStream:
    """The events of a response. It has the methods of botocore's class."""

    def __init__(self, raw, head):
        self._raw = raw
        self._head = head
        self._ready = deque()
        #: The metadata of the call after the last event: token counts, latency, stop reason and attempts.
        self.metadata = None

    def __iter__(self):
        ready = self._ready
        while True:
            while ready:
                yield ready.popleft()
            batch = self._raw.next_batch()
            if type(batch) is not list:
                self.metadata = batch or self.metadata
                return
            ready.extend(batch)

    def get_initial_response(self):
        """Returns the members of the response except the events."""
        return self._head

    def close(self):
        """Closes the stream. If it was not read completely, also closes the connection."""
        self._ready.clear()
        self._raw.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

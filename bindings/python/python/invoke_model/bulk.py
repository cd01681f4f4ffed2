"""Bulk runs: send the records of an iterable, and return their results in the same order."""

import atexit
import json
import os
import threading
import weakref
from collections.abc import Mapping

from . import _log
from .quotas import price_table_json

__all__ = ["AsyncBulkResults", "BulkResults"]

#: The end of an iterator.
END = object()

#: The runs with a journal that may have calls in flight. Their results must be in the journal before the program exits.
_running = set()


def _finish_all():
    runs = [run for run in _running.copy() if not run.has_ended()]
    for run in runs:
        run.stop()
    for run in runs:
        finish(run)


atexit.register(_finish_all)


def finish(run):
    """Waits for the calls in flight of a stopped run. Ctrl-C cancels them."""
    try:
        run.drain()
    except KeyboardInterrupt:
        run.cancel()
        run.drain()
        raise
    forget(run)


def forget(run):
    """Removes a run that has ended from the runs that the exit of the program waits for."""
    _running.discard(run)


def _settings(arguments):
    """Returns the settings of a run for the native client."""
    journal = arguments["journal"]
    if journal is not None and not isinstance(journal, (str, os.PathLike)):
        raise TypeError(f"journal: expected the path of a file, not {type(journal).__name__}")
    return {
        **arguments,
        "journal": None if journal is None else os.fspath(journal),
        "price_table": price_table_json(arguments["price_table"]),
    }


def __getattr__(name):
    # The import of asyncio takes long.
    if name == "AsyncBulkResults":
        from ._bulk_async import AsyncBulkResults

        return AsyncBulkResults
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def line(record):
    """Returns the line of a record.

    The text of `modelInput` is that of `json.dumps`, so a file that was written with it has the same records.
    """
    if isinstance(record, str):
        return record.encode()
    if isinstance(record, (bytes, bytearray)):
        return bytes(record)
    if not isinstance(record, (dict, Mapping)):
        raise TypeError(f"expected a dict, or a line of JSON as text or bytes, not {type(record).__name__}")
    body = record.get("modelInput")
    if not isinstance(body, (str, bytes, bytearray)):
        return json.dumps(dict(record), allow_nan=False).encode()
    # A body that is already JSON is not changed.
    body = body.encode() if isinstance(body, str) else bytes(body)
    rest = {name: value for name, value in record.items() if name != "modelInput"}
    members = json.dumps(rest, allow_nan=False)[1:-1]
    return f'{{{members}{", " if rest else ""}"modelInput": '.encode() + body + b"}"


def _model_input(record):
    """Returns `modelInput` of a record, or the text of a record that is invalid."""
    if isinstance(record, (dict, Mapping)):
        return record.get("modelInput")
    try:
        return json.loads(record)["modelInput"]
    except (ValueError, TypeError, KeyError):
        return record if isinstance(record, str) else bytes(record).decode(errors="replace")


def is_path(records):
    return isinstance(records, (str, os.PathLike))


class BaseResults:
    """The state that the iterators of both clients share."""

    def __init__(self, client, arguments):
        #: The local endpoint of a test runs as long as its clients exist.
        self._client = client
        self._journal = arguments["journal"]
        self._native = client._native.bulk(_settings(arguments))
        #: The records without a result, by their number.
        self._records = {}
        self._number = 0
        #: The exception that the records have raised.
        self._failure = None
        self._is_finished = False
        _running.difference_update([run for run in _running.copy() if run.has_ended()])
        if self._journal is not None:
            _running.add(self._native)
        # An abandoned run sends nothing more. The results in flight still reach the journal.
        weakref.finalize(self, self._native.stop).atexit = False

    @property
    def summary(self):
        """The numbers of the run so far, as a dictionary.

        * `end`: `None` during the run, then "complete", "stopped", "over budget", "throttled", "failed", "cancelled" or
          "the first calls all failed"
        * `records`, `succeeded`, `failed`, `ambiguous`, `duplicates`, `remaining`, `in_flight`: numbers of records.
          `failed` includes `ambiguous`
        * `calls`, `retries`, `input_tokens`, `output_tokens`, and `cost` with a price table
        * `call_seconds`: the percentiles `p50`, `p90` and `p99` and the `max` of the durations of calls
        * `errors`: the number of errors of this run by their code
        """
        return self._native.summary()

    def stop(self):
        """Reads and sends no further records. The iterator ends after the results of the calls in flight."""
        self._native.stop()

    def _send(self, record):
        """Sends a record. If it is not a record, stops the run."""
        self._records[self._number] = record
        try:
            if self._native.send(line(record)):
                self._number += 1
        except Exception as error:
            note = f"bulk: the record after {self._number} records is invalid, and was not sent"
            if isinstance(error, ValueError):
                note += "; skip_invalid=True returns an error for each such record"
            error.add_note(note)
            self._fail(error)

    def _fail(self, error):
        """Stops the run because of an exception. The iterator raises it after the results of the calls in flight."""
        self._failure = error
        self._native.stop()

    def _poll(self):
        """Returns the next result, or `None` if it has not arrived."""
        found = self._native.poll()
        if found is None:
            return None
        number, record_id, output, code, message = found
        result = {"recordId": record_id, "modelInput": _model_input(self._records.pop(number))}
        if output is None:
            result["error"] = {"errorCode": code, "errorMessage": message}
        else:
            result["modelOutput"] = json.loads(output)
        return result

    def _finish(self):
        """Raises the exception that has ended the run."""
        if self._is_finished:
            return
        self._is_finished = True
        self._records.clear()
        forget(self._native)
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
            self._native.raise_failure()
        except Exception as error:
            error.add_note(self._advice())
            raise

    def _advice(self):
        """Returns how to continue."""
        summary = self._native.summary()
        text = f"bulk: {summary['succeeded'] + summary['failed']} of {summary['records']} records have a result; "
        if self._journal is None:
            return f"{text}without `journal`, a new run sends all records again"
        return f"{text}to continue, call `bulk` again with the same records and journal={str(self._journal)!r}"

    def _warn_of_interrupt(self):
        in_flight = self._native.summary()["in_flight"]
        if in_flight:
            _log.warn(f"stopping: waiting for {in_flight} calls; Ctrl-C again cancels them")


class BulkResults(BaseResults):
    """The results of a bulk run, as an iterator in the order of the records. Threads can share it.

    The end of a `with` statement closes it.
    """

    def __init__(self, client, records, arguments):
        self._file = None
        if is_path(records):
            records = self._file = open(records, "rb")
        try:
            self._iterator = iter(records)
            super().__init__(client, arguments)
        except BaseException:
            self._close_file()
            raise
        self._lock = threading.RLock()

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            try:
                result = self._next()
            except KeyboardInterrupt as interrupt:
                self._interrupted(interrupt)
                raise
            except BaseException:
                self._close_file()
                raise
        if result is None:
            raise StopIteration
        return result

    def _next(self):
        native = self._native
        while True:
            # Each result allows another record, so this loop keeps the number of records in flight.
            has_capacity = native.has_capacity()
            if has_capacity:
                self._read()
            # The run may end between the two checks, after its last result has arrived.
            has_ended = native.has_ended()
            result = self._poll()
            if result is not None:
                return result
            if has_ended:
                self._close_file()
                return self._finish()
            if not has_capacity:
                native.wait()

    def _read(self):
        """Reads and sends the next record."""
        try:
            record = next(self._iterator, END)
        except Exception as error:
            return self._fail(error)
        if record is END:
            self._native.end_input()
        else:
            self._send(record)

    def _interrupted(self, interrupt):
        try:
            self._native.stop()
            self._close_file()
            self._warn_of_interrupt()
            finish(self._native)
        except KeyboardInterrupt:
            self._native.cancel()
            self._native.drain()
        interrupt.add_note(self._advice())

    def _close_file(self):
        if self._file is not None:
            self._file.close()

    def close(self):
        """Reads and sends no further records, and waits for the calls in flight. Ctrl-C cancels them.

        Results that were not read are in the journal.
        """
        self._native.stop()
        self._close_file()
        finish(self._native)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

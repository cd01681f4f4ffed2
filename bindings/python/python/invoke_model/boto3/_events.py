"""Event streams of accelerated clients."""

from botocore.eventstream import ChecksumMismatch, EventStreamMessage, NoInitialResponseError, ParserError
from botocore.eventstream import EventStream as BaseEventStream

from .._native import EventDecoder


class EventStream(BaseEventStream):
    """An event stream of botocore that the native module decodes."""

    def _create_raw_event_generator(self):
        decode = EventDecoder(self._operation_name).decode
        for chunk in self._raw_stream.stream():
            events, problem = decode(chunk)
            yield from events
            if problem is not None:
                text, checksums = problem
                raise ParserError(text) if checksums is None else ChecksumMismatch(*checksums)

    def _parse_event(self, event):
        if type(event) is dict:
            return event
        return super()._parse_event(_message(event))

    def get_initial_response(self):
        for event in self._event_generator:
            if type(event) is not dict and _message(event).headers.get(":event-type") == "initial-response":
                return _message(event)
            break
        raise NoInitialResponseError


def _message(event):
    headers, payload = event
    return EventStreamMessage(None, headers, payload, None)

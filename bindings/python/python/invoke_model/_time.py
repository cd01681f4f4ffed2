"""Conversion of timestamps. The native module calls these functions."""

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_text(value):
    """Returns RFC 3339 text, or `None` if the value is not a timestamp. Accepts what botocore accepts."""
    try:
        if isinstance(value, str):
            value = _of_text(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            value = _of_seconds(value)
        if not isinstance(value, datetime):
            return None
        if value.tzinfo is None:
            value = value.astimezone()  # A naive value is in local time.
    except (ValueError, OverflowError):
        return None
    return value.isoformat()


def _of_seconds(seconds):
    return _EPOCH + timedelta(seconds=seconds)


def _of_text(text):
    """Reads a number of seconds, ISO 8601 or a date of HTTP."""
    try:
        return _of_seconds(float(text))
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(text)


def from_text(text):
    """Returns the `datetime` of RFC 3339 text."""
    return datetime.fromisoformat(text)

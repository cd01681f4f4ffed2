"""Conversion of timestamps. The native module calls these functions."""

from datetime import datetime, timezone


def to_text(value):
    """Returns RFC 3339 text, or `None` if the value is not a timestamp. Accepts what botocore accepts."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = datetime.fromtimestamp(value, timezone.utc)
    elif isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        value = value.astimezone()  # A naive value is in local time.
    return value.isoformat()


def from_text(text):
    """Returns the `datetime` of RFC 3339 text."""
    return datetime.fromisoformat(text)

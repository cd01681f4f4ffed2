"""Comparison of JSON values."""

import json
import math

MISSING = "(missing)"


def parse(data):
    """Parses JSON, and rejects objects in which a name occurs twice. Returns `None` for an empty body."""
    return json.loads(data, object_pairs_hook=distinct, parse_int=integer) if data else None


def integer(text):
    """Parses an integer. Returns `-0` as a float, because an integer in Python cannot be `-0`."""
    return -0.0 if text == "-0" else int(text)


def distinct(members):
    names = dict(members)
    if len(names) != len(members):
        raise ValueError(f"an object with the names {[name for name, _ in members]}")
    return names


def leaves(theirs, ours, path=()):
    """Yields the path and both values of each difference. Objects and arrays are compared member by member."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in {**theirs, **ours}:
            yield from leaves(theirs.get(name, MISSING), ours.get(name, MISSING), (*path, name))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, pair in enumerate(zip(theirs, ours, strict=True)):
            yield from leaves(*pair, (*path, index))
    elif not equal(theirs, ours):
        yield path, theirs, ours


def equal(theirs, ours):
    """Compares two simple values. `1` and `1.0` are equal, `0` and `-0.0` are not."""
    if is_number(theirs) and is_number(ours):
        # Our client may print a large float as an integer. Convert it, because Python compares integers exactly.
        nearest = float(ours) if isinstance(theirs, float) else ours
        return theirs == nearest and math.copysign(1, theirs) == math.copysign(1, ours)
    return json.dumps(theirs) == json.dumps(ours)


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)

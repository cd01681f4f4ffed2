"""The exceptions of this package. `client.exceptions` contains those of service errors.

If botocore is installed, they are subclasses of its classes.
"""

from . import _errors


def __getattr__(name):
    found = _errors.classes().get(name) or _errors.modeled().get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def __dir__():
    return sorted([*_errors.classes(), *_errors.modeled()])

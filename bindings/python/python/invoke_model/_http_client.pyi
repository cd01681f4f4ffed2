"""The code that `invoke_model.httpx` and `invoke_model.httpx2` share. Their stubs contain the interface."""

class Failure(Exception):
    """A failure of the native transport, before it becomes an exception of the HTTP client."""

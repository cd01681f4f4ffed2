"""What `invoke_model.httpx` and `invoke_model.httpx2` share. The stubs of both modules contain the interface."""

class Failure(Exception):
    """A failure of the native transport, before it becomes an exception of the HTTP client."""

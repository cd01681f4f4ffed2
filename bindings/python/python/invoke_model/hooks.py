"""The arguments of interceptors, which are code of the program that runs in each attempt of a call."""

from collections.abc import MutableMapping

#: Headers whose values `repr` does not show.
_SECRET = ("authorization", "x-amz-security-token")


class Headers(MutableMapping):
    """The headers of a request or of a response. Names are in lower case, and look-ups ignore the case."""

    __slots__ = ("_items", "_can_change")

    def __init__(self, items, can_change):
        self._items = items
        self._can_change = can_change

    def __getitem__(self, name):
        return self._items[name.lower()]

    def __setitem__(self, name, value):
        self._check()
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"headers: expected text, not {type(name).__name__} and {type(value).__name__}")
        self._items[name.lower()] = value

    def __delitem__(self, name):
        self._check()
        del self._items[name.lower()]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __repr__(self):
        shown = {name: "**" if name in _SECRET else value for name, value in self._items.items()}
        return f"Headers({shown!r})"

    def _check(self):
        if not self._can_change:
            raise TypeError("headers: only before_sign can change the headers of a request")


class Request:
    """A request that has not been sent."""

    __slots__ = ("method", "url", "headers")

    def __init__(self, method, url, headers):
        self.method = method
        self.url = url
        self.headers = headers


class Response:
    """The head of a response."""

    __slots__ = ("status", "headers")

    def __init__(self, status, headers):
        self.status = status
        self.headers = headers


class InterceptorContext:
    """The facts about a call, and values that the hooks of the call share."""

    __slots__ = ("operation", "region", "model_id", "tags", "attempt", "extensions")

    def __init__(self, operation, region, model_id, tags):
        self.operation = operation
        self.region = region
        self.model_id = model_id
        self.tags = tags
        #: The number of the attempt. The first attempt has the number 1.
        self.attempt = 1
        #: The values that the hooks of this call have stored.
        self.extensions = {}

"""Finds handlers and functions that do not belong to botocore.

Other libraries register handlers for the events of a client, or replace functions of botocore and urllib3. Calls must
then take the path through these handlers and functions.
"""

import functools
import os
import types
from operator import attrgetter

import botocore.auth
import botocore.awsrequest
import botocore.httpsession
import botocore.serialize
import urllib3
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from urllib3.connectionpool import HTTPConnectionPool

_BOTOCORE = os.path.join(os.path.dirname(botocore.__file__), "")
_URLLIB3 = os.path.join(os.path.dirname(urllib3.__file__), "")
#: Handlers of botocore that are not part of each client: the stubber answers calls, and the retry mode "adaptive"
#: delays requests.
_OPTIONAL = tuple(_BOTOCORE + name for name in ("stub.py", os.path.join("retries", "adaptive.py")))
#: The events between the serialized request and the response.
_EVENTS = (
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
)


def _path(function):
    """Returns the path of the source of a function, or `None` if it is unknown."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        owner, function = function.__self__, function.__func__
        owner = owner if isinstance(owner, type) else type(owner)
        if not owner.__module__.startswith("botocore."):
            return None
    elif not isinstance(function, types.FunctionType):
        if isinstance(function, type) or not type(function).__module__.startswith("botocore."):
            return None
        function = getattr(type(function), "__call__", None)
    # A wrapper such as a mock may imitate the attributes of a function, but it has another type.
    return function.__code__.co_filename if type(function) is types.FunctionType else None


def _is_handler_of_botocore(handler):
    path = _path(handler)
    return path is not None and path.startswith(_BOTOCORE) and path not in _OPTIONAL


def _is_original(value):
    if isinstance(value, type):
        return value.__module__.startswith(("botocore.", "urllib3.")) or value.__module__ == "socket"
    path = _path(value)
    return path is not None and path.startswith((_BOTOCORE, _URLLIB3))


class Functions:
    """Functions that other libraries may replace."""

    def __init__(self, functions):
        self._functions = functions
        self._groups = [(owner, attrgetter(*names)) for owner, names in functions.items()]
        self.names = {name for names in functions.values() for name in names}
        self._known, self._ids = [], []

    def are_original(self, *instances):
        """Returns `True` if no function is replaced, neither in its class nor in one of the instances."""
        for instance in instances:
            if not self.names.isdisjoint(instance.__dict__):
                return False
        # A wrapper may be equal to the function that it wraps, so compare ids. `_known` keeps the functions alive, so
        # no other object can have one of these ids.
        if [tuple(map(id, get(owner))) for owner, get in self._groups] != self._ids:
            found = [get(owner) for owner, get in self._groups]
            if not all(_is_original(value) for values in found for value in values):
                return False
            self._known, self._ids = found, [tuple(map(id, values)) for values in found]
        return True

    def attributes(self):
        """Returns the owner and the name of each attribute through which the functions are found."""
        found = {}
        for owner, paths in self._functions.items():
            for path in paths:
                part = owner
                for name in path.split("."):
                    found[id(part), name] = part, name
                    part = getattr(part, name)
        return list(found.values())


#: The functions that make a call.
CALL = Functions(
    {
        BaseClient: ("_convert_to_request_dict", "_make_request"),
        Endpoint: (
            "make_request",
            "create_request",
            "prepare_request",
            "_send_request",
            "_get_response",
            "_do_get_response",
            "_needs_retry",
            "_send",
        ),
        RequestSigner: ("handler", "sign", "_choose_signer", "get_auth_instance"),
        botocore.auth: ("SigV4Auth.add_auth", "BearerAuth.add_auth"),
        botocore: ("serialize.RestJSONSerializer.serialize_to_request", "useragent.UserAgentString.to_string"),
    }
)
#: The functions that send a request.
HTTP = Functions(
    {
        botocore: ("httpsession.URLLib3Session.send", "awsrequest.AWSHTTPConnection", "awsrequest.AWSHTTPSConnection"),
        HTTPConnectionPool: ("urlopen", "ConnectionCls"),
        # gevent and eventlet replace the class, so that other tasks run while one waits. Tests replace it to forbid
        # connections.
        urllib3: ("util.connection.create_connection", "util.connection.socket.socket"),
    }
)
#: The function that resolves the endpoint of a call.
RESOLVE = Functions({BaseClient: ("_resolve_endpoint_ruleset", "_emit_api_params")})


class Hooks:
    """The handlers of the events of a client."""

    def __init__(self, service_id):
        self._service_id = service_id
        self._registrations = None
        self._found = {}

    def request_handlers(self, events, operation):
        """Returns botocore's handlers of `request-created`, or `None` if the native path is not possible."""
        if type(events) is not EventAliaser or type(events._emitter) is not HierarchicalEmitter:
            return None
        # The emitter replaces this dictionary when a handler is registered or removed.
        registrations = events._emitter._lookup_cache
        if registrations is not self._registrations:
            self._found = {}
            self._registrations = registrations
        found = self._found
        if operation not in found:
            found[operation] = self._find(events, operation)
        return found[operation]

    def _find(self, events, operation):
        created = None
        for event in _EVENTS:
            name = events._alias_event_name(f"{event}.{self._service_id}.{operation}")
            handlers = events._emitter._handlers.prefix_search(name)
            if not all(map(_is_handler_of_botocore, handlers)):
                return None
            if event == "request-created":
                created = handlers
        # The acceleration signs and sets the user agent itself.
        replaced = (RequestSigner, "handler"), (UserAgentString, "rebuild_and_replace_user_agent_handler")
        replaced = {cls.__dict__[name] for cls, name in replaced if name in cls.__dict__}
        # A program that removes one of them does not want a signature, or sets its own user agent.
        if not replaced.issubset(getattr(handler, "__func__", handler) for handler in created):
            return None
        return tuple(handler for handler in created if getattr(handler, "__func__", handler) not in replaced)

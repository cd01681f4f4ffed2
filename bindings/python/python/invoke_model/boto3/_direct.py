"""Calls without the events of botocore.

`BaseClient._make_api_call` emits an event for each step of a call. If no other library takes part in the calls of a
client, the handlers of most events have no effect. This module finds out once which handlers a call needs, and a
snapshot detects whether anything has changed since then.
"""

import dataclasses
import os
from operator import attrgetter

import botocore.handlers
from botocore import useragent
from botocore.client import BaseClient
from botocore.context import ClientContext, reset_context, set_context
from botocore.history import get_global_history_recorder
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.model import OperationModel
from botocore.utils import _get_bearer_env_var_name  # type: ignore[attr-defined]

from .._native import Snapshot
from . import _originals

#: The functions above the functions of `_originals.CALL`.
_ABOVE = _originals.Functions(
    {
        BaseClient: ("_make_api_call", "_emit_api_params"),
        EventAliaser: ("emit", "emit_until_response"),
        HierarchicalEmitter: ("emit", "emit_until_response", "_emit"),
    }
)
_FUNCTIONS = (_ABOVE, _originals.CALL, _originals.HTTP, _originals.RESOLVE)
#: The variable of AWS Lambda from which botocore makes a header.
_TRACE = "_X_AMZN_TRACE_ID"
#: Methods of a client that the acceleration does not replace.
_INHERITED = ("_emit_api_params",)
#: The attributes of a client and of its parts that a call uses.
_CLIENT = (
    "__class__",
    "_client_config",
    "_endpoint",
    "_request_signer",
    "_ruleset_resolver",
    "_user_agent_creator",
    "meta",
)
_PARTS = {
    "meta": ("_client_config", "events"),
    "meta.events": ("__class__", "_emitter"),
    # The emitter replaces its cache when a handler is registered or removed.
    "meta.events._emitter": ("__class__", "_lookup_cache"),
    "_endpoint": ("__class__", "http_session"),
    "_request_signer": ("__class__", "_region_name", "_signature_version", "_signing_name"),
    "_user_agent_creator": (
        "_client_config",
        "_client_features",
        "_session_user_agent_extra",
        "_session_user_agent_name",
        "_session_user_agent_version",
    ),
    "_client_config": (
        "auth_scheme_preference",
        "retries",
        "signature_version",
        "user_agent",
        "user_agent_appid",
        "user_agent_extra",
    ),
}


@dataclasses.dataclass(slots=True, frozen=True)
class Plan:
    """The parts of a call that are the same for each call of an operation."""

    model: OperationModel
    #: The context of the request.
    context: dict
    endpoint_url: str
    #: The version of the signature.
    version: str
    #: The features of botocore that the user agent contains.
    features: set
    user_agent: str
    #: The handlers of `request-created`, except those that the acceleration replaces.
    handlers: tuple
    #: The handlers of `after-call`.
    finished: tuple


class Plans:
    """The plans of the operations of a client, until something changes."""

    def __init__(self, client, methods):
        self._snapshot = _snapshot(client, methods)
        self._methods = methods
        self._plans = {}

    def are_current(self, client):
        return self._snapshot is None or self._snapshot.is_current(client)

    def get(self, acceleration, client, name):
        """Returns the plan of an operation, or `None` if its calls need the events of botocore."""
        if name not in self._plans:
            model = client._service_model.operation_model(name)
            is_possible = self._snapshot is not None and self._has_known_methods(acceleration, client)
            self._plans[name] = _plan(acceleration, client, model) if is_possible else None
        return self._plans[name]

    def _has_known_methods(self, acceleration, client):
        """Returns `True` if no other library has replaced a method of the client."""
        own, cls = vars(client), type(client)
        return (
            _ABOVE.are_original()
            and _originals.RESOLVE.are_original()
            and own.keys().isdisjoint((*self._methods, *_INHERITED))
            and all(getattr(vars(cls)[name], "__wrapped__", None) is self._methods[name] for name in self._methods)
            and all(getattr(cls, name) is vars(BaseClient)[name] for name in _INHERITED)
            and acceleration.original(client, "_make_api_call").__func__ is vars(BaseClient)["_make_api_call"]
        )


def _snapshot(client, methods):
    """Returns a snapshot of what a plan depends on, or `None` if this version of botocore differs too much."""
    try:
        attributes = [(attrgetter(part)(client), name) for part, names in _PARTS.items() for name in names]
        attributes += [(type(client), name) for name in (*methods, *_INHERITED)]
        attributes += [attribute for functions in _FUNCTIONS for attribute in functions.attributes()]
        attributes += [(useragent, "modify_components"), (get_global_history_recorder(), "_enabled"), (os, "environ")]
        parts = client._endpoint, client._request_signer
        entries = [(vars(part), name) for part in parts for name in _originals.CALL.names]
        # botocore reads these variables in each call.
        names = _TRACE, _get_bearer_env_var_name(client._request_signer.signing_name)
        entries += [(os.environ._data, os.environ.encodekey(name)) for name in names]
        return Snapshot(client, _CLIENT, [*methods, *_INHERITED], attributes, entries)
    except (AttributeError, TypeError):
        return None


def _plan(acceleration, client, model):
    """Returns the plan of an operation, or `None` if its calls need the events of botocore."""
    if not _is_simple(client, model):
        return None
    context = {
        "client_region": client.meta.region_name,
        "client_config": client.meta.config,
        "has_streaming_input": model.has_streaming_input,
        "auth_type": model.resolved_auth_type,
        "unsigned_payload": model.unsigned_payload,
        "auth_options": client._service_model.metadata.get("auth"),
    }
    handlers = acceleration.handlers(client, model, "", context)
    if handlers is None:
        return None
    token = set_context(current := ClientContext())
    try:
        endpoint_url, headers, properties = client._resolve_endpoint_ruleset(model, {}, dict(context))
        # The acceleration stores the endpoint if it is the same for each call.
        is_fixed = acceleration.operation(model).endpoint is not None and "?" not in endpoint_url
        version = client._request_signer._choose_signer(model.name, "standard", chosen := dict(context))
        if not is_fixed or headers or properties or chosen != context:
            return None
        user_agent = client._user_agent_creator.to_string()
    finally:
        reset_context(token)
    finished = _handlers(client, model, "after-call")
    return Plan(model, context, endpoint_url, version, current.features, user_agent, handlers, finished)


def _is_simple(client, model):
    """Returns `True` if no handler has an effect on the arguments or the request, and if nothing else changes them."""
    without_effect = {
        "before-parameter-build": ("generate_idempotent_uuid", "_handle_request_validation_mode_member"),
        "before-call": ("inject_api_version_header_if_needed", "add_recursion_detection_header"),
        "choose-signer": ("set_operation_specific_signer", "_set_auth_scheme_preference_signer"),
    }
    for event in ("provide-client-params", *without_effect):
        known = [getattr(botocore.handlers, name, None) for name in without_effect.get(event, ())]
        if any(handler not in known for handler in _handlers(client, model, event)):
            return False
    return not (
        model.idempotent_members
        or model.http_checksum
        or model.http_checksum_required
        or model.request_compression
        or model.is_endpoint_discovery_operation
        or client.meta.config.auth_scheme_preference
        or _TRACE in os.environ
    )


def _handlers(client, model, event):
    events = client.meta.events
    name = events._alias_event_name(f"{event}.{model.service_model.service_id.hyphenize()}.{model.name}")
    return tuple(events._emitter._handlers.prefix_search(name))

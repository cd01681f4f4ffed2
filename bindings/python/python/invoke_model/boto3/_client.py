"""The methods of an accelerated client."""

import functools
import logging
import os

import botocore.exceptions
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.endpoint import Endpoint, convert_to_response_dict
from botocore.history import get_global_history_recorder
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody
from botocore.signers import RequestSigner

from .._native import Boto3Calls, TransportFailure
from . import _originals
from ._events import EventStream
from ._http import Content, RawStream, Session, certificates, exception
from ._limits import Limits

try:
    from botocore.context import ClientContext, get_context, reset_context, set_context

    from ._direct import Plans

    _HAS_PLANS = True
except ImportError:
    # An older version of botocore has other internals.
    _HAS_PLANS = False

#: The parameters of endpoint rules that only depend on the settings of the client.
_CLIENT_PARAMETERS = {"AWS::Region", "AWS::UseFIPS", "AWS::UseDualStack", "SDK::Endpoint"}
_history = get_global_history_recorder()
_logger = logging.getLogger("botocore")


class _Declined(Exception):
    """botocore must make the call."""


class _Request(dict):
    """The request of a call that the native module serializes."""

    def __init__(self, arguments, operation, handlers, endpoint_url, context, headers, plan=None):
        headers = {} if headers is None else dict(headers)
        super().__init__(url=endpoint_url, headers=headers, body=b"", context=context)
        self.arguments = arguments
        self.operation = operation
        self.handlers = handlers
        self.plan = plan


class _Attempt:
    """The request of one attempt, for the handlers of `request-created`."""

    __slots__ = ("context", "headers", "url")

    def __init__(self, request):
        self.headers = request["headers"].copy()
        self.context = request["context"]
        self.url = request["url"]


class _Success:
    """A response that was parsed, for the handlers of `after-call`."""

    __slots__ = ("headers", "status_code")

    def __init__(self, status_code, headers):
        self.status_code = status_code
        self.headers = headers


class _Operation:
    """Facts about an operation."""

    def __init__(self, model):
        self.limits = Limits(model.input_shape)
        self.streams = model.has_streaming_output or model.has_event_stream_output
        self.has_events = model.has_event_stream_output
        self.member = model.output_shape.serialization.get("payload") if self.streams else None
        self.member_shape = model.output_shape.members[self.member] if self.streams else None
        self.endpoint = None

    def accepts(self, arguments):
        """Returns `False` if botocore must handle the arguments."""
        # botocore reads files in parts, and goes back to their start before a retry.
        return not any(hasattr(value, "read") for value in arguments.values()) and self.limits.are_met(arguments)


def _settings(client):
    """Returns the settings of the native module. Raises `ValueError` if a setting is not supported."""
    session = client._endpoint.http_session
    if type(session) is not URLLib3Session:
        raise ValueError(f"http_session: expected botocore's URLLib3Session, not {type(session).__name__}")
    if session._verify is False:
        raise ValueError("verify=False is not supported: pass the path of a file with root certificates")
    if session._cert_file is not None:
        raise ValueError("client_cert: client certificates are not supported")
    if session._proxy_config.settings:
        raise ValueError("proxies_config: certificates and options of proxies are not supported")
    timeout = session._timeout
    connect, read = (timeout, timeout) if isinstance(timeout, (int, float)) else (timeout._connect, timeout._read)
    proxies = session._proxy_config._proxies
    return {
        "region_name": client._request_signer.region_name or "",
        "connect_timeout": connect,
        "read_timeout": read,
        "max_pool_connections": session._max_pool_connections,
        "ca_bundle": certificates(session),
        "http_proxy": session._proxy_config.proxy_url_for("http://") if proxies.get("http") else None,
        "https_proxy": session._proxy_config.proxy_url_for("https://") if proxies.get("https") else None,
    }


class Acceleration:
    """The part of a client that makes its calls."""

    def __init__(self, client):
        self._calls = Boto3Calls(_settings(client))
        self._session = Session(client._endpoint.http_session, self._calls)
        self._hooks = _originals.Hooks(client.meta.service_model.service_id.hyphenize())
        self._operations = {}
        model = client.meta.service_model
        self._parser = client._endpoint._response_parser_factory.create_parser(model.resolved_protocol)
        self._class = type(client)
        self._has_base_methods = all(
            getattr(super(self._class, client), name).__func__ is BaseClient.__dict__[name] for name in _METHODS
        )
        self._is_fixed_endpoint = _has_fixed_endpoint(client._ruleset_resolver)
        self._registrations, self._plans = _registrations(client), None
        client._endpoint.http_session = self._session

    def original(self, client, name):
        """Returns a method of the client without acceleration."""
        return getattr(super(self._class, client), name)

    def operation(self, model):
        operation = self._operations.get(model.name)
        if operation is None:
            operation = self._operations[model.name] = _Operation(model)
        return operation

    def endpoint(self, client, resolve, model, arguments, context):
        """Returns the endpoint of an operation, which is the same for each call."""
        operation = self.operation(model)
        if (
            not self._is_fixed_endpoint
            or self._hooks.request_handlers(client.meta.events, model.name) is None
            or not _originals.RESOLVE.are_original()
        ):
            return resolve(model, arguments, context)
        if operation.endpoint is None:
            # Arguments do not matter, because the operation has no parameters of the endpoint rules.
            if model.static_context_parameters or model.context_parameters or model.operation_context_parameters:
                return resolve(model, arguments, context)
            resolver = client._ruleset_resolver
            url, headers, properties = resolve(model, arguments, context)
            if "authSchemes" in properties:
                return url, headers, properties
            parameters = resolver._get_provider_params(model, arguments, context)
            operation.endpoint = (url, headers, properties, tuple(parameters.items()))
            return url, headers, properties
        url, headers, properties, parameters = operation.endpoint
        register = client._ruleset_resolver._register_endpoint_feature_ids
        for name, value in parameters:
            register(name, value)
        return url, dict(headers), dict(properties)

    def handlers(self, client, model, endpoint_url, context):
        """Returns botocore's handlers of `request-created`, or `None` if botocore must make the call."""
        handlers = self._hooks.request_handlers(client.meta.events, model.name)
        endpoint = client._endpoint
        if (
            handlers is None
            or not self._has_base_methods
            or type(endpoint) is not Endpoint
            or endpoint.http_session is not self._session
            or type(client._request_signer) is not RequestSigner
            or not _originals.CALL.are_original(endpoint, client._request_signer)
            or not _originals.HTTP.are_original()
            or _history._enabled
            or "read_timeout" in context
            or "?" in endpoint_url
        ):
            return None
        return handlers

    def request(self, client, model, arguments, endpoint_url, context, headers):
        """Returns the request of a call, or `None` if botocore must make the call."""
        handlers = self.handlers(client, model, endpoint_url, context)
        if handlers is None or not (operation := self.operation(model)).accepts(arguments):
            return None
        return _Request(arguments, operation, handlers, endpoint_url, context, headers)

    def _plan(self, client, name):
        """Returns the plan of a call, or `None` if botocore must make the call."""
        plans = self._plans
        if plans is None or not plans.are_current(client):
            # Some programs register a handler for each call. It would take too long to make a plan for such a call.
            registrations = _registrations(client)
            if registrations is not self._registrations:
                self._registrations = registrations
                return None
            plans = self._plans = Plans(client, _METHODS)
        return plans.get(self, client, name)

    def call(self, client, name, arguments):
        """Makes a call as `BaseClient._make_api_call` does. Returns `None` if botocore must make the call."""
        if not _HAS_PLANS or get_context() is not None or _logger.isEnabledFor(logging.DEBUG):
            return None
        plan = self._plan(client, name)
        if plan is None or not (operation := self.operation(plan.model)).accepts(arguments):
            return None
        context = {**plan.context, "retries": {"invocation-id": _uuid()}}
        request = _Request(arguments, operation, plan.handlers, plan.endpoint_url, context, None, plan)
        token = set_context(ClientContext())
        try:
            try:
                response, parsed = self.send(client, plan.model, request)
            except _Declined:
                return None
            except Exception as error:
                _emit_failure(client, plan.model, error, context)
                raise
            for handler in plan.finished:
                handler(
                    http_response=response, parsed=parsed, model=plan.model, context=context, event_name="after-call"
                )
        finally:
            reset_context(token)
        if response.status_code < 300:
            return parsed
        code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
        raise client.exceptions.from_code(code)(parsed, name)

    def send(self, client, model, request):
        """Makes the attempts of a call, as `Endpoint._send_request` does."""
        endpoint, context, attempts = client._endpoint, request["context"], 1
        endpoint._update_retries_context(context, attempts)
        success, error = self._attempt(client, model, request)
        # After the last attempt, botocore adds a member to `ResponseMetadata`, even if the attempt has succeeded.
        while (
            success is None or success[0].status_code >= 300 or attempts >= context["retries"].get("max", 1)
        ) and endpoint._needs_retry(attempts, model, request, success, error):
            attempts += 1
            endpoint._update_retries_context(context, attempts, success)
            success, error = self._attempt(client, model, request)
        if error is not None:
            raise error
        if "ResponseMetadata" in success[1]:
            success[1]["ResponseMetadata"]["RetryAttempts"] = attempts - 1
        return success

    def _attempt(self, client, model, request):
        """Returns a response with its parsed content, or an exception."""
        attempt = _Attempt(request)
        credentials, token = self._authorization(client._request_signer, model, attempt, request.plan)
        attempt.headers["User-Agent"] = _user_agent(client, request.plan)
        for handler in request.handlers:
            handler(request=attempt, operation_name=model.name, event_name="request-created")
        operation = request.operation
        endpoint_url = request["url"].rstrip("/")
        try:
            status, headers, output, body = self._calls.call(
                model.name,
                request.arguments,
                endpoint_url,
                attempt.headers,
                credentials,
                token,
                operation.streams,
            )
        except TransportFailure as failure:
            url = self.serialized(client, model, request)["url"]
            return None, exception(failure, attempt, url, self._session.proxy_url(url))
        except (ValueError, TypeError, NotImplementedError, botocore.exceptions.ParamValidationError) as error:
            raise _Declined from error
        if output is None:
            return self._parsed(client, model, request, status, headers, body), None
        if operation.has_events:
            stream = RawStream(body, status, headers)
            parser = self._parser._event_stream_parser
            output[operation.member] = EventStream(stream, operation.member_shape, parser, model.name)
        elif operation.streams:
            stream = RawStream(body, status, headers)
            output[operation.member] = StreamingBody(stream, headers.get("content-length"))
        return (_Success(status, headers), output), None

    def _authorization(self, signer, model, attempt, plan):
        """Returns the credentials and the bearer token of an attempt. One of them is `None`."""
        context = attempt.context
        if context.get("signing") or context.get("payload_signing_enabled") is False:
            raise _Declined
        if signer.signing_name != Boto3Calls.SIGNING_NAME:
            raise _Declined
        version = signer._choose_signer(model.name, "standard", context) if plan is None else plan.version
        if version == "v4" and signer._credentials is not None and signer.region_name:
            credentials = signer._credentials.get_frozen_credentials()
            if credentials.access_key and credentials.secret_key:
                return (credentials.access_key, credentials.secret_key, credentials.token), None
        elif version == "bearer" and signer._auth_token is not None and attempt.url.startswith("https://"):
            get_frozen_token = getattr(signer._auth_token, "get_frozen_token", None)
            token = signer._auth_token if get_frozen_token is None else get_frozen_token()
            if token.token:
                return None, token.token
        raise _Declined

    def serialized(self, client, model, request):
        """Returns the request as botocore serializes it."""
        convert = self.original(client, "_convert_to_request_dict")
        headers, context = request["headers"], request["context"]
        return convert(request.arguments, model, request["url"], context, headers)

    def _parsed(self, client, model, request, status, headers, body):
        """Parses an error, or a response that is not valid, as `Endpoint._do_get_response` does."""
        url = self.serialized(client, model, request)["url"]
        content = Content(body) if isinstance(body, bytes) else RawStream(body, status, headers)
        response = AWSResponse(url, status, headers, content)
        parts = convert_to_response_dict(response, model)
        parsed = self._parser.parse(parts, model.output_shape)
        if status >= 300:
            client._endpoint._add_modeled_error_fields(parts, parsed, model, self._parser)
        return response, parsed


def _registrations(client):
    """Returns an object that the emitter of the client replaces when a handler is registered or removed."""
    return getattr(getattr(client.meta.events, "_emitter", None), "_lookup_cache", None)


def _uuid():
    """Returns a random UUID of version 4, in less time than the module `uuid`."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _user_agent(client, plan):
    if plan is not None:
        features = get_context().features
        if not features:
            return plan.user_agent
        # In this call, the credentials were refreshed.
        features |= plan.features
    return client._user_agent_creator.to_string()


def _emit_failure(client, model, error, context):
    event = f"after-call-error.{model.service_model.service_id.hyphenize()}.{model.name}"
    client.meta.events.emit(event, exception=error, context=context)


def _has_fixed_endpoint(resolver):
    definitions = getattr(resolver, "_param_definitions", None)
    if definitions is None or not hasattr(resolver, "_register_endpoint_feature_ids"):
        return False
    return all(definition.builtin in _CLIENT_PARAMETERS for definition in definitions.values())


def _resolve_endpoint_ruleset(
    self, acceleration, original, operation_model, params, request_context, ignore_signing_region=False
):
    # The caller presigns a URL.
    if ignore_signing_region:
        return original(operation_model, params, request_context, ignore_signing_region)
    return acceleration.endpoint(self, original, operation_model, params, request_context)


def _convert_to_request_dict(
    self,
    acceleration,
    original,
    api_params,
    operation_model,
    endpoint_url,
    context=None,
    headers=None,
    set_user_agent_header=True,
):
    # A URL that is presigned has no user agent.
    if context is not None and set_user_agent_header:
        request = acceleration.request(self, operation_model, api_params, endpoint_url, context, headers)
        if request is not None:
            return request
    return original(api_params, operation_model, endpoint_url, context, headers, set_user_agent_header)


def _make_request(self, acceleration, original, operation_model, request_dict, request_context):
    if type(request_dict) is not _Request:
        return original(operation_model, request_dict, request_context)
    try:
        return acceleration.send(self, operation_model, request_dict)
    except _Declined:
        pass
    except Exception as error:
        _emit_failure(self, operation_model, error, request_context)
        raise
    return original(operation_model, acceleration.serialized(self, operation_model, request_dict), request_context)


def _make_api_call(self, acceleration, original, operation_name, api_params):
    parsed = acceleration.call(self, operation_name, api_params)
    return original(operation_name, api_params) if parsed is None else parsed


#: The methods that `_make_api_call` calls.
_METHODS = {
    function.__name__: function for function in (_resolve_endpoint_ruleset, _convert_to_request_dict, _make_request)
}


def add_methods(cls):
    """Replaces methods of the class of one client. botocore creates a class per client."""
    for name, function in {"_make_api_call": _make_api_call, **_METHODS}.items():
        if name not in cls.__dict__:
            setattr(cls, name, _method(cls, name, function))


def _method(cls, name, function):
    @functools.wraps(function)
    def method(self, *args, **kwargs):
        original = getattr(super(cls, self), name)
        acceleration = self.__dict__.get("_acceleration")
        if acceleration is None:
            return original(*args, **kwargs)
        return function(self, acceleration, original, *args, **kwargs)

    return method

"""Checks and runs interceptors."""

import inspect

from .hooks import Headers, InterceptorContext, Request, Response

_HOOKS = ("before_sign", "before_send", "after_response", "after_attempt")
#: The hooks that may be coroutine functions in an `AsyncClient`.
_CAN_WAIT = ("before_sign", "before_send")


def request(method, url, headers, can_change):
    return Request(method, url, Headers(headers, can_change))


def response(status, headers):
    return Response(status, Headers(headers, False))


def context(operation, region, model_id, tags):
    return InterceptorContext(operation, region, model_id, tags)


def methods(interceptors, is_async):
    """Checks interceptors, and returns a dictionary with the hooks of each of them for the native client."""
    if isinstance(interceptors, (str, bytes)) or not hasattr(interceptors, "__iter__"):
        raise TypeError(f"interceptors: expected a list of objects, not {type(interceptors).__name__}")
    return [_methods(interceptor, is_async) for interceptor in interceptors]


def _methods(interceptor, is_async):
    if isinstance(interceptor, type):
        raise TypeError(f"interceptors: {interceptor.__name__} is a class: pass an object, such as {interceptor.__name__}()")
    name = getattr(interceptor, "name", None)
    if not isinstance(name, str):
        name = type(interceptor).__name__
    found = {hook: getattr(interceptor, hook, None) for hook in _HOOKS}
    if all(function is None for function in found.values()):
        raise TypeError(f"interceptors: {name} has no hook: define one of {', '.join(_HOOKS)}")
    for hook, function in found.items():
        if function is None:
            continue
        if not callable(function):
            raise TypeError(f"interceptors: {name}.{hook}: expected a method, not {type(function).__name__}")
        if _is_coroutine_function(function) and not (is_async and hook in _CAN_WAIT):
            advice = "only an AsyncClient can await before_sign and before_send"
            raise TypeError(f"interceptors: {name}.{hook} is a coroutine function: use `def`, because {advice}")
    return {"name": name, **found}


def _is_coroutine_function(function):
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def run(function, argument, context):
    """Runs a hook that must not wait."""
    result = function(argument, context)
    if inspect.iscoroutine(result):
        result.close()
    if result is not None:
        raise TypeError(f"a hook must return None, not {type(result).__name__}")


async def run_async(function, argument, context):
    """Runs a hook that may be a coroutine function."""
    result = function(argument, context)
    if inspect.isawaitable(result):
        result = await result
    if result is not None:
        raise TypeError(f"a hook must return None, not {type(result).__name__}")

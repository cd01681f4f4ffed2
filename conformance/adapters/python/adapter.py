"""Makes the calls of conformance scenarios with the Python package of this project.

Usage: adapter.py --sync|--asyncio [--listen PORT]
"""

import asyncio
import pathlib
import re
import sys

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

import invoke_model
from invoke_model import exceptions
from kit import Unsupported, boto3_call, boto3_error, serve, tagged, take_stream, untagged

# The error classes of exception types. The first type that matches determines the class.
CLASSES = [
    (exceptions.EventStreamError, "stream"),
    (exceptions.ParserError, "stream"),
    (exceptions.ClientError, "service"),
    ((exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError), "timeout"),
    (exceptions.ResponseParserError, "response"),
    ((exceptions.ConnectionError, exceptions.HTTPClientError), "connection"),
    ((exceptions.CredentialRetrievalError, exceptions.NoCredentialsError), "credentials"),
    (exceptions.PartialCredentialsError, "credentials"),
    ((exceptions.ParamValidationError, exceptions.NoRegionError, exceptions.ProfileNotFound, ValueError), "input"),
]
# The arguments of a client that have the same values as settings of a scenario.
ARGUMENTS = {
    **{name: name for name in ("endpoint_url", "bearer_token", "max_attempts", "retry_mode", "http_version")},
    "region": "region_name",
    "ca_file": "verify",
    "proxy_url": "proxy",
    "use_fips": "use_fips_endpoint",
    "use_dual_stack": "use_dualstack_endpoint",
}
CLIENTS = {"--sync": ("python", invoke_model.Client), "--asyncio": ("python-asyncio", invoke_model.AsyncClient)}
TIMEOUTS = {"operation": "timeout", "read": "read_timeout", "connect": "connect_timeout"}


def arguments_of(settings):
    """Returns the arguments of a client with these settings."""
    found = {}
    for name, value in settings.items():
        if name in ARGUMENTS:
            found[ARGUMENTS[name]] = value
        elif name == "credentials":
            found.update({f"aws_{key}": text for key, text in value.items()})
        elif name == "timeouts_ms":
            found.update({TIMEOUTS[timeout]: milliseconds / 1000 for timeout, milliseconds in value.items()})
        elif name == "max_backoff_ms":
            found["max_backoff"] = value / 1000
        else:
            raise Unsupported(f"the adapter does not know the setting {name}")
    return found


async def call(method, sends_events, request, result):
    """Makes a call with a method of the asyncio client, as `boto3_call` does with a synchronous client."""
    members, sending = untagged(request["input"]), None
    if sends_events:
        events = members.pop(next(name for name, value in members.items() if isinstance(value, list)))
        stream = await method(**members)
        sending = asyncio.ensure_future(send(stream, events))
        output = await stream.get_initial_response()
        del output["ResponseMetadata"]
    else:
        output = await method(**members)
        stream = take_stream(output)
    for name, value in output.items():
        if hasattr(value, "read"):
            output[name] = await value.read()
    result["output"] = tagged(output)
    if stream is not None:
        result["events"] = []
        async for event in stream:
            result["events"].append(tagged(event))
            if len(result["events"]) == request.get("cancel", {}).get("after_events"):
                stream.close()
                return {"cancelled": True}
    if sending is not None:
        await sending
    return result


async def send(stream, events):
    for event in events:
        await stream.send(event)
    await stream.close_input()


async def cancelled_after(coroutine, timeout):
    """Runs a coroutine. Cancels it after the timeout."""
    task = asyncio.ensure_future(coroutine)
    done, _ = await asyncio.wait([task], timeout=timeout)
    if done:
        return task.result()
    task.cancel()
    await asyncio.wait([task])
    # Gives the connection time to close.
    await asyncio.sleep(0.1)
    return {"cancelled": True}


def run(request):
    """Makes the call of a scenario, and returns the response of the adapter."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", request["operation"]).lower()
    if not hasattr(CLIENT, name):
        raise Unsupported(f"this client has no {request['operation']}")
    arguments, result = arguments_of(request["settings"]), {}
    after_ms = request.get("cancel", {}).get("after_ms")
    if CLIENT is invoke_model.Client and after_ms is not None:
        raise Unsupported("the synchronous client has no method that cancels a call")
    # Only the asyncio client has the operations that send events.
    sends_events = not hasattr(invoke_model.Client, name)
    if sends_events:
        arguments.setdefault("http_version", "2")
    try:
        method = getattr(CLIENT(**arguments), name)
        if CLIENT is invoke_model.Client:
            return boto3_call(method, request, result)
        timeout = None if after_ms is None else after_ms / 1000
        return asyncio.run(cancelled_after(call(method, sends_events, request, result), timeout))
    except Exception as exception:  # any error that a program would have to catch
        return {**result, "error": boto3_error(exception, CLASSES, exceptions.ClientError)}


if __name__ == "__main__":
    NAME, CLIENT = CLIENTS[sys.argv.pop(1)]
    serve(NAME, invoke_model.__version__, [], run)

"""Makes the calls of conformance scenarios with the Python package of this project.

Usage: adapter.py [--listen PORT]

Every second call goes through the asyncio client, so that both clients are checked.
"""

import asyncio
import itertools
import pathlib
import re
import sys

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

import invoke_model
from invoke_model import exceptions
from kit import Unsupported, boto3_error, serve, tagged, untagged

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
NUMBERS = itertools.count()


def settings_of(settings):
    """Returns the settings of a client."""
    found = {}
    for name, value in settings.items():
        if name in ("endpoint_url", "bearer_token", "max_attempts", "retry_mode", "http_version"):
            found[name] = value
        elif name == "region":
            found["region_name"] = value
        elif name == "ca_file":
            found["verify"] = value
        elif name == "credentials":
            found["aws_access_key_id"] = value["access_key_id"]
            found["aws_secret_access_key"] = value["secret_access_key"]
            found["aws_session_token"] = value.get("session_token")
        elif name == "timeouts_ms":
            names = {"operation": "timeout", "read": "read_timeout", "connect": "connect_timeout"}
            found.update({names[timeout]: milliseconds / 1000 for timeout, milliseconds in value.items()})
        elif name == "proxy_url":
            found["proxy"] = value
        elif name == "use_fips":
            found["use_fips_endpoint"] = value
        elif name == "use_dual_stack":
            found["use_dualstack_endpoint"] = value
        elif name == "max_backoff_ms":
            found["max_backoff"] = value / 1000
        else:
            raise Unsupported(f"the adapter does not know the setting {name}")
    return found


def error(exception):
    """Describes an exception."""
    return boto3_error(exception, CLASSES, exceptions.ClientError)


async def call(client, request, result):
    """Makes a call with the asyncio client. Adds what the program can see to `result`."""
    method = getattr(client, method_name(client, request))
    arguments, sending = untagged(request["input"]), None
    if sends_events(request):
        events = arguments.pop(next(name for name, value in arguments.items() if isinstance(value, list)))
        stream = await method(**arguments)
        sending = asyncio.ensure_future(send(stream, events))
        output = await stream.get_initial_response()
        del output["ResponseMetadata"]
    else:
        output = await method(**arguments)
        stream = take_stream(output)
    for name, value in output.items():
        if hasattr(value, "read"):
            output[name] = await value.read()
    result["output"] = tagged(output)
    if stream is not None:
        after_events = request.get("cancel", {}).get("after_events")
        result["events"] = []
        async for event in stream:
            result["events"].append(tagged(event))
            if len(result["events"]) == after_events:
                stream.close()
                return {"cancelled": True}
    if sending is not None:
        await sending
    return result


def sends_events(request):
    """Returns `True` if the operation sends events. Only the asyncio client has these operations."""
    return not hasattr(invoke_model.Client, re.sub(r"(?<!^)(?=[A-Z])", "_", request["operation"]).lower())


async def send(stream, events):
    for event in events:
        await stream.send(event)
    await stream.close_input()


def call_synchronously(client, request, result):
    """Makes a call with the synchronous client. Adds what the program can see to `result`."""
    method = getattr(client, method_name(client, request))
    after_events = request.get("cancel", {}).get("after_events")
    output = method(**untagged(request["input"]))
    stream = take_stream(output)
    for name, value in output.items():
        if hasattr(value, "read"):
            output[name] = value.read()
    result["output"] = tagged(output)
    if stream is not None:
        result["events"] = []
        for event in stream:
            result["events"].append(tagged(event))
            if len(result["events"]) == after_events:
                stream.close()
                return {"cancelled": True}
    return result


def method_name(client, request):
    for name, operation in client.meta.method_to_api_mapping.items():
        if operation == request["operation"]:
            return name
    raise Unsupported(f"the package has no {request['operation']}")


def take_stream(output):
    """Removes the metadata from the output, and returns its event stream."""
    del output["ResponseMetadata"]
    streams = [name for name, value in output.items() if hasattr(value, "get_initial_response")]
    return output.pop(streams[0]) if streams else None


def run(request):
    """Makes the call of a scenario, and returns the response of the adapter."""
    after_ms = request.get("cancel", {}).get("after_ms")
    is_async = after_ms is not None or sends_events(request) or next(NUMBERS) % 2 == 1
    settings, result = settings_of(request["settings"]), {}
    if sends_events(request):
        settings.setdefault("http_version", "2")
    try:
        client = (invoke_model.AsyncClient if is_async else invoke_model.Client)(**settings)
    except Exception as exception:  # any error that a program would have to catch
        return {"error": error(exception)}
    try:
        if not is_async:
            return call_synchronously(client, request, result)
        timeout = None if after_ms is None else after_ms / 1000
        return asyncio.run(cancelled_after(call(client, request, result), timeout))
    except Unsupported:
        raise
    except Exception as exception:  # any error that a program would have to catch
        result["error"] = error(exception)
    return result


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


if __name__ == "__main__":
    serve("python", invoke_model.__version__, [], run)

"""Interceptors of the clients and of calls."""

import asyncio
import threading

import pytest
from conftest import CONVERSE, EMBEDDING, HELLO, MODEL
from test_bidirectional import END, SONIC, START, question, send_all

from invoke_model import exceptions

THROTTLED_ONCE = {"first": 1, "error": {"code": "ThrottlingException"}, "retry_after": {"seconds": 0}}


class Recorder:
    """Records each hook with its attempt and its thread."""

    def __init__(self, name="recorder"):
        self.name = name
        self.hooks = []
        self.threads = set()

    def record(self, hook, context):
        self.hooks.append((hook, context.attempt))
        self.threads.add(threading.get_ident())

    def before_sign(self, request, context):
        self.record("before_sign", context)
        self.request = (request.method, request.url, dict(request.headers))
        request.headers["X-Recorder"] = self.name

    def before_send(self, request, context):
        self.record("before_send", context)
        self.signed = repr(request.headers)
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")

    def after_response(self, response, context):
        self.record("after_response", context)
        self.response = (response.status, response.headers["Content-Type"])

    def after_attempt(self, attempt, context):
        self.record("after_attempt", context)
        self.attempt = attempt
        self.context = context


ALL_HOOKS = [
    (hook, attempt)
    for attempt in (1, 2)
    for hook in ("before_sign", "before_send", "after_response", "after_attempt")
]


def sent_headers(local_endpoint):
    return dict(local_endpoint.calls[-1]["headers"])


def test_each_hook_runs_once_per_attempt(local_endpoint):
    local_endpoint.inject(THROTTLED_ONCE)
    recorder = Recorder()
    with local_endpoint.client(interceptors=[recorder], tags={"team": "search"}, max_attempts=2) as client:
        client.converse(**CONVERSE)
    assert recorder.hooks == ALL_HOOKS
    assert recorder.threads == {threading.get_ident()}
    method, url, headers = recorder.request
    assert (method, url.startswith(local_endpoint.url), headers["content-type"]) == ("POST", True, "application/json")
    assert "AKID" not in recorder.signed and "authorization" in recorder.signed
    assert recorder.response == (200, "application/json")
    assert recorder.attempt["number"] == 2 and recorder.attempt["usage"]["output_tokens"] > 0
    context = recorder.context
    assert (context.operation, context.region, context.model_id) == ("Converse", local_endpoint.region_name, MODEL)
    assert context.tags == {"team": "search"}
    # The endpoint verifies the signature, which covers the header.
    assert sent_headers(local_endpoint)["x-recorder"] == "recorder"
    assert "x-recorder" in local_endpoint.calls[-1]["signed_headers"]


def test_each_hook_of_an_asyncio_client(local_endpoint):
    local_endpoint.inject(THROTTLED_ONCE)
    recorder = Recorder()

    async def main():
        async with local_endpoint.async_client(interceptors=[recorder], max_attempts=2) as client:
            response = await client.converse(**CONVERSE)
            assert response["ResponseMetadata"]["RetryAttempts"] == 1

    asyncio.run(main())
    assert recorder.hooks == ALL_HOOKS


def test_each_hook_of_a_stream_in_both_directions(local_endpoint):
    recorder = Recorder()

    async def main():
        async with local_endpoint.async_client(http_version="2", interceptors=[recorder]) as client:
            async with await client.invoke_model_with_bidirectional_stream(modelId=SONIC) as stream:
                await send_all(stream, [*START, *question("hi"), *END])
                await stream.close_input()
                assert [event async for event in stream]

    asyncio.run(asyncio.wait_for(main(), 50))
    assert recorder.hooks == ALL_HOOKS[:4]
    assert recorder.attempt["status"] == 200


class Adds:
    """Adds its name to a header, and removes another header."""

    def __init__(self, name):
        self.name = name

    def before_sign(self, request, context):
        request.headers["x-order"] = request.headers.get("x-order", "") + self.name
        request.headers.pop("x-removed", None)
        request.headers[f"x-{self.name}"] = "1"

    def after_attempt(self, attempt, context):
        context.extensions.setdefault("order", []).append(self.name)
        self.order = context.extensions["order"]


class Removed:
    def before_sign(self, request, context):
        request.headers["x-removed"] = "1"


def test_interceptors_of_a_call_follow_those_of_the_client(local_endpoint):
    first, second = Adds("a"), Adds("b")
    with local_endpoint.client(interceptors=[Removed(), first]) as client:
        client.with_options(interceptors=[second]).invoke_model(modelId=EMBEDDING, body=HELLO)
        headers = sent_headers(local_endpoint)
        assert (headers["x-order"], headers["x-a"], headers["x-b"]) == ("ab", "1", "1")
        assert "x-removed" not in headers
        assert first.order == ["b", "a"]
        client.invoke_model(modelId=EMBEDDING, body=HELLO)
    assert sent_headers(local_endpoint)["x-order"] == "a"


class Refuses:
    def __init__(self, hook, error):
        self.error = error
        setattr(self, hook, self.refuse)

    def refuse(self, *_):
        raise self.error


@pytest.mark.parametrize(
    ("hook", "retry_class", "sent"),
    [("before_sign", "not sent", 0), ("before_send", "not sent", 0), ("after_response", "ambiguous", 1)],
)
def test_an_exception_of_a_hook_ends_the_call(local_endpoint, hook, retry_class, sent):
    error = LookupError("no tenant")
    settings = {"interceptors": [Refuses(hook, error)], "retry_ambiguous": True}

    def check(caught):
        assert caught.value.__cause__ is error
        assert str(caught.value).startswith("An HTTP Client raised an unhandled exception: ")
        assert f"interceptor `Refuses`: {hook}: LookupError: no tenant" in caught.value.__notes__[0]
        assert (caught.value.interceptor, caught.value.hook) == ("Refuses", hook)
        assert (caught.value.retry_class, caught.value.attempts) == (retry_class, sent)

    with local_endpoint.client(**settings) as client:
        with pytest.raises(exceptions.InterceptorError) as caught:
            client.converse(**CONVERSE)
        check(caught)

    async def main():
        async with local_endpoint.async_client(**settings) as client:
            with pytest.raises(exceptions.InterceptorError) as caught:
                await client.converse(**CONVERSE)
            check(caught)

    asyncio.run(main())
    assert len(local_endpoint.calls) == 2 * sent


@pytest.mark.parametrize("hook", ["before_sign", "before_send", "after_response"])
def test_an_exception_that_ends_the_program_is_not_wrapped(local_endpoint, hook):
    with local_endpoint.client(interceptors=[Refuses(hook, KeyboardInterrupt())]) as client:
        with pytest.raises(KeyboardInterrupt):
            client.converse(**CONVERSE)
        assert len(local_endpoint.calls) == (hook == "after_response")


def test_an_exception_of_after_attempt_is_logged(local_endpoint, caplog):
    with local_endpoint.client(interceptors=[Refuses("after_attempt", LookupError("no"))]) as client:
        assert client.converse(**CONVERSE)["usage"]
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("invoke_model", "interceptor Refuses: after_attempt failed")
    assert isinstance(record.exc_info[1], LookupError)


class Sets:
    def __init__(self, name, value):
        self.header = (name, value)

    def before_sign(self, request, context):
        request.headers[self.header[0]] = self.header[1]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("host", "example.com", "before_sign changed the header `host`"),
        ("a b", "1", "ValueError: the header `a b` has an invalid name"),
        ("x", "a\nb", "ValueError: the header `x` has an invalid value"),
        ("x", 1, "TypeError: headers: expected text, not str and int"),
    ],
)
def test_invalid_headers(local_endpoint, name, value, text):
    with local_endpoint.client(interceptors=[Sets(name, value)]) as client:
        with pytest.raises(exceptions.InterceptorError) as caught:
            client.converse(**CONVERSE)
    assert text in caught.value.__notes__[0]
    assert local_endpoint.calls == []


class ChangesSigned:
    def before_send(self, request, context):
        request.headers["x"] = "1"


class Returns:
    def before_send(self, request, context):
        return request


@pytest.mark.parametrize(
    ("interceptor", "text"),
    [
        (ChangesSigned(), "only before_sign can change the headers of a request"),
        (Returns(), "a hook must return None, not Request"),
    ],
)
def test_mistakes_in_hooks(local_endpoint, interceptor, text):
    with local_endpoint.client(interceptors=[interceptor]) as client:
        with pytest.raises(exceptions.InterceptorError) as caught:
            client.converse(**CONVERSE)
    assert text in str(caught.value.__cause__)


def test_hooks_can_make_calls(local_endpoint):
    other = local_endpoint.client()

    class Calls:
        def before_sign(self, request, context):
            text = other.converse(**CONVERSE)["output"]["message"]["content"][0]["text"]
            request.headers["x-text"] = text

        def after_response(self, response, context):
            with pytest.raises(RuntimeError, match="after_response cannot make calls"):
                other.converse(**CONVERSE)

    with local_endpoint.client(interceptors=[Calls()]) as client:
        client.converse(**CONVERSE)
    assert sent_headers(local_endpoint)["x-text"] == "You said: hi"
    assert len(local_endpoint.calls) == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_after_response_can_close_other_bodies(local_endpoint, is_async):
    other = local_endpoint.client()
    body = other.invoke_model(modelId=EMBEDDING, body=HELLO)["body"]
    stream = other.converse_stream(**CONVERSE)["stream"]

    class Closes:
        def after_response(self, response, context):
            body.close()
            stream.close()
            other.close()

    async def call():
        async with local_endpoint.async_client(interceptors=[Closes()]) as client:
            return await client.converse(**CONVERSE)

    if is_async:
        response = asyncio.run(call())
    else:
        response = local_endpoint.client(interceptors=[Closes()]).converse(**CONVERSE)
    assert response["stopReason"] == "end_turn"
    with pytest.raises(ValueError, match="closed"):
        body.read()


def test_a_hook_that_waits_does_not_delay_other_calls(local_endpoint):
    entered, release = threading.Event(), threading.Event()

    class Waits:
        def before_sign(self, request, context):
            entered.set()
            assert release.wait(50)

    def call():
        with local_endpoint.client(interceptors=[Waits()]) as client:
            client.converse(**CONVERSE)

    thread = threading.Thread(target=call)
    thread.start()
    assert entered.wait(50)
    with local_endpoint.client() as client:
        client.converse(**CONVERSE)
    assert thread.is_alive()
    release.set()
    thread.join()
    assert len(local_endpoint.calls) == 2


def test_coroutine_functions(local_endpoint):
    class Token:
        async def before_sign(self, request, context):
            await asyncio.sleep(0)
            request.headers["x-token"] = "t"

        async def before_send(self, request, context):
            raise LookupError("no")

    async def main():
        async with local_endpoint.async_client(interceptors=[Token()]) as client:
            with pytest.raises(exceptions.InterceptorError) as caught:
                await client.converse(**CONVERSE)
            assert isinstance(caught.value.__cause__, LookupError)
        del Token.before_send
        async with local_endpoint.async_client(interceptors=[Token()]) as client:
            response = await client.converse_stream(**CONVERSE)
            assert len([event async for event in response["stream"]]) > 3
            (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"].close()

    asyncio.run(main())
    assert sent_headers(local_endpoint)["x-token"] == "t"


def test_a_cancelled_hook_ends_the_call(local_endpoint):
    async def main():
        entered = asyncio.Event()

        class Waits:
            async def before_send(self, request, context):
                entered.set()
                await asyncio.sleep(50)

        async with local_endpoint.async_client(interceptors=[Waits()]) as client:
            call = asyncio.create_task(client.converse(**CONVERSE))
            await entered.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(main())
    assert local_endpoint.calls == []


class Empty:
    name = "empty"


class Async:
    async def before_sign(self, request, context):
        """Does nothing."""

    async def after_attempt(self, attempt, context):
        """Does nothing."""


@pytest.mark.parametrize(
    ("interceptors", "text"),
    [
        ([Empty()], "interceptors: empty has no hook: define one of before_sign, before_send, "),
        ([Empty], r"interceptors: Empty is a class: pass an object, such as Empty\(\)"),
        (5, "interceptors: expected a list of objects, not int"),
        ([Refuses("before_sign", None), object()], "interceptors: object has no hook"),
        ([Async()], "interceptors: Async.before_sign is a coroutine function: use `def`"),
    ],
)
def test_invalid_interceptors(local_endpoint, interceptors, text):
    with pytest.raises(TypeError, match=f"^{text}"):
        local_endpoint.client(interceptors=interceptors)
    with local_endpoint.client() as client, pytest.raises(TypeError, match=f"^{text}"):
        client.with_options(interceptors=interceptors)


def test_after_hooks_must_not_be_coroutine_functions(local_endpoint):
    with pytest.raises(TypeError, match="^interceptors: Async.after_attempt is a coroutine function: use `def`"):
        local_endpoint.async_client(interceptors=[Async()])


def test_the_timeout_of_a_hook(local_endpoint):
    expired = threading.Event()

    class Slow:
        def before_sign(self, request, context):
            expired.wait(0.02)

    with local_endpoint.client(interceptors=[Slow()], interceptor_timeout=0.001) as client:
        with pytest.raises(exceptions.InterceptorError) as caught:
            client.converse(**CONVERSE)
    assert caught.value.retry_class == "not sent"
    assert "raise `interceptor_timeout`" in caught.value.__notes__[0]

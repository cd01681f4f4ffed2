"""A panic of the native module raises an exception that `except Exception` catches.

PyO3 turns a `PanicException` that it receives from Python code back into a panic. Therefore Python code that the module
calls can make it panic.
"""

import asyncio

import pytest
from conftest import EMBEDDING, HELLO, MESSAGES, MODEL

import invoke_model
from invoke_model import _log

#: The class of the exceptions with which the native module reports its panics.
[PanicException] = [cls for cls in RuntimeError.__subclasses__() if cls.__name__ == "PanicException"]


def panic(*_):
    raise PanicException("at the disco")


class File:
    """A file without `seek`."""

    read = panic


class SeekableFile(File):

    tell = seek = panic


class Interceptor:
    def __init__(self, hook):
        setattr(self, hook, panic)


def raised(function, *arguments, **keywords):
    """Returns the text of the exception of a call. `BaseException` would end the test."""
    with pytest.raises(Exception) as failure:
        function(*arguments, **keywords)
    assert isinstance(failure.value, Exception)
    return str(failure.value)


@pytest.fixture(autouse=True)
def every_client_works_after_a_panic(client, local_endpoint):
    yield
    local_endpoint.clear_faults()
    assert client.converse(modelId=MODEL, messages=MESSAGES)["stopReason"] == "end_turn"


@pytest.mark.parametrize("file", [File, SeekableFile])
def test_during_the_conversion_of_an_input(client, local_endpoint, file):
    assert "at the disco" in raised(client.invoke_model, modelId=EMBEDDING, body=file())
    image = {"image": {"format": "png", "source": {"bytes": file()}}}
    messages = [{"role": "user", "content": [image]}]
    assert "at the disco" in raised(client.converse, modelId=MODEL, messages=messages)

    async def main():
        await local_endpoint.async_client().invoke_model(modelId=EMBEDDING, body=file())

    assert "at the disco" in raised(asyncio.run, main())


def test_during_the_conversion_of_an_output(client, local_endpoint, monkeypatch):
    monkeypatch.setattr(_log, "retried", panic)
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}})
    text = "internal error of invoke_model: at the disco"
    assert raised(client.converse, modelId=MODEL, messages=MESSAGES) == text


def test_other_calls_of_an_event_loop_go_on(local_endpoint, monkeypatch):
    """The event loop converts the outputs of several calls at once."""
    monkeypatch.setattr(_log, "retried", panic)
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}})

    async def main():
        client = local_endpoint.async_client()
        calls = (client.converse(modelId=MODEL, messages=MESSAGES) for _ in range(20))
        return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 50)

    results = asyncio.run(main())
    failed = [result for result in results if isinstance(result, Exception)]
    assert [str(error) for error in failed] == ["internal error of invoke_model: at the disco"]
    assert all(result["stopReason"] == "end_turn" for result in results if result not in failed)


@pytest.mark.parametrize(
    ("hook", "text"),
    [("before_sign", "at the disco"), ("before_send", "at the disco"), ("after_response", "after_response panicked")],
)
def test_in_a_hook(local_endpoint, hook, text):
    with local_endpoint.client(interceptors=[Interceptor(hook)]) as client:
        assert text in raised(client.converse, modelId=MODEL, messages=MESSAGES)


def test_in_functions(local_endpoint):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    assert "at the disco" in raised(invoke_model.sign, "POST", local_endpoint.url, {}, SeekableFile(), **keys)


def test_while_a_file_is_read(client):
    class File:
        read = panic

    assert "at the disco" in raised(client.invoke_model, modelId=EMBEDDING, body=File())

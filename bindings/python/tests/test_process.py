"""Threads, signals, forks and the end of the process."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import EMBEDDING, HELLO, MESSAGES, MODEL


def python(code, *arguments, timeout=120):
    """Runs code in a process of its own, and returns its output."""
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_ten_threads_share_a_client(client, local_endpoint):
    failures = []

    def work():
        try:
            for _ in range(10):
                client.converse(modelId=MODEL, messages=MESSAGES)
                client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert len(local_endpoint.calls) == 200


def test_a_call_does_not_block_other_threads(client, local_endpoint):
    stopped = []

    def blocked():
        with pytest.raises(Exception, match="Connection was closed before we received a valid response"):
            other.converse(modelId=MODEL, messages=MESSAGES)
        stopped.append(True)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://127.0.0.1:%d" % silent.getsockname()[1]
        # If the call blocked this thread, its timeout would end the test.
        other = local_endpoint.client(endpoint_url=url, max_attempts=1, timeout=20)
        thread = threading.Thread(target=blocked)
        thread.start()
        connection, _ = silent.accept()
        connection.recv(65_536)
        client.converse(modelId=MODEL, messages=MESSAGES)
        assert not stopped
        connection.close()
    thread.join(60)
    assert stopped


def native_threads():
    """Returns the number of threads of this process, including those that Python does not know."""
    return len(os.listdir("/proc/self/task"))


@pytest.mark.parametrize("accelerated", [False, True])
def test_a_call_runs_on_the_thread_of_its_caller(local_endpoint, request, accelerated):
    if accelerated:
        pytest.importorskip("boto3")
        client = request.getfixturevalue("create")(config=_many_connections())
    else:
        client = local_endpoint.client()
    # The first call creates the runtime.
    client.converse(modelId=MODEL, messages=MESSAGES)
    local_endpoint.inject({"delay_ms": 600_000})
    before = native_threads()

    def call():
        with pytest.raises(Exception):
            client.converse(modelId=MODEL, messages=MESSAGES)

    threads = [threading.Thread(target=call) for _ in range(100)]
    for thread in threads:
        thread.start()
    while local_endpoint.stats["requests"] < 101:
        time.sleep(0.01)
    # Threads of other tests may have ended since.
    assert native_threads() <= before + 100
    local_endpoint.stop()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def _many_connections():
    from botocore.config import Config

    return Config(retries={"max_attempts": 0}, read_timeout=600, max_pool_connections=100)


@pytest.mark.parametrize("accelerated", [False, True])
def test_a_connection_that_the_server_has_closed_is_not_used(local_endpoint, request, accelerated):
    body = b'{"embedding":[],"inputTextTokenCount":1}'
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    is_closed = threading.Semaphore(0)

    def serve(server):
        for _ in range(3):
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head.encode() + body)
            is_closed.release()

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "http://127.0.0.1:%d" % server.getsockname()[1]
        if accelerated:
            pytest.importorskip("boto3")
            client = request.getfixturevalue("create")(endpoint_url=url)
        else:
            client = local_endpoint.client(endpoint_url=url, max_attempts=1)
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        for _ in range(3):
            response = client.invoke_model(modelId=EMBEDDING, body=HELLO)
            assert response["ResponseMetadata"]["RetryAttempts"] == 0
            assert response["body"].read() == body
            assert is_closed.acquire(timeout=60)
        thread.join(60)


CLOSE = """
import os, time
from invoke_model.testing import local_endpoint

def sockets():
    paths = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return sum(os.readlink(path).startswith("socket:") for path in paths if os.path.islink(path))

messages = [{"role": "user", "content": [{"text": "hi"}]}]
with local_endpoint() as endpoint:
    clients = [endpoint.client() for _ in range(11)]
    # The first call also opens the sockets of the runtime.
    first = clients.pop()
    first.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
    before = sockets()
    for client in clients:
        client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
    # Both sides of a connection are in this process.
    assert sockets() == before + 20, sockets()
    for client in clients:
        client.close()
    deadline = time.monotonic() + 20
    while sockets() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    print(sockets() - before)
"""


def test_closing_a_client_closes_its_connections():
    assert python(CLOSE).strip() == "0"


INTERRUPT = """
import os, signal, sys, threading, time
from invoke_model.testing import local_endpoint

MODEL = "us.amazon.nova-lite-v1:0"
EMBEDDING = "amazon.titan-embed-text-v2:0"
MESSAGES = [{"role": "user", "content": [{"text": "hi"}]}]
# Each fault lasts longer than the timeout of this process.
FAULTS = {
    "call": {"delay_ms": 600_000},
    "body": {"break": {"at": {"body_bytes": 10}, "by": "stall"}},
    "stream": {"pace_ms": 600_000},
}
kind, is_accelerated = sys.argv[1], sys.argv[2] == "True"

with local_endpoint(faults=[{"first": 1, **FAULTS[kind]}]) as endpoint:
    if is_accelerated:
        import boto3
        import invoke_model.boto3
        from botocore.config import Config

        config = Config(read_timeout=None, retries={"max_attempts": 0})
        client = boto3.client("bedrock-runtime", config=config, **endpoint.settings)
        invoke_model.boto3.accelerate(client)
    else:
        client = endpoint.client()
    waits = threading.Event()

    def interrupt():
        if kind == "call":
            while endpoint.stats["requests"] == 0:
                time.sleep(0.01)
        else:
            waits.wait()
        # The main thread does nothing between this time and its wait for the server.
        time.sleep(0.2)
        interrupt.time = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        if kind == "call":
            client.converse(modelId=MODEL, messages=MESSAGES)
        elif kind == "body":
            body = client.invoke_model(modelId=EMBEDDING, body=b'{"inputText":"hello"}')["body"]
            waits.set()
            body.read()
        else:
            stream = client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"]
            waits.set()
            for event in stream:
                pass
        print("no exception")
    except KeyboardInterrupt:
        took = time.monotonic() - interrupt.time
        print("interrupted" if took < 5 else f"interrupted after {took} seconds")
    while len(endpoint.calls) == 0:
        time.sleep(0.01)
    print(endpoint.calls[0]["response_complete"])
    print(client.converse(modelId=MODEL, messages=MESSAGES)["stopReason"])
"""


@pytest.mark.parametrize("accelerated", [False, True])
@pytest.mark.parametrize("kind", ["call", "body", "stream"])
def test_ctrl_c_raises_keyboard_interrupt_and_closes_the_request(kind, accelerated):
    if accelerated:
        pytest.importorskip("boto3")
    assert python(INTERRUPT, kind, str(accelerated)).split() == ["interrupted", "False", "end_turn"]


def test_a_signal_handler_can_make_calls(client, local_endpoint):
    local_endpoint.inject({"first": 1, "delay_ms": 300})
    found = []

    def handle(*_):
        found.append(client.converse(modelId=MODEL, messages=MESSAGES)["stopReason"])

    previous = signal.signal(signal.SIGUSR1, handle)
    try:
        def send():
            while local_endpoint.stats["requests"] == 0:
                pass
            os.kill(os.getpid(), signal.SIGUSR1)

        threading.Thread(target=send).start()
        client.converse(modelId=MODEL, messages=MESSAGES)
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert found == ["end_turn"]


FORK = """
import asyncio, os, sys
from invoke_model.testing import local_endpoint

MESSAGES = [{"role": "user", "content": [{"text": "hi"}]}]
MODEL = "us.amazon.nova-lite-v1:0"

with local_endpoint() as endpoint:
    client, aio = endpoint.client(), endpoint.async_client()
    client.converse(modelId=MODEL, messages=MESSAGES)
    asyncio.run(aio.converse(modelId=MODEL, messages=MESSAGES))
    body = client.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=b'{"inputText":"hello"}')["body"]
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for _ in range(3):
                client.converse(modelId=MODEL, messages=MESSAGES)
                asyncio.run(aio.converse(modelId=MODEL, messages=MESSAGES))
            try:
                body.read()
            except RuntimeError as error:
                assert "make a new call in the child process" in str(error), error
                status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    client.converse(modelId=MODEL, messages=MESSAGES)
    asyncio.run(aio.converse(modelId=MODEL, messages=MESSAGES))
    assert body.read().startswith(b'{"embedding"')
    print(len(endpoint.calls))
"""


def test_a_forked_child_can_use_the_client_of_its_parent():
    assert python(FORK).strip() == "11"


FORKED_ENDPOINT = """
import os, sys
from invoke_model.testing import local_endpoint

with local_endpoint() as endpoint:
    client = endpoint.client()
    child = os.fork()
    if child == 0:
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    client.converse(modelId="us.amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    print(len(endpoint.calls))
"""


def test_a_forked_child_leaves_the_endpoint_of_its_parent_alone():
    assert python(FORKED_ENDPOINT).strip() == "1"


def test_the_end_of_a_block_closes_open_streams():
    """The endpoint would send the rest of this stream within its grace period."""
    code = """
import threading
from invoke_model.testing import local_endpoint

messages = [{"role": "user", "content": [{"text": "hi"}]}]
has_begun = threading.Event()

def read():
    try:
        for _ in client.converse_stream(modelId="us.amazon.nova-lite-v1:0", messages=messages)["stream"]:
            has_begun.set()
        print("complete")
    except Exception as error:
        print(type(error).__name__)

with local_endpoint(pace=0.5) as endpoint:
    client = endpoint.client()
    thread = threading.Thread(target=read)
    thread.start()
    has_begun.wait()
thread.join()
"""
    assert python(code).strip() == "ResponseStreamingError"


def test_multiprocessing_with_fork():
    code = """
import multiprocessing
from invoke_model.testing import local_endpoint

def work(number):
    text = str(number)
    messages = [{"role": "user", "content": [{"text": text}]}]
    response = client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
    return response["output"]["message"]["content"][0]["text"] == "You said: " + text

with local_endpoint() as endpoint:
    client = endpoint.client()
    assert work(0)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print(all(pool.map(work, range(40))))
"""
    assert python(code).strip() == "True"


def test_the_interpreter_exits_during_calls():
    code = """
import asyncio, threading, time
from invoke_model.testing import LocalEndpoint

endpoint = LocalEndpoint(faults=[{"delay_ms": 600_000}])
client, aio = endpoint.client(), endpoint.async_client()
arguments = {"modelId": "us.amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": [{"text": "hi"}]}]}
threading.Thread(target=lambda: client.converse(**arguments), daemon=True).start()
threading.Thread(target=lambda: asyncio.run(aio.converse(**arguments)), daemon=True).start()
while endpoint.stats["requests"] < 2:
    time.sleep(0.01)
print("exit")
"""
    assert python(code).strip() == "exit"


SEND_FILE = """
import asyncio, os, signal, socket, sys, tempfile, threading, time
import invoke_model

kind, end, step = sys.argv[1:]
server = socket.socket()
# The endpoint accepts a connection, and reads nothing from it.
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
server.bind(("127.0.0.1", 0))
server.listen()
settings = {
    "endpoint_url": f"http://127.0.0.1:{server.getsockname()[1]}",
    "region_name": "us-east-1",
    "aws_access_key_id": "id",
    "aws_secret_access_key": "secret",
}
file = tempfile.TemporaryFile()
# The hash of the larger file takes longer than the test.
file.truncate(2**40 if step == "hash" else 2**25)

def send():
    arguments = {"modelId": "amazon.titan-embed-text-v2:0", "body": file}
    if kind == "sync":
        invoke_model.Client(**settings).invoke_model(**arguments)
    else:
        async def main():
            await invoke_model.AsyncClient(**settings).invoke_model(**arguments)
        asyncio.run(main())

def wait():
    if step == "hash":
        while file.tell() == 0:
            time.sleep(0.01)
    else:
        connection, _ = server.accept()
        connection.recv(1, socket.MSG_PEEK)
        wait.connection = connection
    # The client waits for the endpoint or reads the file by then.
    time.sleep(0.2)

def interrupt():
    wait()
    interrupt.time = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)

if end == "exit":
    threading.Thread(target=send, daemon=True).start()
    wait()

    class Slow:
        # Runs while the interpreter exits. In this time, a thread that waits for the interpreter lock ends at once.
        def __del__(self, sleep=time.sleep):
            sleep(0.5)

    slow = Slow()
    print("exits")
else:
    threading.Thread(target=interrupt).start()
    try:
        send()
        print("no exception")
    except KeyboardInterrupt:
        took = time.monotonic() - interrupt.time
        print("interrupted" if took < 5 else f"interrupted after {took} seconds")
"""


@pytest.mark.parametrize("step", ["hash", "send"])
@pytest.mark.parametrize(("end", "expected"), [("exit", "exits"), ("signal", "interrupted")])
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_the_end_of_the_process_while_a_file_is_sent(kind, end, expected, step):
    assert python(SEND_FILE, kind, end, step).strip() == expected


WITHOUT_BOTOCORE = """
import sys

class Blocker:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("boto3", "botocore"):
            raise ImportError(name)

sys.meta_path.insert(0, Blocker())

import invoke_model
from invoke_model import exceptions
from invoke_model.testing import local_endpoint

def failure(call, error):
    try:
        call()
    except error as caught:
        return caught

messages = [{"role": "user", "content": [{"text": "hi"}]}]
with local_endpoint() as endpoint:
    client = endpoint.client()
    caught = failure(lambda: client.converse(modelId="x", messages=messages), client.exceptions.ValidationException)
    assert isinstance(caught, exceptions.ClientError), type(caught).__mro__
    assert caught.response["Error"]["Code"] == "ValidationException"
    assert str(caught).startswith("An error occurred (ValidationException) when calling the Converse operation: ")
    caught = failure(lambda: client.converse(), exceptions.ParamValidationError)
    assert str(caught) == 'Parameter validation failed:\\nMissing required parameter in input: "modelId"'
    assert isinstance(caught, exceptions.BotoCoreError)
    endpoint.inject({"delay_ms": 60_000})
    slow = endpoint.client(read_timeout=0.05)
    caught = failure(lambda: slow.converse(modelId="x", messages=messages), exceptions.ReadTimeoutError)
    assert str(caught) == f'Read timeout on endpoint URL: "{endpoint.url}"'
    assert isinstance(caught, exceptions.HTTPClientError)
    caught = failure(lambda: client.get_paginator("converse"), exceptions.OperationNotPageableError)
    assert str(caught) == "Operation cannot be paginated: converse"
assert "botocore" not in sys.modules
print("done")
"""


def test_without_botocore():
    assert python(WITHOUT_BOTOCORE).strip() == "done"


def test_the_package_contains_the_exceptions():
    code = "import invoke_model, sys; print(invoke_model.exceptions.ClientError.__name__)"
    assert python(code).strip() == "ClientError"


def test_the_import_does_not_import_botocore():
    code = "import invoke_model, sys; print('botocore' in sys.modules)"
    assert python(code).strip() == "False"

CLASSES = """
import sys, threading
from invoke_model.testing import local_endpoint
sys.setswitchinterval(1e-6)
messages = [{"role": "user", "content": [{"text": "hi"}]}]
found = []
with local_endpoint(faults=[{"error": {"code": "ThrottlingException"}}]) as endpoint:
    client = endpoint.client(max_attempts=1)
    def call():
        try:
            client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
        except Exception as error:
            found.append(error)
    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(sum(isinstance(error, client.exceptions.ThrottlingException) for error in found))
"""


def test_the_first_exceptions_of_threads_have_the_same_class():
    assert python(CLASSES).strip() == "16"

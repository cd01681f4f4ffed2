"""Files as bodies. A large regular file is read in parts, once for the signature, and once for each attempt."""

import asyncio
import gzip
import io
import mmap
import os
import sqlite3
import tempfile
import threading

import pytest
from conftest import EMBEDDING, HELLO, MODEL

import invoke_model

#: The content of a file with a prefix that is not part of the body.
PREFIX = b"skip"
BODY = bytes(range(256)) * 4_000
REPLY = {"status": 200, "headers": {"content-type": "application/json"}, "body_json": {"embedding": []}}
THROTTLED = {"first": 1, "error": {"code": "ThrottlingException"}}


def embed(client, file):
    client.invoke_model(modelId=EMBEDDING, body=file)["body"].read()


async def embed_async(client, file):
    await (await client.invoke_model(modelId=EMBEDDING, body=file))["body"].read()


@pytest.fixture
def send(request, local_endpoint):
    """A function that calls a client with a file. The endpoint replies to any body."""
    local_endpoint.inject(REPLY)
    kind = getattr(request, "param", "sync")
    if kind == "sync":
        return lambda file: embed(local_endpoint.client(), file)
    if kind == "asyncio":
        return lambda file: asyncio.run(embed_async(local_endpoint.async_client(), file))
    pytest.importorskip("boto3")
    client = request.getfixturevalue("create")()
    return lambda file: embed(client, file)


EVERY_CLIENT = pytest.mark.parametrize("send", ["sync", "asyncio", "accelerated"], indirect=True)
NATIVE_CLIENTS = pytest.mark.parametrize("send", ["sync", "asyncio"], indirect=True)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "body"
    path.write_bytes(PREFIX + BODY)
    return path


@pytest.fixture
def file(path):
    with path.open("r+b") as file:
        file.seek(len(PREFIX))
        yield file


FILES = {
    "buffered": lambda path: path.open("rb"),
    "read-write": lambda path: path.open("r+b"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "temporary": lambda path: tempfile.TemporaryFile(),
    "named": lambda path: tempfile.NamedTemporaryFile(),
    "spooled": lambda path: tempfile.SpooledTemporaryFile(max_size=10**9),
    "bytes": lambda path: io.BytesIO(),
}


@EVERY_CLIENT
@pytest.mark.parametrize("kind", FILES)
def test_kinds_of_files(send, local_endpoint, path, kind):
    with FILES[kind](path) as file:
        if not file.read(1):
            file.write(PREFIX + BODY)
        file.seek(len(PREFIX))
        send(file)
        assert file.tell() == len(PREFIX) + len(BODY)
    assert local_endpoint.calls[0]["body"] == BODY


@NATIVE_CLIENTS
@pytest.mark.parametrize("start", [len(PREFIX), 0])
def test_a_retry_goes_back_to_the_position(send, local_endpoint, file, start):
    local_endpoint.clear_faults()
    local_endpoint.inject(THROTTLED)
    local_endpoint.inject(REPLY)
    file.seek(start)
    send(file)
    assert [call["body"] for call in local_endpoint.calls] == [(PREFIX + BODY)[start:]] * 2


def test_a_retry_of_boto3(create, local_endpoint, path):
    """botocore goes back to the start of the file before a retry, and not to its position."""
    local_endpoint.inject(THROTTLED)
    local_endpoint.inject(REPLY)
    with path.open("rb") as file:
        embed(create(), file)
    assert [call["body"] for call in local_endpoint.calls] == [PREFIX + BODY] * 2


def test_targets_of_a_failover(local_endpoint, file):
    local_endpoint.inject(THROTTLED)
    local_endpoint.inject(REPLY)
    first, second = local_endpoint.client(max_attempts=1), local_endpoint.client()
    targets = {"first": first, "second": (second, "amazon.titan-embed-text-v1")}
    embed(invoke_model.Client.failover(targets), file)
    assert [call["body"] for call in local_endpoint.calls] == [BODY, BODY]


class BeforeSend:
    """An interceptor that runs code between the two reads of a file."""

    def __init__(self, code):
        self.code = code

    def before_send(self, request, context):
        self.code()


def test_the_client_leaves_the_file_alone_during_the_call(local_endpoint, file):
    local_endpoint.inject(REPLY)
    positions = []

    def use():
        positions.append(file.tell())
        file.seek(7)

    embed(local_endpoint.client(interceptors=[BeforeSend(use)]), file)
    assert (positions, file.tell()) == ([len(PREFIX) + len(BODY)], 7)
    assert local_endpoint.calls[0]["body"] == BODY


def test_the_caller_closes_the_file_during_the_call(local_endpoint, file):
    local_endpoint.inject(REPLY)
    embed(local_endpoint.client(interceptors=[BeforeSend(file.close)]), file)
    assert local_endpoint.calls[0]["body"] == BODY


@pytest.mark.parametrize("later", [BODY[:-1], BODY[:-1] + b"?", b""], ids=["shorter", "other", "empty"])
def test_a_file_that_changes_between_the_two_reads(local_endpoint, path, file, later):
    client = local_endpoint.client(interceptors=[BeforeSend(lambda: path.write_bytes(PREFIX + later))])
    with pytest.raises(Exception, match=f"`body`: {path} changed while it was sent"):
        embed(client, file)
    assert local_endpoint.stats["worked_on"] == 0


def test_a_file_that_grows_is_sent_as_it_was_signed(local_endpoint, path, file):
    local_endpoint.inject(REPLY)
    client = local_endpoint.client(interceptors=[BeforeSend(lambda: path.write_bytes(PREFIX + BODY + b"more"))])
    embed(client, file)
    assert local_endpoint.calls[0]["body"] == BODY


class Failing(io.BytesIO):
    """A file that cannot be read completely."""

    error = OSError(5, "the disk has failed")

    def read(self, size=-1):
        if size < 0:
            raise self.error
        return super().read(size)


@NATIVE_CLIENTS
def test_an_exception_of_a_file_is_raised(send, local_endpoint):
    with pytest.raises(OSError) as failure:
        send(Failing(BODY))
    assert failure.value is Failing.error
    assert local_endpoint.stats["requests"] == 0


def test_botocore_wraps_an_exception_of_a_file(create, local_endpoint):
    pytest.importorskip("boto3")
    from botocore.config import Config
    from botocore.exceptions import HTTPClientError

    client = create(config=Config(retries={"max_attempts": 0}))
    # botocore reads parts of the file for the signature.
    with pytest.raises(HTTPClientError, match="the disk has failed"):
        embed(client, Failing(BODY))
    assert local_endpoint.stats["requests"] == 0


@EVERY_CLIENT
def test_a_file_of_zlib(send, local_endpoint, tmp_path):
    """It has the file descriptor of the compressed file."""
    path = tmp_path / "body.gz"
    path.write_bytes(gzip.compress(BODY, 0))
    with gzip.open(path) as file:
        send(file)
    assert local_endpoint.calls[0]["body"] == BODY


class Upper(io.BufferedReader):
    """A file that changes its content."""

    def read(self, size=-1):
        return super().read(size).upper()


def test_subclasses_read_their_files(send, local_endpoint, path):
    with Upper(path.open("rb", buffering=0)) as file:
        send(file)
    assert local_endpoint.calls[0]["body"] == (PREFIX + BODY).upper()


@NATIVE_CLIENTS
def test_a_mapped_file_is_a_buffer(send, local_endpoint, file):
    with mmap.mmap(file.fileno(), 0) as mapped:
        mapped.seek(len(PREFIX))
        send(mapped)
        assert mapped.tell() == len(PREFIX)
    assert local_endpoint.calls[0]["body"] == PREFIX + BODY


@NATIVE_CLIENTS
def test_a_file_that_only_its_thread_can_read(send, local_endpoint):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE bodies (body BLOB)")
    database.execute("INSERT INTO bodies VALUES (?)", (BODY,))
    with database.blobopen("bodies", "body", 1) as blob:
        send(blob)
    assert local_endpoint.calls[0]["body"] == BODY


@NATIVE_CLIENTS
def test_a_pipe(send, local_endpoint):
    reader, writer = os.pipe()

    def write():
        with open(writer, "wb") as file:
            file.write(BODY)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reader, "rb") as file:
        send(file)
    thread.join()
    assert local_endpoint.calls[0]["body"] == BODY


@NATIVE_CLIENTS
def test_files_that_cannot_be_read(send, local_endpoint, path):
    with path.open(encoding="latin-1") as file, pytest.raises(TypeError, match="open it in binary mode"):
        send(file)
    with path.open("ab") as file, pytest.raises(io.UnsupportedOperation, match="read"):
        send(file)
    with path.open("rb") as file:
        file.seek(0, 2)
        with pytest.raises(ValueError, match="at its end"):
            send(file)
    with pytest.raises(ValueError, match="closed file"):
        send(file)
    assert local_endpoint.stats["requests"] == 0


@pytest.fixture
def protected_file(file):
    """A file that the process cannot open again."""
    os.fchmod(file.fileno(), 0)
    # Root can open each file.
    user = os.geteuid()
    os.seteuid(user or 65_534)
    yield file
    os.seteuid(user)


def test_a_file_that_cannot_be_opened_again_is_read_at_once(send, local_endpoint, protected_file):
    with pytest.raises(PermissionError):
        open(f"/proc/self/fd/{protected_file.fileno()}", "rb")
    send(protected_file)
    assert protected_file.read() == b""
    assert local_endpoint.calls[0]["body"] == BODY


def test_files_in_other_members_are_read_at_once(client, local_endpoint):
    with tempfile.TemporaryFile() as file:
        file.write(BODY)
        file.seek(0)
        image = {"image": {"format": "png", "source": {"bytes": file}}}
        client.converse(modelId=MODEL, messages=[{"role": "user", "content": [image, {"text": "hi"}]}])
    assert len(local_endpoint.calls[0]["body"]) > len(BODY)


@EVERY_CLIENT
def test_a_small_file(send, local_endpoint, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(PREFIX + HELLO)
    with path.open("rb") as file:
        file.seek(len(PREFIX))
        send(file)
        assert file.tell() == len(PREFIX) + len(HELLO)
    assert local_endpoint.calls[0]["body"] == HELLO

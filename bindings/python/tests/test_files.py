"""Files as bodies. They are read in parts, once for the signature, and once for each attempt."""

import asyncio
import io
import tempfile

import pytest
from conftest import EMBEDDING, HELLO, MODEL

import invoke_model

#: The content of a file with a prefix that is not part of the body.
PREFIX = b"skip"
BODY = bytes(range(256)) * 4_000
REPLY = {"status": 200, "headers": {"content-type": "application/json"}, "body_json": {"embedding": []}}


class File:
    """A binary file that fails if a read requests everything. It is not a file of the operating system."""

    def __init__(self, content=PREFIX + BODY, position=len(PREFIX)):
        self._file = io.BytesIO(content)
        self._file.seek(position)
        self.largest_read = 0

    def read(self, size):
        assert size >= 0
        self.largest_read = max(self.largest_read, size)
        return self._file.read(size)

    def seek(self, offset, whence=0):
        return self._file.seek(offset, whence)

    def tell(self):
        return self._file.tell()


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


@EVERY_CLIENT
def test_a_file_is_read_in_parts(send, local_endpoint):
    file = File()
    send(file)
    assert local_endpoint.calls[0]["body"] == BODY
    # botocore reads 1 MiB at once for the signature.
    assert 64 * 1024 <= file.largest_read <= 1024 * 1024
    assert file.tell() == len(PREFIX) + len(BODY)


def test_a_part_has_64_kib(send):
    file = File()
    send(file)
    assert file.largest_read == 64 * 1024


@EVERY_CLIENT
@pytest.mark.parametrize("kind", ["file", "temporary", "spooled", "bytes"])
def test_kinds_of_files(send, local_endpoint, tmp_path, kind):
    path = tmp_path / "body"
    path.write_bytes(PREFIX + BODY)
    if kind == "file":
        file = path.open("rb")
    elif kind == "bytes":
        file = io.BytesIO(PREFIX + BODY)
    else:
        file = tempfile.TemporaryFile() if kind == "temporary" else tempfile.SpooledTemporaryFile(max_size=10**9)
        file.write(PREFIX + BODY)
    with file:
        file.seek(len(PREFIX))
        send(file)
        assert file.tell() == len(PREFIX) + len(BODY)
    assert local_endpoint.calls[0]["body"] == BODY


@EVERY_CLIENT
def test_a_retry_sends_the_same_bytes(send, local_endpoint):
    local_endpoint.clear_faults()
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}})
    local_endpoint.inject(REPLY)
    # botocore goes back to the start of the file before a retry, and not to its position.
    send(File(BODY, 0))
    assert [call["body"] for call in local_endpoint.calls] == [BODY, BODY]


def test_a_retry_goes_back_to_the_position(send, local_endpoint):
    local_endpoint.clear_faults()
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}})
    local_endpoint.inject(REPLY)
    send(File())
    assert [call["body"] for call in local_endpoint.calls] == [BODY, BODY]


def test_targets_of_a_failover(local_endpoint):
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}})
    local_endpoint.inject(REPLY)
    first, second = local_endpoint.client(max_attempts=1), local_endpoint.client()
    targets = {"first": first, "second": (second, "amazon.titan-embed-text-v1")}
    embed(invoke_model.Client.failover(targets), File())
    assert [call["body"] for call in local_endpoint.calls] == [BODY, BODY]


def test_calls_share_a_file(local_endpoint):
    local_endpoint.inject(REPLY)
    file = File()

    async def main():
        client = local_endpoint.async_client()
        await asyncio.gather(*(embed_async(client, file) for _ in range(2)))

    asyncio.run(main())
    assert [call["body"] for call in local_endpoint.calls] == [BODY, BODY]


class Failing(File):
    """A file whose reads fail after a number of reads."""

    def __init__(self, reads):
        super().__init__()
        self.left = reads
        self.error = OSError(5, "the disk has failed")

    def read(self, size):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().read(size)


@pytest.mark.parametrize("send", ["sync", "asyncio"], indirect=True)
@pytest.mark.parametrize("reads", [0, 3, 25], ids=["before", "signature", "sending"])
def test_an_exception_of_a_file_is_raised(send, local_endpoint, reads):
    file = Failing(reads)
    with pytest.raises(OSError) as failure:
        send(file)
    assert failure.value is file.error
    assert local_endpoint.stats["worked_on"] == 0


def test_botocore_wraps_an_exception_of_a_file(create, local_endpoint):
    pytest.importorskip("boto3")
    from botocore.config import Config
    from botocore.exceptions import HTTPClientError

    client = create(config=Config(retries={"max_attempts": 0}))
    # botocore reads the file twice for the signature.
    file = Failing(3)
    with pytest.raises(HTTPClientError, match="the disk has failed"):
        embed(client, file)
    assert local_endpoint.stats["worked_on"] == 0


class Changing(File):
    """A file whose content changes after it was read to its end."""

    def __init__(self, later):
        super().__init__()
        self.later = later

    def read(self, size):
        content = super().read(size)
        if not content:
            self._file = io.BytesIO(self.later)
        return content


@pytest.mark.parametrize("send", ["sync", "asyncio"], indirect=True)
@pytest.mark.parametrize("later", [PREFIX + BODY[:-1], PREFIX + BODY[:-1] + b"?", b""], ids=["shorter", "other", "empty"])
def test_a_file_that_changes_between_the_two_reads(send, local_endpoint, later):
    with pytest.raises(Exception, match="`body`: the file changed while it was sent"):
        send(Changing(later))
    assert local_endpoint.stats["worked_on"] == 0


def test_a_file_that_grows_is_sent_as_it_was_signed(send, local_endpoint):
    send(Changing(PREFIX + BODY + b"more"))
    assert local_endpoint.calls[0]["body"] == BODY


def test_a_file_that_botocore_has_signed_becomes_shorter(create, local_endpoint):
    pytest.importorskip("boto3")
    from botocore.config import Config
    from botocore.exceptions import HTTPClientError

    class Shrinking(File):
        def read(self, size):
            return super().read(size) if size == 1024 * 1024 else b""

    client = create(config=Config(retries={"max_attempts": 0}))
    with pytest.raises(HTTPClientError, match="the file became shorter while it was sent"):
        embed(client, Shrinking())
    assert local_endpoint.stats["worked_on"] == 0


def test_a_large_text_file(send, tmp_path):
    path = tmp_path / "body"
    path.write_text("x" * 100_000)
    with path.open() as file, pytest.raises(TypeError, match="open it in binary mode"):
        send(file)


class Pipe(io.RawIOBase):
    """A file without `seek`."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(buffer)


@pytest.mark.parametrize("send", ["sync", "asyncio"], indirect=True)
def test_a_file_without_seek_is_read_at_once(send, local_endpoint):
    send(Pipe(BODY))
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
    assert local_endpoint.calls[0]["body"] == HELLO

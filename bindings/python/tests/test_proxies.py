"""Exceptions of connections through a proxy."""

import socket
import threading

import pytest
from conftest import MESSAGES, MODEL


def reject(server):
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize("is_running", [False, True])
def test_the_exception_names_the_proxy(local_endpoint, is_running):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:%d" % server.getsockname()[1]
        if is_running:
            thread = threading.Thread(target=reject, args=(server,))
            thread.start()
        else:
            server.close()
        client = local_endpoint.client(proxy=f"http://user:secret@{address}", max_attempts=1)
        with client, pytest.raises(Exception) as caught:
            client.converse(modelId=MODEL, messages=MESSAGES)
        if is_running:
            thread.join()
    assert type(caught.value).__name__ == "ProxyConnectionError"
    assert str(caught.value) == f'Failed to connect to proxy URL: "http://{address}"'
    assert "secret" not in "".join([repr(caught.value.kwargs), *caught.value.__notes__])

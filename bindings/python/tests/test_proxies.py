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

def reply(server, addresses):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            addresses.append(connection.recv(65536).split()[1])
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxied", ["http", "https", "none"])
def test_the_proxies_of_a_config(local_endpoint, scheme, proxied, monkeypatch):
    """Each proxy belongs to the scheme of the requests. An empty dictionary disables the proxies of the environment."""
    config, addresses = pytest.importorskip("botocore.config").Config, []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=reply, args=(server, addresses), daemon=True).start()
        proxy = "http://127.0.0.1:%d" % server.getsockname()[1]
        monkeypatch.setenv(f"{scheme}_proxy", proxy)
        given = config(proxies={} if proxied == "none" else {proxied: proxy})
        # Port 9 is closed.
        endpoint_url = local_endpoint.url if scheme == "http" else "https://127.0.0.1:9"
        with local_endpoint.client(config=given, endpoint_url=endpoint_url, max_attempts=1) as client:
            try:
                client.converse(modelId=MODEL, messages=MESSAGES)
            except client.exceptions.ClientError:
                assert proxied == scheme
            except Exception as error:
                assert scheme == "https", error
        server.shutdown(socket.SHUT_RDWR)
    assert len(addresses) == (proxied == scheme)

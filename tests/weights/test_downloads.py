"""Downloads from a server that misbehaves: a bad file is never left, its successor is known by its hash."""

import http.server
import multiprocessing
import socket
import threading
import time

import h5py
import numpy as np
import pytest
import safetensors.numpy

import keras_dl
from keras_dl import UsageError
from keras_dl.weights import download
from keras_dl.weights.published import Published, fetch

CONFIG = keras_dl.get_config("resnet20")
SAFETENSORS = safetensors.numpy.save({"a": np.arange(30_000, dtype="float32"), "b": np.ones((3, 4), "float32")})


def hdf5(folder):
    with h5py.File(folder / "net.h5", "w") as file:
        file["a"] = np.arange(1000, dtype="float32")
    return (folder / "net.h5").read_bytes()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        self.server.answer(self)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.requests = 0
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()


def file_of(server, name="net.safetensors"):
    return Published(url=f"http://127.0.0.1:{server.server_address[1]}/org/net/resolve/main/{name}")


def sends(content, length=None, status=200):
    def answer(request):
        request.send_response(status)
        if length is not False:
            request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return answer


def drips(request):
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b"x")
        request.wfile.flush()
        time.sleep(0.05)


def drips_its_first_line(request):
    for letter in b"HTTP/1.1 200 OK" * 6:
        request.wfile.write(bytes([letter]))
        request.wfile.flush()
        time.sleep(0.05)


def says(text):
    def answer(request):
        request.wfile.write(text)
        request.close_connection = True

    return answer


def hangs_up(request):
    request.connection.shutdown(socket.SHUT_RDWR)


BAD = {
    "cut": (sends(SAFETENSORS[:-1000], len(SAFETENSORS)), "cut off after 119,"),
    "cut without a length": (sends(SAFETENSORS[:-1000], False), "its tensors end at byte"),
    "empty": (sends(b""), "its table would have 0 bytes"),
    "a page": (sends(b"<!DOCTYPE html><html><body>Sign in</body></html>" * 90), "its table would have"),
    "longer": (sends(SAFETENSORS + b"more"), "its tensors end at byte"),
    "endless": (sends(bytes(12 * 2**20)), "more than 9,"),
    "not found": (sends(b"no", status=404), "cannot be downloaded (Not Found)"),
    "broken": (sends(b"no", status=503), "cannot be downloaded (Service Unavailable)"),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "cannot be downloaded (SSH-2.0-OpenSSH_9.6"),
    "hanging up": (hangs_up, "cannot be downloaded (Remote end closed connection"),
    "a drip": (drips, "bytes came in"),
    "a drip of the first line": (drips_its_first_line, "only 0 bytes came in"),
    "chunks that stop": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc"),
        "cannot be downloaded (IncompleteRead",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_one_line_and_leaves_nothing(server, monkeypatch, case):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    server.answer, words = BAD[case]
    file = file_of(server)
    with pytest.raises(UsageError) as error:
        fetch(file, CONFIG)
    message = str(error.value)
    assert words in message and file.url in message and "\n" not in message
    assert error.value.__suppress_context__
    assert list(file.path.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["net.safetensors", "net.h5"])
def test_a_whole_file_is_known_by_its_hash_from_then_on(server, tmp_path, name):
    content = hdf5(tmp_path) if name.endswith(".h5") else SAFETENSORS
    server.answer, file = sends(content), file_of(server, name)
    assert fetch(file, CONFIG).read_bytes() == content
    assert fetch(file, CONFIG) == file.path and server.requests == 1
    assert sorted(path.name for path in file.path.parent.iterdir()) == [name, f"{name}.sha256"]
    flipped = bytearray(content)
    flipped[-100] ^= 1
    file.path.write_bytes(flipped)
    assert fetch(file, CONFIG).read_bytes() == content and server.requests == 2


@pytest.mark.parametrize("name", ["net.safetensors", "net.h5"])
@pytest.mark.parametrize("found", [lambda content: content[:-9], lambda content: b"", lambda content: b"<html>" * 99])
def test_a_bad_file_in_the_cache_is_replaced(server, tmp_path, name, found):
    content = hdf5(tmp_path) if name.endswith(".h5") else SAFETENSORS
    server.answer, file = sends(content), file_of(server, name)
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(found(content))
    assert fetch(file, CONFIG).read_bytes() == content


def test_a_file_put_there_by_hand_needs_no_server(server):
    file = file_of(server)
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(SAFETENSORS)
    assert fetch(file, CONFIG) == file.path
    assert server.requests == 0 and file.hash_path.is_file()


def test_a_hash_that_cannot_be_kept_or_read_ends_nothing(server):
    server.answer = sends(SAFETENSORS)
    file = file_of(server)
    file.hash_path.mkdir(parents=True)
    for _ in range(2):
        assert fetch(file, CONFIG).read_bytes() == SAFETENSORS
    assert server.requests == 1
    file.hash_path.rmdir()
    file.hash_path.write_bytes(b"\xff\xfe")
    assert fetch(file, CONFIG).read_bytes() == SAFETENSORS
    assert server.requests == 2


def test_two_at_once_both_get_it_whole(server):
    server.answer, file = sends(SAFETENSORS), file_of(server)
    found = []
    threads = [threading.Thread(target=lambda: found.append(fetch(file, CONFIG).read_bytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [SAFETENSORS] * 4
    assert len(list(file.path.parent.iterdir())) == 2


def test_what_a_killed_download_left_is_swept(server):
    started = threading.Event()

    def answer(request):
        sends(SAFETENSORS[:50_000], len(SAFETENSORS))(request)
        request.wfile.flush()
        started.set()
        time.sleep(5)

    server.answer, file = answer, file_of(server)
    process = multiprocessing.get_context("fork").Process(target=fetch, args=(file, CONFIG))
    process.start()
    assert started.wait(20)
    time.sleep(0.2)
    process.kill()
    process.join()
    assert [path.suffix for path in file.path.parent.iterdir()] == [".tmp"]
    server.answer = sends(SAFETENSORS)
    fetch(file, CONFIG)
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["net.safetensors", "net.safetensors.sha256"]

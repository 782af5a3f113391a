"""How long a mail server is waited for at the end of a mail: all in all as long as is left, whatever it does."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from crm.outbox.post import Ambiguous, Interrupted, Post, Reply, Unreachable

MAIL = b"Subject: x\r\n\r\nx"
DROPS = [b"250-not yet\r\n"] * 200


class Scripted:
    """A mail server that takes any envelope; to the data and to its end it says what it is told to, drop by drop."""

    def __init__(
        self,
        to_data: list[bytes],
        to_end: list[bytes],
        *,
        pause: float = 0,
        reads: bool = True,
        hello: bytes = b"220 here",
    ) -> None:
        self.to_data, self.to_end, self.pause, self.reads, self.hello = to_data, to_end, pause, reads, hello
        self.content = b""
        self.is_over = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join(10)
        self.server.close()

    def _serve(self) -> None:
        talk, _address = self.server.accept()
        with talk, talk.makefile("rb") as said, contextlib.suppress(OSError):  # until the other hangs up
            talk.sendall(self.hello + b"\r\n")
            for line in said:
                if line != b"DATA\r\n":
                    talk.sendall(b"250 fine\r\n")
                    continue
                self._drip(talk, self.to_data)
                if not self.reads:
                    self.is_over.wait(10)
                for content in said:
                    if content == b".\r\n":
                        break
                    self.content += content
                self._drip(talk, self.to_end)

    def _drip(self, talk: socket.socket, drops: list[bytes]) -> None:
        for drop in drops:
            if self.is_over.wait(self.pause):
                return
            talk.sendall(drop)


@pytest.fixture
def talk_to(settings) -> Iterator[Callable[..., tuple[Scripted, Post]]]:
    """Return a server as it is described, and a connection to it where the recipient is named."""
    begun = []

    def talk_to(*answers, **how):
        server = Scripted(*answers, **how)
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 30
        post = Post()
        begun.append((server, post))
        assert how.get("hello") or post.envelope("a@firm.example", "b@firm.example").is_yes
        return server, post

    yield talk_to
    for server, post in begun:
        server.is_over.set()
        post.close()
        server.stop()


@contextlib.contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 8  # of thirty, had it waited for a time-out anew


def test_an_answer_that_drips_is_read_to_its_end_and_the_connection_goes_on(talk_to):
    server, post = talk_to([b"35", b"4 go\r\n"], [b"250-so", b"on\r\n25", b"0 taken\r\n"], pause=0.01)
    assert post.data(MAIL, time.monotonic() + 5) == Reply(250, "soon\ntaken")
    assert server.content == MAIL + b"\r\n"
    assert post.envelope("a@firm.example", "c@firm.example").is_yes


def test_what_no_database_could_keep_of_an_answer_is_left_out(talk_to):
    _server, post = talk_to([b"354 go\r\n"], [b"250 ta\0ken \xff\r\n"])
    assert post.data(MAIL, time.monotonic() + 30) == Reply(250, "taken \ufffd")


def test_a_server_that_sends_us_away_is_quoted(talk_to):
    _server, post = talk_to([], [], hello=b"554 5.7.1 Not from your address")
    with pytest.raises(Unreachable, match=r"^554 5\.7\.1 Not from your address$"):
        post.open()


def test_the_answer_is_not_waited_for_longer_than_is_left_however_it_drips(talk_to):
    _server, post = talk_to([b"354 go\r\n"], DROPS, pause=0.05)
    with soon(), pytest.raises(Ambiguous, match="timed out"):
        post.data(MAIL, time.monotonic() + 0.7)


@pytest.mark.parametrize("to_data", [DROPS, [b"3", b"5", b"4 go\r\n"]])
def test_where_no_time_is_left_nothing_of_the_mail_is_sent(talk_to, to_data):
    server, post = talk_to(to_data, [b"250 taken\r\n"], pause=0.06)
    with soon(), pytest.raises(Interrupted, match="timed out"):
        post.data(MAIL, time.monotonic() + 0.1)
    assert server.content == b""


def test_a_server_that_takes_nothing_in_is_not_waited_for_longer_than_is_left(talk_to):
    _server, post = talk_to([b"354 go\r\n"], [], reads=False)
    with soon(), pytest.raises(Ambiguous, match="timed out"):
        post.data(b"x" * 20_000_000, time.monotonic() + 0.7)  # more than fits into the buffers on the way

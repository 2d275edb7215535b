"""The processes that decode pictures: what they answer, what they die of, and what they cannot reach."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from PIL import Image

from core.errors import PicturesBusy
from core.pictures.decode_picture import DecodedPicture
from core.pictures.decoders.child import CPU_SECONDS, MEMORY_BYTES
from core.pictures.decoders.decode_outside import Decoders
from core.pictures.decoders.decoder import Decoder
from core.pictures.limits import NotAnImage
from core.pictures.picture_text import PictureText
from tests.unit.pictures import data_uri, encode, picture

ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    """One, which ends with the test."""
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    """Two, of which an account has one."""
    decoders = Decoders(2, threads=4)
    yield decoders
    decoders.close()


def decode(decoder: Decoder, body: bytes) -> DecodedPicture:
    return decoder.read(PictureText.of(data_uri(body))).image


def pid_of(decoder: Decoder) -> int:
    assert decoder._process is not None
    return decoder._process.pid


def test_a_picture_comes_back_as_a_png_of_ours(decoder: Decoder) -> None:
    """With its pixels and its size, and from the same process as the one before."""
    first = decode(decoder, encode(picture(64, 48, colour="blue")))
    pid = pid_of(decoder)
    second = decode(decoder, encode(picture(8, 8, colour="red"), "WEBP", lossless=True))

    with Image.open(io.BytesIO(first.png)) as image:
        assert (image.format, image.size, image.getpixel((5, 5))) == ("PNG", (64, 48), (0, 0, 255))
    assert (first.width, first.height, second.width) == (64, 48, 8)
    assert pid_of(decoder) == pid


def test_what_is_no_picture_is_refused_and_the_next_one_is_drawn(decoder: Decoder) -> None:
    """A refusal ends no process."""
    with pytest.raises(NotAnImage, match="that can be read"):
        decode(decoder, b"nonsense")
    pid = pid_of(decoder)

    assert decode(decoder, encode(picture())).width == 64
    assert pid_of(decoder) == pid


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGXCPU, "takes more time to decode than a picture may"),
        (signal.SIGKILL, "its decoder died of it"),
        (signal.SIGSEGV, "its decoder died of it"),
    ],
)
def test_a_picture_that_kills_its_decoder_is_refused(decoder: Decoder, number: signal.Signals, message: str) -> None:
    """At its first try, with what it died of; the next picture has a new process."""
    decode(decoder, encode(picture()))
    pid = pid_of(decoder)
    # It stands still, so that the signal is there before its answer.
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.2, lambda: [os.kill(pid, each) for each in (number, signal.SIGCONT)]).start()  # type: ignore[func-returns-value]

    with pytest.raises(NotAnImage, match=message):
        decode(decoder, encode(picture()))
    assert decode(decoder, encode(picture())).width == 64
    assert pid_of(decoder) != pid


def test_a_decoder_that_died_between_two_pictures_is_replaced(decoder: Decoder) -> None:
    """The next picture is not to blame."""
    decode(decoder, encode(picture()))
    os.kill(pid_of(decoder), signal.SIGKILL)
    assert decoder._process is not None
    decoder._process.wait()

    assert decode(decoder, encode(picture())).width == 64


def test_a_decoder_has_limits_and_no_secrets(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ends it after its CPU time and refuses it more memory; of our environment it has nothing."""
    monkeypatch.setenv("API_KEY_PEPPER", "a secret of the parent")
    decode(decoder, encode(picture()))
    process = Path(f"/proc/{pid_of(decoder)}")

    limits = {line[:26].strip(): line[26:].split() for line in (process / "limits").read_text().splitlines()}
    assert 0 < int(limits["Max cpu time"][0]) <= CPU_SECONDS + 2
    assert limits["Max address space"][0] == str(MEMORY_BYTES)
    assert limits["Max file size"][0] == "0"
    assert b"API_KEY_PEPPER" not in (process / "environ").read_bytes()
    # Its end of the socket, and the standard output and error: nothing of the parent's files is inherited.
    assert {int(name.name) for name in (process / "fd").iterdir()} == {0, 1, 2}


def test_a_decoder_takes_no_time_of_its_parents_session(decoder: Decoder) -> None:
    """It is nice to the processes of its parent's session, and its own session is nice to others, if Linux shares out by sessions."""
    decode(decoder, encode(picture()))
    pid = pid_of(decoder)
    autogroup = Path(f"/proc/{pid}/autogroup")

    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getsid(pid) == pid
    assert not autogroup.exists() or int(autogroup.read_text().split()[-1]) > 0


def test_a_decoder_ends_with_its_parent(decoder: Decoder) -> None:
    """It ends by itself when its socket is closed, also if the parent was killed."""
    decode(decoder, encode(picture()))
    assert decoder._connection is not None
    assert decoder._process is not None
    decoder._connection.close()

    assert decoder._process.wait(timeout=10) == 0


def test_no_picture_waits_for_a_child_but_the_first(decoders: Decoders) -> None:
    """The first one starts them all, and one that dies of a picture, or has decoded its share, is replaced before the next."""
    text = PictureText.of(data_uri(encode(picture())))
    assert [each._process for each in decoders._all] == [None, None]
    decoders.read(text, account_id=ACCOUNT)
    first, used = (pid_of(each) for each in decoders._all)

    threading.Timer(0.2, os.kill, (used, signal.SIGKILL)).start()
    os.kill(used, signal.SIGSTOP)
    with pytest.raises(NotAnImage, match="died of it"):
        decoders.read(text, account_id=ACCOUNT)
    replaced = pid_of(decoders._all[1])
    decoders._all[1]._pictures = 999
    decoders.read(text, account_id=ACCOUNT)

    assert len({first, used, replaced, pid_of(decoders._all[1])}) == 4
    assert pid_of(decoders._all[0]) == first


def test_one_account_leaves_a_decoder_to_the_others(decoders: Decoders) -> None:
    """While its picture keeps a decoder busy, its next ones wait or are refused, and another account's is decoded."""
    decoders.read(PictureText.of(data_uri(encode(picture()))), account_id=ACCOUNT)
    frozen = decoders._idle.queue[-1]
    os.kill(pid_of(frozen), signal.SIGSTOP)
    ended: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: ended.append(
                decoders.read(PictureText.of(data_uri(encode(picture(10, 10)))), account_id=ACCOUNT).image.width
            )
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    while decoders._slots.count_waiting() == 0:
        threads[0].join(0.01)
    with pytest.raises(PicturesBusy):
        decoders.read(PictureText.of(data_uri(encode(picture()))), account_id=ACCOUNT)

    assert decoders.read(PictureText.of(data_uri(encode(picture(12, 12)))), account_id=OTHER).image.width == 12
    assert ended == []
    os.kill(pid_of(frozen), signal.SIGCONT)
    for thread in threads:
        thread.join(10)
    assert ended == [10, 10]


def test_many_pictures_at_once_are_all_decoded(decoders: Decoders) -> None:
    """Each thread gets its own picture's image."""
    sizes = range(10, 40)
    widths: dict[int, int] = {}

    def decode(size: int) -> None:
        while True:
            try:
                widths[size] = decoders.read(
                    PictureText.of(data_uri(encode(picture(size, 5)))), account_id=uuid4()
                ).image.width
            except PicturesBusy:
                continue
            return

    threads = [threading.Thread(target=decode, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert widths == {size: size for size in sizes}

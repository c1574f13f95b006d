"""Whole processes: interrupted, terminated, and TensorBoard on a run."""

import re
import signal
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from nas.run import Run

SEARCH = ["search", "--space", "minimal", "--max-params", "8k", "--trials", "3"]


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_stopped_search_says_how_to_go_on_and_does(spawn, nas, folder, sent, code):
    options = ["--epochs", "4", "--workers", "1", "--run", "runs/a"]
    process = spawn(*SEARCH, *options)
    for line in process.stdout:
        if line.startswith("[1/3]"):
            break
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "continue with: nas resume runs/a" in out

    run = Run(folder / "runs" / "a")
    before = run.records
    assert 1 <= len(before) < 3
    interrupted = run.folder.unfinished()

    outcome = nas("resume", "runs/a")
    assert outcome.code == 0
    assert [record.trial for record in run.records] == [0, 1, 2]
    assert run.records[: len(before)] == before
    assert len({record.hash for record in run.records}) == 3
    for trial, architecture in interrupted.items():
        assert run.trial(trial).architecture == architecture
    assert run.folder.unfinished() == {}


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_tensorboard_shows_a_run_until_it_is_stopped(spawn, finished, sent, code):
    process = spawn("tensorboard", finished)
    line = process.stdout.readline()
    address = re.search(r"http://localhost:(\d+)/", line)
    assert address, line
    assert str(finished) in line
    assert get(address[0]).status == 200
    runs = get(address[0] + "data/runs", until=b"00002").body
    for trial in ("00000", "00001", "00002"):
        assert trial.encode() in runs
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    with pytest.raises(URLError):
        urlopen(address[0], timeout=5)


def test_tensorboard_says_that_a_port_is_taken(nas, finished):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = nas("tensorboard", finished, "--port", taken.getsockname()[1])
    assert outcome.code == 2
    assert "cannot be used: Address already in use; use --port 0" in outcome.err


class Page:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


def get(address: str, until: bytes = b"") -> Page:
    """Return a page that a server, which may still be starting, comes to have."""
    end = time.monotonic() + 90
    while True:
        try:
            with urlopen(address, timeout=10) as page:
                found = Page(page.status, page.read())
            if until in found.body:
                return found
        except OSError:
            pass
        assert time.monotonic() < end, f"{address} never had {until!r}"
        time.sleep(0.2)

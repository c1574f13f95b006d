"""What every feed promises, and what a streamed one does with memory."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.data import Split
from nas.train import streamed
from nas.train.feed import Feed
from nas.train.resident import ResidentFeed
from nas.train.streamed import StreamedFeed

CPU = torch.device("cpu")
RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (501, 3, 5, 7), dtype=np.uint8)
SPLIT = Split(images=IMAGES, labels=RNG.integers(0, 9, 501))
MIB = 2**20


def mapped(folder: Path) -> Split:
    path = folder / "images.npy"
    np.save(path, IMAGES)
    return Split(images=np.load(path, mmap_mode="r"), labels=SPLIT.labels)


FEEDS: dict[str, Callable[[Path], Feed]] = {
    "resident": lambda _: ResidentFeed(SPLIT, CPU),
    "resident, mapped": lambda folder: ResidentFeed(mapped(folder), CPU),
    "streamed": lambda _: StreamedFeed(SPLIT, CPU, 4 * 50 * 105),
    "streamed, mapped": lambda folder: StreamedFeed(mapped(folder), CPU, 4 * 50 * 105),
    "streamed, mapped, all at once": lambda folder: StreamedFeed(
        mapped(folder), CPU, 2**30
    ),
    "streamed, hardly any memory": lambda folder: StreamedFeed(mapped(folder), CPU, 1),
}


@pytest.fixture(params=FEEDS)
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Feed:
    return FEEDS[request.param](tmp_path)


def order(feed: Feed, seed: int) -> torch.Tensor:
    return feed.order(torch.Generator().manual_seed(seed))


class TestEveryFeed:
    def test_it_says_what_it_has(self, feed: Feed) -> None:
        assert len(feed) == 501
        assert feed.image_shape == (3, 5, 7)
        assert feed.device == CPU
        assert torch.equal(feed.labels, torch.from_numpy(SPLIT.labels))

    def test_an_order_has_every_image_and_follows_the_seed(self, feed: Feed) -> None:
        first = order(feed, 0)
        assert sorted(first.tolist()) == list(range(501))
        assert torch.equal(first, order(feed, 0))
        assert not torch.equal(first, order(feed, 1))
        generator = torch.Generator().manual_seed(0)
        feed.order(generator)
        assert not torch.equal(feed.order(generator), first)

    @pytest.mark.parametrize("sizes", [[501], [64] * 7 + [53], [1] * 501, [499, 2]])
    def test_batches_have_the_images_in_their_order(
        self, feed: Feed, sizes: list[int]
    ) -> None:
        for index in (order(feed, 5), torch.arange(501)):
            batches = list(feed.batches(index, sizes))
            assert [len(images) for images, _ in batches] == sizes
            images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
            assert images.dtype == torch.uint8
            assert torch.equal(images, torch.from_numpy(IMAGES)[index])
            assert torch.equal(labels, feed.labels[index])

    def test_a_part_of_the_images_may_be_asked_for(self, feed: Feed) -> None:
        index = torch.tensor([7, 3, 400])
        ((images, labels),) = feed.batches(index, [3])
        assert torch.equal(images, torch.from_numpy(IMAGES[[7, 3, 400]]))
        assert labels.tolist() == SPLIT.labels[[7, 3, 400]].tolist()

    def test_one_may_stop_in_between(self, feed: Feed) -> None:
        before = threading.active_count()
        batches = feed.batches(torch.arange(501), [10] * 50 + [1])
        next(batches)
        batches.close()
        assert threading.active_count() == before


class TestAStream:
    def test_it_reads_few_neighbourhoods_at_a_time(self) -> None:
        split = Split(
            images=np.zeros((100_000, 1, 4, 4), np.uint8),
            labels=np.zeros(100_000, np.int64),
        )
        # Windows of 6,400 images, which are 64 blocks of 100.
        feed = StreamedFeed(split, CPU, 4 * 6400 * 16)
        positions = order(feed, 0).numpy()
        for start in range(0, 100_000, 6400):
            window = np.sort(positions[start : start + 6400])
            assert (np.diff(window) > 1).sum() < 64
        # Neighbours in the file are far from each other, nothing is where it was.
        assert np.median(np.abs(np.diff(positions))) > 10_000
        assert np.abs(np.corrcoef(positions, np.arange(100_000))[0, 1]) < 0.3

    def test_it_reads_one_window_ahead_and_no_further(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[int] = []
        original = StreamedFeed._read

        def counting(self: StreamedFeed, index: np.ndarray) -> object:
            read.append(len(index))
            return original(self, index)

        monkeypatch.setattr(StreamedFeed, "_read", counting)
        feed = StreamedFeed(SPLIT, CPU, 4 * 50 * 105)
        batches = feed.batches(torch.arange(500), [50] * 10)
        for number in range(1, 10):
            next(batches)
            assert number <= len(read) <= number + 1
        assert read[:9] == [50] * 9

    def test_an_error_of_the_reader_is_ours(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise OSError("the disk is gone")

        monkeypatch.setattr(streamed.StreamedFeed, "_read", broken)
        feed = StreamedFeed(SPLIT, CPU, 10_000)
        with pytest.raises(OSError, match="the disk is gone"):
            list(feed.batches(torch.arange(501), [501]))

    @pytest.mark.skipif(
        not Path("/proc/self/status").is_file(), reason="reads /proc, which Linux has"
    )
    def test_it_keeps_within_its_memory(self, tmp_path: Path) -> None:
        # A file of 192 MiB, of which 32 MiB may be in memory.
        path = tmp_path / "images.npy"
        shape = (3 * 2**14, 1, 64, 64)
        images = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        images[:, 0, 0, 0] = 1
        del images
        grown = []
        for _ in range(3):  # now and then the allocator is late to give back a window
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, path, str(32 * MIB)],
                stdout=subprocess.PIPE,
                check=True,
            )
            result = json.loads(done.stdout)
            assert result["sum"] == shape[0]
            grown.append(result["grown"])
        assert min(grown) < 36 * MIB


PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np, torch
from nas.data import Split
from nas.train.streamed import StreamedFeed

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(l.split()[1]) for l in lines if l.startswith("VmHWM")) * 1024

images = np.load(sys.argv[1], mmap_mode="r")
labels = np.zeros(len(images), np.int64)
feed = StreamedFeed(Split(images=images, labels=labels), "cpu", int(sys.argv[2]))
order = feed.order(torch.Generator().manual_seed(0))
next(feed.batches(order[:2], [2]))
before = peak()
total = 0
for batch, _ in feed.batches(order, [128] * (len(order) // 128)):
    total += int(batch[:, 0, 0, 0].sum())
print(json.dumps({"sum": total, "grown": peak() - before}))
"""

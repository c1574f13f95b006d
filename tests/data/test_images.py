"""Folders of image files of all kinds."""

import io
from pathlib import Path

import numpy as np
import pytest
from made import made, save_pngs
from PIL import Image

from nas.data import Dataset, load
from nas.data.parallel import in_threads
from nas.data.pictures import Plan, decode, extensions, plan, read_blocks

RED, GREY = (200, 30, 30), (90, 90, 90)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixel(data: bytes, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    """Decode an image at its own size; return the colour in a row and column."""
    with Image.open(io.BytesIO(data)) as image:
        size = image.height, image.width
    return tuple(int(level) for level in decode(data, size)[:, *at])


def folder_of(path: Path, images: dict[str, Image.Image]) -> Path:
    """Write images to "CLASS/NAME.EXTENSION"."""
    for name, image in images.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(path / name)
    return path


def noise(number: int, size: tuple[int, int] = (8, 8), mode: str = "L") -> Image.Image:
    """A random image of a (width, height)."""
    levels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3))
    return Image.fromarray(levels.astype(np.uint8)).convert(mode)


def two_classes(mode: str = "L", **other: Image.Image) -> dict[str, Image.Image]:
    images = {
        f"{c}/{i}.png": noise(i + 20 * (c == "b"), mode=mode)
        for c in "ab"
        for i in range(6)
    }
    return images | {f"{name.replace('_', '/')}.png": x for name, x in other.items()}


def total(dataset: Dataset) -> int:
    return len(dataset.train) + len(dataset.validation) + len(dataset.test)


MODES = {
    "1": (Image.new("1", (4, 4), 1), (255, 255, 255)),
    "L": (Image.new("L", (4, 4), 90), GREY),
    "RGB": (Image.new("RGB", (4, 4), RED), RED),
    "P": (Image.new("RGB", (4, 4), RED).quantize(4), RED),
    "opaque": (Image.new("RGBA", (4, 4), (*RED, 255)), RED),
    "transparent": (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
    "half transparent": (Image.new("LA", (4, 4), (0, 128)), (127, 127, 127)),
    "16 bits": (
        Image.fromarray(np.full((4, 4), 90 * 256 + 7, np.uint16)),
        GREY,
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_its_colours(mode: str) -> None:
    image, expected = MODES[mode]
    assert pixel(encoded(image)) == expected


def test_other_formats_and_modes() -> None:
    cmyk = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF")
    red, green, blue = pixel(cmyk)
    assert red > 200 > 60 > max(green, blue)
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, (0, 0, 200))]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pixel(animation) == RED
    jpeg = encoded(Image.new("RGB", (8, 8), RED), "JPEG")
    assert pixel(jpeg) == pytest.approx(RED, abs=3)


def test_floats_are_unreadable() -> None:
    with pytest.raises(ValueError, match="its pixels are floats; save it with 8 or"):
        decode(encoded(Image.new("F", (4, 4), 0.5), "TIFF"), (4, 4))


def test_photos_are_the_right_way_up() -> None:
    image = Image.new("RGB", (6, 4))
    image.putpixel((0, 3), RED)  # bottom left
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned by 90 degrees
    turned = decode(encoded(image, exif=exif), (6, 4))
    assert turned[:, 0, 0].tolist() == list(RED)
    assert plan([encoded(image, exif=exif)], bytes, None).size == (6, 4)


def test_what_runs_other_programs_is_no_image() -> None:
    assert {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif"} <= extensions()
    assert extensions().isdisjoint({".eps", ".ps", ".wmf", ".pdf", ".txt"})
    with pytest.raises(Image.UnidentifiedImageError):
        decode(encoded(Image.new("RGB", (4, 4)), "EPS"), (4, 4))


def sized(*sizes: tuple[int, int]) -> tuple[int, int]:
    pictures = [encoded(Image.new("L", size)) for size in sizes]
    return plan(pictures, bytes, None).size


def test_the_size_suits_the_images() -> None:
    assert sized((28, 28), (28, 28)) == (28, 28)
    assert sized((12, 20), (12, 20)) == (20, 12)
    assert sized((12, 20), (20, 12)) == (12, 12)
    assert sized((10, 10), (40, 20), (90, 30)) == (20, 20)
    assert sized((300, 200), (90, 100), (500, 400)) == (64, 64)
    assert sized((640, 480), (640, 480)) == (48, 64)
    pictures = [encoded(Image.new("L", (9, 9)))]
    assert plan(pictures, bytes, 32).size == (32, 32)


def test_the_size_does_not_hang_on_a_bad_image() -> None:
    good = encoded(Image.new("L", (9, 9)))
    assert plan([b"bad", good], bytes, None).size == (9, 9)
    assert plan([b"bad"], bytes, None).size == (64, 64)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_image_is_averaged_not_sampled(kind: str) -> None:
    levels = np.indices((256, 256)).sum(axis=0) % 2 * 200
    image = Image.fromarray(levels.astype(np.uint8))
    small = decode(encoded(image, kind), (8, 8))
    assert np.abs(small.astype(int) - 100).max() < 6


def test_sizes_and_modes_may_be_mixed(tmp_path: Path) -> None:
    images = two_classes(
        a_wide=noise(50, (30, 9), "RGB"), b_clear=noise(51, (9, 40), "RGBA")
    )
    images["a/photo.JPG"] = noise(52, (20, 20), "RGB")
    dataset = load(str(folder_of(tmp_path / "data", images)))
    assert dataset.train.images.shape[1:] == (3, 8, 8)
    assert total(dataset) == 15
    larger = load(str(tmp_path / "data"), image_size=12)
    assert larger.train.images.shape[1:] == (3, 12, 12)


def test_colours_that_are_all_grey_are_grey(tmp_path: Path) -> None:
    grey = {name: image.convert("RGB") for name, image in two_classes(mode="L").items()}
    folder = folder_of(tmp_path / "data", grey)
    assert load(str(folder)).train.images.shape[1:] == (1, 8, 8)
    noise(99, mode="RGB").save(folder / "b" / "colour.png")
    assert load(str(folder)).train.images.shape[1:] == (3, 8, 8)


def test_other_files_and_nested_folders_are_ignored(tmp_path: Path) -> None:
    images = two_classes()
    images |= {
        "a/.hidden.png": noise(60),
        "a/nested/x.png": noise(61),
        ".git/x.png": noise(62),
        "loose.png": noise(63),
    }
    folder = folder_of(tmp_path / "data", images)
    (folder / "a" / "notes.txt").write_text("cats")
    (folder / "labels.csv").write_text("a,b")
    (folder / "empty").mkdir()
    dataset = load(str(folder))
    assert dataset.classes == ("a", "b")
    assert total(dataset) == 12
    (warning,) = dataset.warnings
    assert warning.endswith("folders without images are ignored: empty")


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (("train", "val", "test"), ("train", "validation", "test")),
        (("Training", "valid"), ("train", "validation")),
        (("train", "Testing"), ("train", "test")),
    ],
)
def test_folders_of_splits(
    names: tuple[str, ...], given: tuple[str, ...], tmp_path: Path
) -> None:
    splits = {name: made(side=5 + number)["train"] for number, name in enumerate(names)}
    dataset = load(str(save_pngs(splits, tmp_path / "data")), image_size=6)
    assert dataset.given == given
    assert total(dataset) == 30 * len(names)
    assert len(getattr(dataset, given[1])) == 30


def test_a_test_folder_without_classes_is_no_split(tmp_path: Path) -> None:
    images = {f"train/{name}": image for name, image in two_classes().items()}
    images["test/1.png"] = noise(70)
    dataset = load(str(folder_of(tmp_path / "data", images)))
    assert dataset.given == ("train",)
    (warning,) = dataset.warnings
    assert warning.endswith("beside train, these are ignored: test")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    images = {
        name.replace("a/", "train/").replace("b/", "bus/"): image
        for name, image in two_classes().items()
    }
    dataset = load(str(folder_of(tmp_path / "data", images)))
    assert dataset.classes == ("bus", "train")
    assert dataset.given == ()


def test_photos_are_decoded_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    photos = [encoded(noise(1, (100, 100), "RGB"), "JPEG")]
    assert plan([encoded(noise(1))], bytes, None).num_threads == 1
    images = {
        f"{c}/{i}.jpg": noise(i + 90 * (c == "b"), (80, 60), "RGB")
        for c in "ab"
        for i in range(80)
    }
    assert plan(photos, bytes, None).num_threads == 4
    dataset = load(str(folder_of(tmp_path / "data", images)), image_size=16)
    assert total(dataset) == 160


def test_threads_keep_the_order_and_do_not_run_ahead() -> None:
    taken: list[int] = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = in_threads(lambda number: number * 2, items(), num_threads=3)
    assert next(results) == 0
    assert len(taken) < 10
    assert list(results) == [2 * number for number in range(1, 100)]


def test_a_failure_in_a_thread_reaches_the_caller() -> None:
    def fail(number: int) -> int:
        if number == 5:
            raise KeyError(number)
        return number

    results = in_threads(fail, range(50), num_threads=2)
    with pytest.raises(KeyError):
        list(results)


def test_an_image_that_must_not_be_read_is_more_than_a_bad_one() -> None:
    def denied(number: int) -> bytes:
        raise PermissionError(13, "Permission denied", f"{number}.png")

    with pytest.raises(PermissionError, match=r"7\.png"):
        list(read_blocks([7], denied, str, Plan(size=(4, 4), num_threads=1)))

"""`nas show --picture`: a picture beside the table, or one line of what is wrong."""

import json
import stat
from xml.etree import ElementTree

import pytest
from made_run import make_run
from PIL import Image


@pytest.mark.parametrize("name", ["net.svg", "NET.SVG"])
def test_a_known_network_as_svg(nas, folder, name):
    outcome = nas("show", "resnet20", "--picture", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith(f"picture  {name}\n")
    assert "block 3" in outcome.out
    root = ElementTree.parse(folder / name).getroot()
    assert root[0].text == "resnet20"
    assert [path.name for path in folder.iterdir()] == [name]


def test_a_known_network_as_png(nas, folder):
    outcome = nas("show", "resnet20", "--classes", "3", "--picture", "net.png")
    assert outcome.code == 0
    with Image.open(folder / "net.png") as image:
        image.load()
        assert image.width > 1000
        assert len(image.convert("RGB").getcolors(1 << 20)) > 100


def test_an_architecture_and_trials_of_a_run(nas, folder):
    make_run(folder / "run", [0.5, 0.75, 0.25])
    path = "run/trials/00001/architecture.json"
    assert nas("show", path, "--picture", "file.svg").code == 0
    assert nas("show", "run", "--picture", "best.svg").code == 0
    assert nas("show", "run", "--trial", "2", "--picture", "other.svg").code == 0
    titles = {
        name: ElementTree.parse(folder / name).getroot()[0].text
        for name in ("file.svg", "best.svg", "other.svg")
    }
    assert titles["file.svg"] == path
    assert titles["best.svg"] == "trial 1 of run, 75.00 %"
    assert titles["other.svg"] == "trial 2 of run, 25.00 %"
    drawn = (folder / "file.svg").read_text()
    assert drawn.replace(path, "") == (
        (folder / "best.svg").read_text().replace("trial 1 of run, 75.00 %", "")
    )


def test_json_tells_where_the_picture_is(nas, folder):
    data = json.loads(nas("show", "resnet20", "--json", "--picture", "n.svg").out)
    assert data.pop("picture") == "n.svg"
    assert data == json.loads(nas("show", "resnet20", "--json").out)


def test_a_file_that_is_there_is_replaced_as_a_whole(nas, folder):
    old = folder / "net.svg"
    old.write_text("something else, that is " + "long " * 10_000)
    with old.open() as reader:  # who reads it meanwhile keeps what there was
        assert nas("show", "resnet20", "--picture", "net.svg").code == 0
        assert reader.read().startswith("something else")
    ElementTree.parse(old)
    assert [path.name for path in folder.iterdir()] == ["net.svg"]


BAD = {
    "a space": (
        ["default", "--picture", "a.svg"],
        "default is a search space, which holds many networks; name one",
    ),
    "another kind of file": (
        ["resnet20", "--picture", "net.pdf"],
        "must be a .svg or .png file; got 'net.pdf'",
    ),
    "no kind of file": (["resnet20", "--picture", "net"], "must be a .svg or .png"),
    "no name": (["resnet20", "--picture", ""], "must be a .svg or .png file; got '.'"),
    "no folder": (
        ["resnet20", "--picture", "pictures/net.svg"],
        "there is no folder pictures; make it first",
    ),
    "an unknown network": (["resnet21", "--picture", "a.svg"], "mean 'resnet20'?"),
    "a missing file": (["my.json", "--picture", "a.svg"], "my.json: cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_writes_nothing(nas, folder, case):
    argv, fragment = BAD[case]
    outcome = nas("show", *argv)
    assert (outcome.code, outcome.out) == (2, "")
    (message,) = outcome.err.splitlines()
    assert message.startswith("nas: error: ")
    assert fragment in message
    assert list(folder.iterdir()) == []


def test_a_folder_of_that_name(nas, folder):
    (folder / "net.svg").mkdir()
    outcome = nas("show", "resnet20", "--picture", "net.svg")
    assert outcome.code == 2
    assert "net.svg is a folder; name a file in it" in outcome.err


def test_a_folder_that_nobody_may_write_to(nas, folder, monkeypatch):
    from pathlib import Path

    (folder / "closed").mkdir()
    (folder / "closed").chmod(stat.S_IRUSR | stat.S_IXUSR)

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)  # root may write anywhere
    outcome = nas("show", "resnet20", "--picture", "closed/net.svg")
    assert outcome.code == 2
    assert "closed/net.svg cannot be written: Permission denied" in outcome.err
    assert len(outcome.err.splitlines()) == 1

"""model.pt2: a program that runs without any source."""

import subprocess
import sys
import zipfile

import pytest
import torch
from grammar_networks import SHAPE
from torch import nn

from nas.errors import SpecError
from nas.formats import write_torch_export


def test_another_process_runs_it_without_nas(tmp_path):
    layers = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1))
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4, 3)).eval()
    path = tmp_path / "model.pt2"
    write_torch_export(network, SHAPE, path)
    images = torch.rand(5, *SHAPE)
    torch.save(images, tmp_path / "images.pt")
    program = """
import sys, torch
loaded = torch.export.load("model.pt2").module()
torch.save(loaded(torch.load("images.pt")), "logits.pt")
assert not any(name.partition(".")[0] == "nas" for name in sys.modules)
"""
    command = [sys.executable, "-I", "-c", program]
    subprocess.run(command, cwd=tmp_path, check=True)
    with torch.inference_mode():
        expected = network(images)
    torch.testing.assert_close(torch.load(tmp_path / "logits.pt"), expected)


def test_it_tells_nothing_about_the_machine_it_was_made_on(tmp_path):
    path = tmp_path / "model.pt2"
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 15 * 13, 3)).eval()
    write_torch_export(network, SHAPE, path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert b".py" not in archive.read(name), name


def test_what_cannot_be_traced_is_refused_in_one_line(tmp_path):
    class Branching(nn.Module):
        def forward(self, images):
            means = images.mean(dim=(2, 3))
            return means if means.sum() > 0 else -means

    with pytest.raises(SpecError, match=r"cannot be written by torch\.export: ") as why:
        write_torch_export(Branching().eval(), SHAPE, tmp_path / "model.pt2")
    assert "\n" not in str(why.value)
    assert list(tmp_path.iterdir()) == []

"""Definitions are found with all that they need, also in a user's own modules."""

import importlib
import itertools
import py_compile
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nas.errors import SpecError
from nas.export.dependencies import needed
from nas.export.imports import Import

numbers = itertools.count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that makes an importable module of a text and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(text: str) -> str:
        name = f"plugin_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return name

    return make


def names(found):
    return [name for item in found.definitions for name in item.names]


def test_a_class_comes_with_its_helpers_helpers_first(module):
    layers = module(
        """
        from torch import nn

        def unused(): return nn

        # Why three.
        KERNEL: int = 3

        def conv(width): return nn.Conv2d(width, width, KERNEL)
        """
    )
    units = module(
        f"""
        import math
        import torch.nn.functional as F
        from torch import nn
        from {layers} import conv

        def decorate(cls): return cls

        @decorate
        class Swish(nn.Module):
            unused = 1

            def __init__(self, width, other: "Other" = None):
                self.conv = conv(width)
                self.size = math.sqrt(width)

            def forward(self, x):
                decoy = self.unused
                return F.silu(self.conv(x)) + decoy

        class Other: pass

        def unused(): return nn
        """
    )
    found = needed([(units, "Swish")])
    assert names(found) == ["KERNEL", "conv", "decorate", "Swish", "Other"]
    assert found.definitions[0].text == "# Why three.\nKERNEL: int = 3"
    assert found.definitions[3].text.startswith("@decorate\nclass Swish(nn.Module):")
    assert found.imports == {
        Import("math"),
        Import("torch", "nn"),
        Import("torch.nn.functional", None, "F"),
    }


def test_a_local_name_is_no_use_of_a_global_one(module):
    name = module(
        """
        import json

        def conv(): pass

        def unit(conv):
            json = conv
            return [conv for conv in json]
        """
    )
    found = needed([(name, "unit")])
    assert names(found) == ["unit"]
    assert found.imports == frozenset()


def test_modules_come_in_the_order_of_their_use(module):
    base = module("class Base: pass\nclass Late(Base): pass")
    user = module(f"from {base} import Base\n\nclass User(Base): pass")
    found = needed([(user, "User"), (base, "Late")])
    assert names(found) == ["Base", "Late", "User"]


def test_a_name_is_followed_through_a_module_that_passes_it_on(module):
    deep = module("class Deep: pass")
    middle = module(f"from {deep} import Deep")
    found = needed([(middle, "Deep"), (deep, "Deep")])
    assert [item.module for item in found.definitions] == [deep]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import numpy as np\ndef unit(): return np", "use 'from numpy import ...'"),
        ("def unit():\n    import numpy\n    return numpy", "imports 'numpy'"),
        ("def unit(): return undefined", "uses 'undefined'"),
        ("def other(): pass", "not a function, class or constant"),
        ("from os import path\nfrom {b} import unit as unit2\nunit = unit2", "as"),
        ("from {b} import f\nfrom {c} import g\ndef unit(): f(g)", "defines that name"),
    ],
)
def test_what_cannot_stand_alone_is_refused(module, text, reason):
    b = module("def h(): pass\ndef f(): h()\ndef unit(): pass")
    c = module("def h(): pass\ndef g(): h()")
    name = module(text.replace("{b}", b).replace("{c}", c))
    with pytest.raises(SpecError, match="cannot be exported") as caught:
        needed([(name, "unit")])
    assert reason in str(caught.value)


def test_modules_that_use_each_other_are_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    first, second = f"plugin_{next(numbers)}", f"plugin_{next(numbers)}"
    for name, other in ((first, second), (second, first)):
        text = f"from {other} import f_{other}\n\ndef f_{name}(): f_{other}()\n"
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(SpecError, match="use each other"):
        needed([(first, f"f_{first}")])


def test_a_module_without_source_is_refused():
    with pytest.raises(SpecError, match="'nowhere' has no source"):
        needed([("nowhere", "unit")])


def _deleted(path: Path) -> None:
    path.unlink()


def _compiled(path: Path) -> None:
    py_compile.compile(str(path), cfile=str(path.with_suffix(".pyc")))
    path.unlink()


def _spoilt(path: Path) -> None:
    path.write_bytes(b"def unit(): '\xff'\n")


def _half(path: Path) -> None:
    path.write_text("def unit(:\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_deleted, "has no source to export; put it back into a .py file"),
        (_compiled, "has no source to export; put it back into a .py file"),
        (_spoilt, "has no source to export; put it back into a .py file"),
        (_half, "cannot be read: SyntaxError"),
    ],
)
@pytest.mark.parametrize("loaded", [True, False])
def test_a_source_that_is_gone_since_is_refused_in_a_line(
    module, tmp_path, change, reason, loaded
):
    name = module("def unit(): pass")
    if loaded:
        importlib.import_module(name)
    assert names(needed([(name, "unit")])) == ["unit"]
    change(tmp_path / f"{name}.py")
    importlib.invalidate_caches()
    with pytest.raises(SpecError, match=name) as caught:
        needed([(name, "unit")])
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_class_of_the_program_itself_is_refused(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from nas.errors import SpecError\n"
        "from nas.export.dependencies import needed\n"
        "class Unit: pass\n"
        "try:\n"
        "    needed([(Unit.__module__, 'Unit')])\n"
        "except SpecError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "module '__main__' has no source to export" in done.stdout


def test_what_another_file_holds_is_left_there(module):
    layers = module(
        """
        from torch import nn

        def conv(width): return nn.Conv2d(width, width, 3)
        """
    )
    units = module(
        f"""
        import math
        from {layers} import conv
        SIZE = 4

        def unit(): return conv(math.isqrt(SIZE))
        """
    )
    found = needed([(units, "unit")], elsewhere={"conv", "SIZE", "other"})
    assert names(found) == ["unit"]
    assert found.imports == {Import("math")}
    assert found.elsewhere == {"conv", "SIZE"}

import pytest

from nas.search import memory
from nas.search.memory import default_data_memory, main_memory_bytes

GIB = 2**30


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that makes up a machine's physical memory and groups."""

    def make(physical: int, memberships: str | None, limits: dict[str, str]) -> None:
        monkeypatch.setattr(memory, "_physical_bytes", lambda: physical)
        monkeypatch.setattr(memory, "CGROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(memory, "MEMBERSHIPS", tmp_path / "memberships")
        if memberships is not None:
            (tmp_path / "memberships").write_text(memberships)
        for name, text in limits.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")

    return make


@pytest.mark.parametrize(
    ("memberships", "limits", "expected"),
    [
        (None, {}, 16),
        ("0::/\n", {"memory.max": "max"}, 16),
        ("0::/\n", {"memory.max": str(2 * GIB)}, 2),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": str(3 * GIB)}, 3),
        ("0::/not/seen/from/here\n", {"memory.max": str(4 * GIB)}, 4),
        (
            "3:cpu,cpuacct:/a\n4:memory:/a\n",
            {
                "memory/memory.limit_in_bytes": str(2**63 - 4096),
                "memory/a/memory.limit_in_bytes": str(5 * GIB),
                "cpu/a/memory.limit_in_bytes": "1",
            },
            5,
        ),
        ("0::/\n", {"memory.max": str(64 * GIB)}, 16),
    ],
)
def test_main_memory_is_that_of_the_container(system, memberships, limits, expected):
    system(16 * GIB, memberships, limits)
    assert main_memory_bytes() == expected * GIB


def test_the_memory_for_data_is_a_share_of_the_device_s(system, monkeypatch):
    system(16 * GIB, None, {})
    monkeypatch.setattr(memory, "count_gpus", lambda: 0)
    assert default_data_memory("cpu") == default_data_memory("auto") == 4 * GIB
    monkeypatch.setattr(memory, "count_gpus", lambda: 2)
    monkeypatch.setattr(memory, "gpu_bytes", lambda: 24 * GIB)
    assert default_data_memory("cpu") == 4 * GIB
    assert default_data_memory("auto") == default_data_memory("cuda") == 3 * GIB


def test_this_machine_has_some():
    assert main_memory_bytes() > 2**28

"""A worker in a container knows its limits: files as the kernel has them, of both versions of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.rendering.models.container_limits import read_core_limit, read_memory_left

MIB = 1024**2


def write(root: Path, files: dict[str, str]) -> Path:
    """A machine's files: the process's own groups under "", everything else under /sys/fs/cgroup."""
    for name, text in files.items():
        path = root / ("proc/self/cgroup" if name == "" else f"sys/fs/cgroup/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def memory_2(limit: str, used: int, droppable: int, folder: str = "") -> dict[str, str]:
    return {
        f"{folder}memory.max": f"{limit}\n",
        f"{folder}memory.current": f"{used}\n",
        f"{folder}memory.stat": f"anon 1\nfile 2\ninactive_file {droppable}\nslab 3\n",
    }


def memory_1(limit: int, used: int, droppable: int, folder: str = "memory/") -> dict[str, str]:
    return {
        f"{folder}memory.limit_in_bytes": f"{limit}\n",
        f"{folder}memory.usage_in_bytes": f"{used}\n",
        f"{folder}memory.stat": f"cache 1\ninactive_file 5\ntotal_inactive_file {droppable}\n",
    }


@pytest.mark.parametrize(
    ("files", "left"),
    [
        pytest.param({"": "0::/\n", **memory_2(str(2048 * MIB), 300 * MIB, 100 * MIB)}, 1848 * MIB, id="version 2"),
        pytest.param({"": "0::/\n", **memory_2("max", 300 * MIB, 0)}, None, id="version 2, no limit"),
        pytest.param(
            {
                "": "0::/user.slice/worker.service\n",
                **memory_2("max", 1, 0, "user.slice/worker.service/"),
                **memory_2(str(512 * MIB), 12 * MIB, 0, "user.slice/"),
            },
            500 * MIB,
            id="the limit of an outer group",
        ),
        pytest.param(
            {"": "4:memory:/docker/ea27\n1:cpu:/\n", **memory_1(2048 * MIB, 300 * MIB, 50 * MIB)},
            1798 * MIB,
            id="version 1, whose path is the machine's",
        ),
        pytest.param(
            {"": "4:memory:/docker/ea27\n", **memory_1(1024 * MIB, 24 * MIB, 0, "memory/docker/ea27/")},
            1000 * MIB,
            id="version 1, seen from the machine",
        ),
        pytest.param({"": "0::/\n", **memory_2(str(10 * MIB), 30 * MIB, 5 * MIB)}, 0, id="already past the limit"),
        pytest.param({"": "0::/\n", "unified/cgroup.procs": ""}, None, id="no memory controller"),
        pytest.param({}, None, id="no groups at all"),
    ],
)
def test_memory_that_is_left(tmp_path: Path, files: dict[str, str], left: int | None) -> None:
    """The tightest limit counts, less what is in use and cannot be dropped."""
    assert read_memory_left(write(tmp_path, files)) == left


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        pytest.param({"": "0::/\n", "cpu.max": "100000 100000\n"}, 1, id="version 2"),
        pytest.param({"": "0::/\n", "cpu.max": "250000 100000\n"}, 3, id="part of a core"),
        pytest.param({"": "0::/\n", "cpu.max": "20000 100000\n"}, 1, id="less than one core"),
        pytest.param({"": "0::/\n", "cpu.max": "max 100000\n"}, None, id="version 2, no quota"),
        pytest.param(
            {"": "0::/a/b\n", "a/b/cpu.max": "400000 100000\n", "a/cpu.max": "200000 100000\n"},
            2,
            id="of an outer group",
        ),
        pytest.param(
            {"": "1:cpu:/docker/x\n", "cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            2,
            id="version 1",
        ),
        pytest.param(
            {
                "": "1:cpu,cpuacct:/docker/x\n",
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "50000\n",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "50000\n",
            },
            1,
            id="version 1, two controllers in one hierarchy",
        ),
        pytest.param(
            {"": "1:cpu:/\n", "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            None,
            id="-1 is no quota",
        ),
        pytest.param({}, None, id="no groups at all"),
    ],
)
def test_cores_of_the_quota(tmp_path: Path, files: dict[str, str], cores: int | None) -> None:
    """The tightest quota counts, rounded up to whole cores."""
    assert read_core_limit(write(tmp_path, files)) == cores

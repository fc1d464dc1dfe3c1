"""Which GPUs of this machine runs get."""

import pytest

from experiments.grid.local_launcher import LocalLauncher, visible_gpus
from lightning_modules import RunError


@pytest.mark.parametrize(
    ("stated", "gpus"),
    [
        ("0,2", ["0", "2"]),
        (" 1 , GPU-8932f937,MIG-41b1", ["1", "GPU-8932f937", "MIG-41b1"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("3,-1,4", ["3"]),
        ("3,NoDevFiles,4", ["3"]),
        ("3,,4", ["3"]),
    ],
)
def test_the_list_of_gpus_ends_at_the_first_invalid_name_as_for_cuda(
    monkeypatch: pytest.MonkeyPatch, stated: str, gpus: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", stated)
    assert visible_gpus() == gpus


def test_several_gpus_a_run_are_refused_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with pytest.raises(RunError, match=r"^--gpus-per-run 8: this machine has 0 usable GPU\(s\)$"):
        LocalLauncher(gpus_per_run=8)
    assert LocalLauncher().slots == 1

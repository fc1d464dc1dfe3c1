"""Specification of the kernels' library: where it cannot be compiled, there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.native.library import has_kernels, load_kernels


@pytest.fixture(autouse=True)
def compile_anew() -> Iterator[None]:
    """Forget what this process has compiled, before and after."""
    load_kernels.cache_clear()
    yield
    load_kernels.cache_clear()


@pytest.mark.parametrize("compiler", ["no_such_compiler", "false", "true"])
def test_without_a_working_compiler_there_are_no_kernels(
    compiler: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", compiler)
    assert not has_kernels()
    assert capfd.readouterr() == ("", "")


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    has_kernels()
    assert not list(tmp_path.iterdir())

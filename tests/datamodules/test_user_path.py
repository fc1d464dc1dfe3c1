"""Paths as users write them: what they mean, and which are refused."""

import argparse
import inspect
from pathlib import Path
from typing import Any

import pytest

import datamodules
from datamodules import DataError
from datamodules.base import VideoDataModule
from datamodules.user_path import DATA_PATHS, absolute_path, path_argument, understand_arguments

NO_PATHS = {"protocol", "group_column", "name_column"}
"""Arguments of data modules that are text and no paths."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, a variable, and a working folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    monkeypatch.delenv("NOWHERE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("~/runs", "home/runs"),
        ("$DISK/runs", "disk/runs"),
        ("${DISK}/runs", "disk/runs"),
        ("runs/a", "runs/a"),
        ("./~runs", "~runs"),
        ("-run", "-run"),
        ("a: b #c %d {e}=f", "a: b #c %d {e}=f"),
        ("price$", "price$"),
        ("link/../runs", "elsewhere/runs"),
    ],
)
def test_a_path_means_what_it_means_in_a_shell(given: str, meant: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "linked").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "linked")
    assert absolute_path(given, "--run_dir") == tmp_path / meant
    assert path_argument(given) == tmp_path / meant


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("", "--run_dir is empty"),
        ("  ", "--run_dir is empty"),
        ("s3://bucket/run", "--run_dir=s3://bucket/run: URLs are not supported"),
        ("file:///run", "URLs are not supported"),
        ("$NOWHERE/run", r"\$NOWHERE is not set"),
        ("~nobody_at_all/run", "no such user ~nobody_at_all"),
    ],
)
def test_what_means_nothing_is_refused_by_name(given: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        absolute_path(given, "--run_dir")
    with pytest.raises(argparse.ArgumentTypeError):
        path_argument(given)


def test_symbolic_links_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert absolute_path("link/videos", "--data.root") == tmp_path / "link" / "videos"


@pytest.mark.parametrize("value", ["my: videos", "[x]", "- x", "&x"])
def test_a_path_that_yaml_would_read_otherwise_is_given_as_json(value: str) -> None:
    for given in ([f"--data.source={value}"], ["--data.source", value]):
        (understood,) = understand_arguments(given)
        assert understood.startswith('--data={"init_args": {"source": ')


@pytest.mark.parametrize("value", ["videos", "a b", "null", "run:1", "1.0", "a%b"])
def test_other_arguments_stay(value: str) -> None:
    assert understand_arguments([f"--data.source={value}", "--x", "y"]) == [
        *(f"--data.source={value}", "--x", "y"),
    ]


def test_every_text_argument_of_a_data_set_is_known_as_path_or_not() -> None:
    kinds: list[Any] = [
        kind
        for kind in vars(datamodules).values()
        if inspect.isclass(kind) and issubclass(kind, VideoDataModule)
    ]
    assert len(kinds) >= 6
    for kind in [VideoDataModule, *kinds]:
        for name, parameter in inspect.signature(kind).parameters.items():
            if parameter.annotation in (str, str | None):
                assert name in {*DATA_PATHS, *NO_PATHS}, f"{kind.__name__}.{name}: a path, or not?"

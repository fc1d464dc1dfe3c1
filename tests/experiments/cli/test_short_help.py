"""train.py --help: the common options at once, all of them on request."""

import re
import subprocess
import sys

import pytest

from datamodules.prepare.parser import class_options
from experiments.cli.parser import TrainParser
from experiments.cli.short_help import COMMON, OF_A_FIT, SUBCOMMANDS
from tests.conftest import REPOSITORY
from train import main

Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_help_shows_the_common_options_and_where_the_others_are(
    command: str, capsys: Output
) -> None:
    main([command, "--help"])
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 40
    expected = [one for one in COMMON if command == "fit" or one not in OF_A_FIT]
    assert re.findall(r"^  (--\S+) ", shown, re.MULTILINE) == expected
    assert f"train.py {command} --help all" in shown


def test_help_without_a_command_lists_the_commands(capsys: Output) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"  {command} " in shown for command in SUBCOMMANDS)


def test_all_options_are_shown_on_request_with_every_common_one(capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fit", "--help", "all"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) > 500
    of_classes = {f"--{name}" for name in class_options(TrainParser.packages)}
    missing = [option for option in COMMON if option not in of_classes and option not in shown]
    assert not missing


def test_the_first_page_needs_neither_torch_nor_lightning() -> None:
    program = "import sys, train; train.main(['fit', '--help']); print(*sys.modules)"
    run = [sys.executable, "-c", program]
    shown = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "pytorch_lightning", "jsonargparse"} & set(shown.split())

"""Specification of `OneLineParser`: wrong usage is one line on stderr, and exit status 2."""

import argparse
from collections.abc import Callable
from typing import ClassVar, Literal

import jsonargparse
import pytest

import models
from datamodules.prepare.parser import OneLineParser, class_names, constructor_errors
from tests.datamodules.prepare import shop

Answer = Callable[..., str]


class ShopParser(OneLineParser, jsonargparse.ArgumentParser):
    """Takes a tool of the shop."""

    packages: ClassVar = {"tool": shop}


@pytest.fixture
def parser() -> ShopParser:
    made = ShopParser(prog="shop")
    made.add_argument("--count", type=int | None)
    made.add_argument("--colour", type=Literal["red", "blue"] | int, default="red")
    made.add_argument("--price", type=jsonargparse.typing.PositiveInt, default=1)
    made.add_subclass_arguments(shop.Tool, "tool", required=True)
    return made


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    """Parse arguments that are wrong; return the answer after ``error: ``."""

    def parse(parser: argparse.ArgumentParser, *arguments: str) -> str:
        with pytest.raises(SystemExit) as error:
            parser.parse_args(arguments)
        assert error.value.code == 2
        captured = capsys.readouterr()
        assert not captured.out
        assert captured.err.count("\n") == 1
        return captured.err.removeprefix("error: ").rstrip("\n")

    return parse


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--count=x", "--count: must be int or null, not 'x'"),
        ("--colour=green", "--colour: must be int or one of red, blue, not 'green'"),
        ("--price=-1", "--price: must be >0, not -1"),
        ("--counts=1", "--counts: no such option; did you mean --count?"),
        ("--coun=1", "--coun: no such option; did you mean --count?"),
        ("--weight=1", "--weight: no such option; shop --help lists all"),
        ("--tool.sise=1", "--tool.sise: Hammer has no such option; did you mean --tool.size?"),
        ("--tool.x=1", "--tool.x: Hammer has no such option; --tool.help Hammer lists all"),
        ("--tool.size=x", "--tool.size: must be int, not 'x'"),
        ("--tool=hammr", "--tool: no class hammr; did you mean Hammer? there are Hammer, Saw"),
        ("--tool=Tool", "--tool: no class Tool; there are Hammer, Saw"),
        ("--tool=decimal.Decimal", "--tool: no class decimal.Decimal; there are Hammer, Saw"),
        ("--tool=Saw", "--tool.teeth: Saw needs it; give it here or in --config"),
    ],
)
def test_option_cause_and_remedy_are_one_line(
    arguments: str, line: str, parser: ShopParser, answer: Answer
) -> None:
    assert answer(parser, f"--tool={shop.__name__}.Hammer", arguments) == line


def test_a_required_class_is_asked_for_by_name(parser: ShopParser, answer: Answer) -> None:
    assert answer(parser) == "--tool or --config must name one of Hammer, Saw"


def test_an_argument_without_its_class_asks_for_the_class(
    parser: ShopParser, answer: Answer
) -> None:
    line = answer(parser, "--tool.size=3")
    assert line == "--tool: name a class first; there are Hammer, Saw"


def test_a_required_option_of_a_subcommand_is_named(parser: ShopParser, answer: Answer) -> None:
    whole = ShopParser(prog="shop")
    whole.add_subcommands().add_subcommand("buy", parser)
    assert answer(whole, "buy") == "--tool or --config must name one of Hammer, Saw"
    assert answer(whole, "buy", "--coun=1").endswith("did you mean --count?")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "files must be given; see add --help"),
        ("a --wight=3", "--wight: no such option; did you mean --weight?"),
        ("a --weigh=3", "--weigh: no such option; did you mean --weight?"),
        ("a --weight=x", "--weight: invalid float value: 'x'"),
    ],
)
def test_an_error_of_argparse_alone_has_the_same_form(
    arguments: str, line: str, answer: Answer
) -> None:
    parser = OneLineParser(prog="add")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--weight", type=float)
    assert answer(parser, *arguments.split()) == line


def test_own_classes_are_offered_without_abstract_ones_and_errors() -> None:
    assert class_names(shop) == ["Hammer", "Saw"]


def test_the_base_of_other_classes_is_not_offered() -> None:
    assert issubclass(models.TSN, models.VideoNetwork)
    assert class_names(models) == ["ECO", "I3D", "STM", "TEINet", "TSINet", "TSM", "TSN"]


def test_what_a_constructor_raises_is_raised_as_it_is(parser: ShopParser) -> None:
    parsed = parser.parse_args([f"--tool={shop.__name__}.Hammer", "--tool.size=0"])
    expected = pytest.raises(shop.ShopError, match=r"^size=0 must be above 0$")
    with expected, constructor_errors((shop.ShopError,), RuntimeError):
        parser.instantiate(parsed)


def test_another_error_of_a_constructor_is_raised_as_the_given_class() -> None:
    expected = pytest.raises(RuntimeError, match=r"^two lines$")
    with expected, constructor_errors((shop.ShopError,), RuntimeError):
        raise ValueError("two\n  lines")

"""Grid files: one YAML file for each table of a paper or study; mistakes in it are refused.

A file can also repeat a table on another data set. It then names the grid (``rows_of``), the data
set, and a replacement for each config that the grid's rows start from (``bases``). It saves
predictions if ``predictions`` says so, else as the grid does.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from datamodules import DataError
from datamodules.clips.protocols import get_protocol
from datamodules.user_path import absolute_path
from experiments.cli.strict_yaml import load_strictly
from experiments.grid.configuration import differences
from experiments.grid.runs import expand
from experiments.grid.table import Grid, Row
from experiments.session import Run
from lightning_modules import RunError

GRIDS = Path(__file__).parent.parent / "grids"
NUMBERS = {"top1", "top5", "test_top1", "params", "gflops", "views", "latency", "throughput"}
NUMBERS |= {"blocks"}
TEXTS = {"backbone", "pretrain", "frames"}
REQUIRED = {"caption", "protocols", "rows"}
OF_A_PAPER = {"paper", "table"}
GRID_KEYS = REQUIRED | OF_A_PAPER | {"base", "dataset", "predict_split", "predictions", "baseline"}
REPETITION_KEYS = {"rows_of", "dataset", "protocols", "bases"}
ROW_KEYS = {"name", "dataset", "base", "overrides", "protocols", "figures", "note", "quoted"}
ROW_KEYS |= {"ensemble", "repeat_over", "pretrain"}


def shipped_grids() -> list[Path]:
    """List the repository's grids, the papers' first."""
    files = sorted(GRIDS.glob("*.yaml"))
    return sorted(files, key=lambda file: "_table" not in file.stem)


def find_grid(name: str) -> Path:
    """Return the path of a grid.

    Args:
        name: A path with its suffix, or the name of a shipped grid.
    """
    file = Path(name)
    return absolute_path(file, "grid") if file.suffix else GRIDS / f"{name}.yaml"


def read_grid(file: Path) -> Grid:
    """Read a grid file.

    Raises:
        RunError: If the file or a config that it names is missing, or if its content does
            not match `Grid` and `Row`.
    """
    content = _load(file)
    grid = _repeat(file, content) if "rows_of" in content else _read_table(file, content)
    _refuse_shared_folders(grid)
    return grid


def _load(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise RunError(
            f"{file}: no such grid; see python -m experiments.grid list (flags for train.py come "
            "after the grids)"
        )
    try:
        content = load_strictly(file.read_text())
    except yaml.YAMLError as error:
        raise RunError(f"{file}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise RunError(f"{file}: is not a mapping of keys to values")
    return content


def _refuse_shared_folders(grid: Grid) -> None:
    """Refuse rows of different configurations whose run folders would have the same name."""
    first: dict[str, tuple[str, Run]] = {}
    for label in grid.rows:
        for name, run in expand([(grid, [label])], [0], Path()).items():
            other, known = first.setdefault(name, (label, run))
            if different := differences(
                known.configuration, run.configuration, (f"in {other}", f"in {label}")
            ):
                raise RunError(
                    f"{grid.file}: rows {other} and {label} would both run in the folder {name}: "
                    f"{different[0]}; give one of them a base of another name"
                )


def _read_table(file: Path, content: dict[str, Any]) -> Grid:
    """Read a file that has rows of its own."""
    of_a_paper = OF_A_PAPER if OF_A_PAPER & set(content) else set()
    _check_keys(str(file), content, GRID_KEYS, REQUIRED | of_a_paper)
    if not isinstance(content["rows"], dict) or not content["rows"]:
        raise RunError(f"{file}: rows map labels to rows")
    rows = {
        str(label): _read_row(file, content, str(label), row or {})
        for label, row in content["rows"].items()
    }
    for row in rows.values():
        _check_row(f"{file}, row {row.label}", row, rows)
    baseline = str(content.get("baseline", ""))
    if baseline and (baseline not in rows or rows[baseline].quoted):
        runnable = ", ".join(label for label, row in rows.items() if not row.quoted)
        raise RunError(f"{file}: baseline: no row {baseline} is run; there are {runnable}")
    return Grid(
        file,
        str(content.get("paper", "")),
        str(content.get("table", "")),
        str(content["caption"]),
        str(content.get("predict_split", "test")),
        bool(content.get("predictions", baseline != "")),
        rows,
        baseline,
    )


def _repeat(file: Path, content: dict[str, Any]) -> Grid:
    """Read a file that repeats another grid's rows on other data."""
    _check_keys(str(file), content, REPETITION_KEYS | {"predictions"}, REPETITION_KEYS)
    source = file.parent / f"{content['rows_of']}.yaml"
    source_content = _load(source)
    if "rows_of" in source_content:
        raise RunError(f"{file}: rows_of names {source.stem}, which has no rows of its own")
    original = _read_table(source, source_content)
    bases, folder = content["bases"], file.parent.parent
    if not isinstance(bases, dict):
        raise RunError(f"{file}: bases maps configs to configs")
    _configs(str(file), folder, [*bases, *bases.values()])
    rows = {}
    for row in original.rows.values():
        if row.quoted or row.ensemble or row.pretrain:
            raise RunError(f"{file}: row {row.label} of {original.file} cannot be repeated")
        names = [config.relative_to(folder).as_posix() for config in row.base]
        if missing := [name for name in names if name not in bases]:
            raise RunError(f"{file}: bases lacks {missing[0]}, which row {row.label} starts from")
        rows[row.label] = replace(
            row,
            dataset=str(content["dataset"]),
            base=tuple(folder / Path(bases[name]).expanduser() for name in names),
            protocols=_as_tuple(content["protocols"]),
        )
        _check_row(f"{file}, row {row.label}", rows[row.label], rows)
    caption = f"{original.caption}, repeated on {content['dataset']}"
    predictions = bool(content.get("predictions", original.predictions))
    return replace(original, file=file, caption=caption, rows=rows, predictions=predictions)


def _read_row(file: Path, grid: dict[str, Any], label: str, row: Any) -> Row:
    where = f"{file}, row {label}"
    _check_keys(where, row, ROW_KEYS)
    for key in ("overrides", "figures", "repeat_over"):
        if not isinstance(row.get(key, {}), dict):
            raise RunError(f"{where}: {key} maps keys to values")
    quoted, ensemble = bool(row.get("quoted", False)), _as_tuple(row.get("ensemble"))
    runs = not quoted and not ensemble
    folder = file.parent.parent
    dataset = str(row.get("dataset", grid.get("dataset", "")))
    return Row(
        label=label,
        name=str(row.get("name", label)),
        dataset=dataset,
        figures_dataset=dataset,
        base=_configs(where, folder, row.get("base", grid.get("base"))) if runs else (),
        overrides=row.get("overrides", {}),
        protocols=() if quoted else _as_tuple(row.get("protocols", grid["protocols"])),
        figures=_read_figures(where, row.get("figures", {})),
        note=str(row.get("note", "")),
        quoted=quoted,
        ensemble=ensemble,
        repeat_over=row.get("repeat_over", {}),
        pretrain=_configs(where, folder, row.get("pretrain")),
    )


def _read_figures(where: str, figures: dict[str, Any]) -> dict[str, Any]:
    _check_keys(f"{where}, figures", figures, NUMBERS | TEXTS)
    for key, value in figures.items():
        if key == "views" and value is None:
            continue
        if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise RunError(f"{where}: figure {key}: {value!r} is not a number")
        if key.endswith(("top1", "top5")) and not 0 <= value <= 100:
            raise RunError(f"{where}: figure {key}: {value} is not in per cent")
    return {key: value if key in NUMBERS else str(value) for key, value in figures.items()}


def _check_row(where: str, row: Row, rows: Mapping[str, Row]) -> None:
    if not (row.quoted or row.ensemble or row.base):
        raise RunError(f"{where}: needs a base; mark it quoted: true if it is not to be run")
    if row.quoted and (row.overrides or row.ensemble or row.repeat_over or row.pretrain):
        raise RunError(f"{where}: a quoted row is not run: it has figures only")
    if row.ensemble and (row.overrides or row.repeat_over or row.pretrain):
        raise RunError(f"{where}: an ensemble adds scores of rows: give overrides there")
    if not row.quoted and not row.protocols:
        raise RunError(f"{where}: protocols is a list, such as [1x1]")
    try:
        for protocol in row.protocols:
            get_protocol(protocol)
    except DataError as error:
        raise RunError(f"{where}: {error}") from None
    for label in row.ensemble:
        member = rows.get(label)
        if member is None or not member.base or member.repeat_over:
            raise RunError(f"{where}: ensemble names rows of this grid that run once, not {label}")
    if not all(isinstance(values, list) and values for values in row.repeat_over.values()):
        raise RunError(f"{where}: repeat_over maps a key to a list, such as data.split: [1, 2, 3]")


def _configs(where: str, folder: Path, names: Any) -> tuple[Path, ...]:
    files = tuple(folder / Path(name).expanduser() for name in _as_tuple(names))
    for file in files:
        if not file.is_file():
            raise RunError(f"{where}: config {file} does not exist")
    return files


def _as_tuple(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _check_keys(
    where: str,
    content: Any,
    allowed: set[str],
    required: set[str] = frozenset(),  # type: ignore[assignment]
) -> None:
    if not isinstance(content, dict):
        raise RunError(f"{where}: is not a mapping of keys to values")
    if unknown := set(map(str, content)) - allowed:
        raise RunError(
            f"{where}: unknown key {sorted(unknown)[0]}; known are {', '.join(sorted(allowed))}"
        )
    if missing := required - set(content):
        raise RunError(f"{where}: key {sorted(missing)[0]} is missing")

"""Reports: the tables of several grids as Markdown, CSV and one HTML page."""

from collections.abc import Sequence
from pathlib import Path

from experiments.grid.report.csv_table import as_csv
from experiments.grid.report.markdown import as_markdown
from experiments.grid.report.page import as_page
from experiments.grid.report.section import read_section
from experiments.grid.table import Grid
from lightning_modules import RunError

__all__ = ["write_report"]


def write_report(grids: Sequence[Grid], runs_dir: Path, output: Path) -> list[Path]:
    """Write a report.

    Args:
        grids: The tables.
        runs_dir: Folder of all run folders.
        output: Path of the files; their suffix is replaced.

    Returns:
        The files.

    Raises:
        RunError: If they cannot be written.
    """
    sections = [read_section(grid, runs_dir) for grid in grids]
    texts = {".md": as_markdown(sections), ".csv": as_csv(sections), ".html": as_page(sections)}
    stem = output.stem if output.suffix in texts else output.name
    files = {output.with_name(stem + ending): text for ending, text in texts.items()}
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_text(text)
    except OSError as error:
        raise RunError(f"--output {output}: {error.strerror}") from None
    return list(files)

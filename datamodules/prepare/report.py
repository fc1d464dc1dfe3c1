"""The report of ``verify``: as JSON for training, as Markdown for readers, and on the screen."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich
from rich.markup import escape
from rich.table import Table

from datamodules.atomic_write import atomic_write
from datamodules.lists.selection import write_report
from datamodules.prepare.findings import Finding

SHOWN_ITEMS = 3
VERDICTS = {True: "wrong", False: "noted"}


def write_reports(
    file: Path,
    name: str,
    columns: Mapping[str, Mapping[str, str]],
    findings: Sequence[Finding],
    unusable: Sequence[str],
) -> Path:
    """Write the JSON that ``skip_unreadable`` reads, and Markdown beside it.

    Args:
        file: The JSON.
        name: The data set's name.
        columns: The summary of each split.
        findings: All findings.
        unusable: Videos that ``skip_unreadable`` leaves out.

    Returns:
        The Markdown file.
    """
    when = datetime.now(UTC).isoformat(timespec="seconds")
    content: dict[str, Any] = {
        "data_set": name,
        "verified": when,
        "splits": columns,
        "findings": [
            {
                "split": finding.split,
                "kind": finding.kind,
                "verdict": VERDICTS[finding.is_wrong],
                "text": finding.text,
                "items": finding.items,
            }
            for finding in findings
        ],
    }
    write_report(file, content, unusable)
    readable = file.with_suffix(".md")
    with atomic_write(readable, "name another data.index_dir") as draft:
        draft.write_text(_as_markdown(name, when, columns, findings))
    return readable


def print_findings(findings: Sequence[Finding]) -> None:
    """Print one row per finding, and the first items of what is wrong."""
    if not findings:
        print("no problems and no notes")
        return
    table = Table(title="Findings", title_justify="left")
    for heading in ("split", "finding", "verdict", "details"):
        table.add_column(heading, overflow="fold")
    for finding in sorted(findings, key=lambda finding: not finding.is_wrong):
        table.add_row(finding.split, finding.kind, VERDICTS[finding.is_wrong], escape(finding.text))
    rich.print(table)
    for finding in findings:
        if finding.is_wrong and finding.items:
            for item in finding.items[:SHOWN_ITEMS]:
                print(f"{finding.split}, {finding.kind}: {item}")
            if len(finding.items) > SHOWN_ITEMS:
                print(f"{finding.split}, {finding.kind}: ... and others")


def _as_markdown(
    name: str,
    when: str,
    columns: Mapping[str, Mapping[str, str]],
    findings: Sequence[Finding],
) -> str:
    lines = [f"# {name}, verified {when}", "", f"| | {' | '.join(columns)} |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for row in dict.fromkeys(row for column in columns.values() for row in column):
        lines.append(f"| {row} | {' | '.join(c.get(row, '-') for c in columns.values())} |")
    for is_wrong, verdict in VERDICTS.items():
        chosen = [finding for finding in findings if finding.is_wrong == is_wrong]
        lines += ["", f"## {verdict.capitalize()}", ""]
        lines += ["Nothing."] if not chosen else []
        for finding in chosen:
            lines.append(f"- **{finding.split}, {finding.kind}**: {finding.text}")
            lines += [f"  - `{item}`" for item in finding.items]
    return "\n".join(lines) + "\n"

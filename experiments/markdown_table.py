"""A table as Markdown."""

from collections.abc import Sequence


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]], rule: str = "---") -> str:
    """Write a table as Markdown.

    Args:
        heading: The names of the columns.
        rows: The cells of each row. A vertical bar in them, which would end the cell, becomes a
            slash.
        rule: The line below all headings but the first: ``---:`` aligns columns to the right.
    """
    rules = ("---", *(rule for _ in heading[1:]))
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
        for row in (heading, rules, *rows)
    )

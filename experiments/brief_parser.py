"""The parser of the command line, which answers a mistake with the mistake."""

from typing import Any, NoReturn

from pytorch_lightning.cli import LightningArgumentParser

TYPE_NOISE = (
    *("Does not validate against any of the Union subtypes", "Subtypes:", "Errors:", "Given value"),
    "- Expected a <class 'NoneType'>",
)


class BriefParser(LightningArgumentParser):
    """Answers a mistake with the mistake; the hundreds of options stay with ``--help``."""

    def print_usage(self, file: Any = None) -> None:
        """Print nothing."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Leave out what jsonargparse tells of the types that it tried."""
        lines = [line for line in message.splitlines() if line.strip()]
        lines = [line for line in lines if not line.strip().startswith(TYPE_NOISE)]
        super().error("\n".join(lines), ex)

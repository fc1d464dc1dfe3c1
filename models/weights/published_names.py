"""How published checkpoints name their tensors, as one table; in each, names become torchvision's.

The names were read off these repositories: mit-han-lab/temporal-shift-module (TSN, TSM),
liu-zhy/temporal-adaptive-module (TANet), Phoenix1327/tea-action-recognition (TEA) and
open-mmlab/mmaction2. timm's and torchvision's ResNets have the names that are used here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.weights.mobilenet_names import authors_block, mmaction2_block

OWN_PREFIXES = ("network.", "frame_network.")
"""Name prefixes in this project's checkpoints: the recognizer's network, its frame network."""

OTHER_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "base_model.", "encoder.")
"""Name prefixes of wrappers: DataParallel, torch.compile, and modules of other projects."""

HEAD = "<head>."
"""Stands for the name of the classifier, which depends on the network."""

NEVER = r"(?!)"
Renames = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]


@dataclass(frozen=True)
class Names:
    """What the names of a file tell.

    Attributes:
        renamed: The file's name -> the name here, for the tensors that may belong to a network.
        origin: Whose names they are, for the report; "" for this project's or torchvision's.
        shifted: Convolutions before which the file's network shifts frames; None if not known.
        refusal: Why no network here can use the file; "" if one may.
    """

    renamed: dict[str, str]
    origin: str = ""
    shifted: int | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Format:
    """One row of the table; all patterns are regular expressions, searched in a name.

    Attributes:
        origin: Whose format it is.
        sign: Some name matches it, and none of the rows above does.
        renames: Patterns and what replaces them, one after the other.
        left_over: Names of tensors that belong to no network here.
        shift: Names of weights before which frames are shifted.
        refusal: Why no network here can use such a file.
    """

    origin: str
    sign: str
    renames: Renames = ()
    left_over: str = NEVER
    shift: str | None = None
    refusal: str = ""

    def read(self, names: dict[str, str], head: str) -> Names:
        """Rename; see `understand`."""
        if self.refusal:
            return Names({}, self.origin, refusal=f"{self.origin}: {self.refusal}")
        kept = {old: name for old, name in names.items() if not re.search(self.left_over, name)}
        shifted = None
        if self.shift is not None:
            shifted = sum(bool(re.search(self.shift, name)) for name in kept.values())
        renamed = {old: self._rename(name).replace(HEAD, f"{head}.") for old, name in kept.items()}
        return Names(renamed, self.origin, shifted)

    def _rename(self, name: str) -> str:
        for pattern, replacement in self.renames:
            name = re.sub(pattern, replacement, name)
        return name


OUTER = r"^((base_model|backbone)\.)?"
BLOCK = r"^(layer\d\.\d+)"
AUTHORS: Renames = ((r"^base_model\.", ""), (r"^new_fc\.", HEAD), (r"^classifier\.", HEAD))
MMACTION2: Renames = (
    (r"^backbone\.", ""),
    (r"^cls_head\.fc_cls\.", HEAD),
    (BLOCK + r"\.block\.", r"\1."),  # around blocks with TAM or a non-local block
    (r"\b(conv\d)\.conv\.(net\.)?", r"\1."),
    (r"\bconv(\d)\.bn\.", r"bn\1."),
    (r"\.downsample\.conv\.", ".downsample.0."),
    (r"\.downsample\.bn\.", ".downsample.1."),
)

FORMATS = (
    Format(
        "Res2Net (TEA)",
        OUTER + r"layer\d\.\d+\.convs\.\d+\.",
        refusal="no network here has a Res2Net backbone; start from another one",
    ),
    Format(
        "TSM with temporal pooling",
        OUTER + r"layer2\.net\.\d",
        refusal="no network here halves the number of frames; start from another one",
    ),
    Format(
        "TANet's authors",
        r"^base_model\.layer\d\.\d+\.tam\.",
        (*AUTHORS, (BLOCK + r"\.net\.", r"\1.")),
        left_over=r"\.tam\.",
    ),
    Format(
        "TANet of mmaction2", r"^backbone\.layer\d\.\d+\.tam\.", MMACTION2, left_over=r"\.tam\."
    ),
    Format(
        "TSM that shifts whole blocks",
        OUTER + r"layer\d\.\d+\.net\.conv1\.",
        refusal="no network here shifts the shortcut, too (shift_place=block); start from another",
    ),
    Format(
        "TSM's authors, MobileNetV2",
        r"^base_model\.features\.\d+\.conv\.[4-7]\.",
        (*AUTHORS, (r"\.net\.", "."), (r"^features\.(\d+)\.conv\.(\d)\.", authors_block)),
        shift=r"\.net\.weight$",
    ),
    Format(
        "TSM's authors",
        r"^base_model\.",
        (*AUTHORS, (BLOCK + r"\.block\.", r"\1."), (r"\.net\.", ".")),
        left_over=r"\.nl\.",
        shift=r"\.conv1\.net\.weight$",
    ),
    Format(
        "mmaction2, MobileNetV2",
        r"^backbone\.layer\d\.\d+\.conv\.\d\.",
        (
            (r"^backbone\.layer(\d)\.(\d+)\.conv\.(\d)\.(?:net\.)?(conv|bn)\.", mmaction2_block),
            (r"^backbone\.conv1\.conv\.", "features.0.0."),
            (r"^backbone\.conv1\.bn\.", "features.0.1."),
            (r"^backbone\.conv2\.conv\.", "features.18.0."),
            (r"^backbone\.conv2\.bn\.", "features.18.1."),
            (r"^cls_head\.fc_cls\.", HEAD),
        ),
        shift=r"\.net\.conv\.weight$",
    ),
    Format(
        "mmaction2",
        r"^backbone\.(.*\.)?conv\d\.conv\.|^cls_head\.fc_cls\.",
        MMACTION2,
        left_over=r"\.non_local_block\.",
        shift=r"\.conv1\.conv\.net\.weight$",
    ),
)
"""The published formats; the first row with a sign among the names is taken."""


def understand(names: Sequence[str], head: str) -> Names:
    """Find out whose names these are, and give the names of the same tensors here.

    Prefixes of wrappers are removed one by one; names without them are left out.

    Args:
        names: The names of a file.
        head: The name of the linear classifier in this network.
    """
    places = {name: name for name in names}
    removed = ""
    while True:
        for row in FORMATS:
            if any(re.search(row.sign, name) for name in places.values()):
                return row.read(places, head)
        prefixes = (*OWN_PREFIXES, *OTHER_PREFIXES)
        prefix = next((p for p in prefixes if any(n.startswith(p) for n in places.values())), None)
        if prefix is None:
            return Names(places, f"the prefix {removed} removed" if removed else "")
        inside = ((old, name) for old, name in places.items() if name.startswith(prefix))
        places = {old: name.removeprefix(prefix) for old, name in inside}
        removed += prefix if prefix in OTHER_PREFIXES else ""

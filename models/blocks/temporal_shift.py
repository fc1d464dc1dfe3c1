"""TSM's temporal shift (Lin, Gan, Han: TSM, ICCV 2019, section 3)."""

from torch import Tensor, nn

from models.blocks.folding import unfold_time
from models.blocks.shifted_frames import shift_frames


class TemporalShift(nn.Module):
    """Move a part of the channels one frame back, as large a part one frame on; no parameters.

    The first C/fold_div channels show the next frame, the second C/fold_div the previous one, the
    rest their own. Zeros come in at both ends.

    Args:
        channels: C; only the parts' sizes depend on it.
        num_segments: T, the frames of one clip.
        fold_div: 8, TSM's residual setting: a quarter of the channels moves.
    """

    def __init__(self, channels: int, num_segments: int = 8, fold_div: int = 8) -> None:
        super().__init__()
        self.fold = channels // fold_div
        self.num_segments = num_segments

    def forward(self, x: Tensor) -> Tensor:
        """Shift: (B*T, C, H, W) -> (B*T, C, H, W)."""
        return shift_frames(unfold_time(x, self.num_segments), self.fold, 1).flatten(0, 1)

    def extra_repr(self) -> str:
        """Show the parts' size and T in the printed network."""
        return f"fold={self.fold}, num_segments={self.num_segments}"

"""Numbers of videos in words."""


def counted_videos(number: int) -> str:
    """Write a number of videos: ``1 video``, ``2,000 videos``."""
    return f"{number:,} video{'' if number == 1 else 's'}"

"""Predict any videos with a trained network; nothing of its training has to be restated.

python -m experiments.predict clip.mp4 --ckpt_path runs/my_videos
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from datamodules.lists.unlabelled import unlabelled_videos
from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import path_argument
from experiments.cli.quiet import hide_harmless_messages
from experiments.cli.user_errors import user_errors
from experiments.inference.files import PredictionFiles
from experiments.inference.load import checkpoint_file, load_recognizer
from experiments.inference.prediction import Failure, Prediction, Predictor
from experiments.inference.render.film import Renderer
from experiments.inference.terminal import print_predictions
from experiments.inference.windows import Windows, length_argument
from lightning_modules import RunError


def main(args: list[str] | None = None) -> None:
    """Predict the videos, write the files, and print the five most probable classes of each.

    Raises:
        RunError: If the checkpoint or an option cannot be used, before any work; or at the end, if
            videos could not be predicted.
        DataError: If there is no video, or the only one cannot be read.
    """
    options = _read_arguments(args)
    hide_harmless_messages()
    paths = unlabelled_videos(options.videos)
    checkpoint = checkpoint_file(options.ckpt_path)
    recognizer = load_recognizer(checkpoint, protocol=options.protocol, device=options.device)
    if options.stage is not None:
        recognizer.stage_end(options.stage)
    windows = Windows(options.window, options.stride or options.window) if options.window else None
    predictor = Predictor(recognizer, windows, options.features, options.stage)
    name = _name_of(options.videos)
    files = PredictionFiles(options.output, name, paths, recognizer, checkpoint)
    predicted, failures = _predict(predictor, paths)
    if predicted:
        written = files.write(predicted)
        print_predictions(predicted, recognizer.class_names)
        for file in written:
            print(f"{file} and .pt")
        if options.render:
            _render(predicted, Renderer(recognizer, options.stage), files.stem)
    if failures:
        raise RunError(_describe(failures, len(paths)))


def _predict(predictor: Predictor, paths: Sequence[str]) -> tuple[list[Prediction], list[Failure]]:
    """Predict, with a bar of the progress on stderr if there are several videos."""
    console = Console(stderr=True)
    results = track(
        predictor.predict(paths),
        "Predicting",
        total=len(paths),
        console=console,
        transient=True,
        disable=len(paths) < 2 or not console.is_terminal,
    )
    predicted, failures = [], []
    for result in results:
        if isinstance(result, Prediction):
            predicted.append(result)
        else:
            failures.append(result)
            if len(paths) > 1:
                console.print(f"left out: {result.reason}", markup=False, soft_wrap=True)
    return predicted, failures


def _render(predicted: Sequence[Prediction], renderer: Renderer, folder: Path) -> None:
    """Render each video into a folder; videos of the same name get numbers."""
    names: Counter[str] = Counter()
    for prediction in predicted:
        stem = prediction.video.path.stem
        names[stem] += 1
        name = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        renderer.write_maps(prediction, folder / f"{name}_maps.png")
        renderer.write_video(prediction, folder / f"{name}.mp4")
        print(f"{folder / name}.mp4 and {name}_maps.png")


def _describe(failures: Sequence[Failure], total: int) -> str:
    if total == 1:
        return failures[0].reason
    return f"{len(failures)} of {total} videos are left out, as said above"


def _name_of(places: Sequence[Path]) -> str:
    """Name the files of a prediction: by the only path that was given, or ``videos``."""
    if len(places) > 1:
        return "videos"
    return places[0].name if places[0].is_dir() else places[0].stem


def _read_arguments(args: list[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m experiments.predict", description=__doc__)
    parser.add_argument(
        "videos",
        nargs="+",
        type=path_argument,
        help="video files, folders with videos at any depth, folders of images, csvs with a "
        "column path",
    )
    parser.add_argument(
        "--ckpt_path",
        type=path_argument,
        required=True,
        help="a checkpoint, or a run folder, of which the best is taken",
    )
    parser.add_argument(
        "--protocol", help="views of a video, such as 10x3; default: the training's"
    )
    parser.add_argument(
        "--window", type=length_argument, help="score windows too, such as 4s or 64f"
    )
    parser.add_argument("--stride", type=length_argument, help="of windows; default: their length")
    parser.add_argument(
        "--features", action="store_true", help="write features of frames and clips"
    )
    parser.add_argument(
        "--render", action="store_true", help="write each video with its scores and Grad-CAM"
    )
    parser.add_argument("--stage", help="of features and Grad-CAM, such as res4; default: the last")
    parser.add_argument(
        "--output", type=path_argument, default="predictions", help="folder of the files"
    )
    parser.add_argument("--device", help="such as cpu or cuda:1; default: a GPU if there is one")
    options = parser.parse_args(args)
    if options.stride and not options.window:
        parser.error("--stride: is of windows; give --window, too")
    return options


if __name__ == "__main__":
    with user_errors():
        main()

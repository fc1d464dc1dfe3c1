"""Predict any videos with a trained network; nothing of its training has to be restated.

python -m experiments.predict clip.mp4 --ckpt_path runs/my_videos
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from datamodules.errors import DataError
from datamodules.lists.unlabelled import unlabelled_videos
from datamodules.packs.find import exists, is_folder
from datamodules.prepare.parser import OneLineParser
from datamodules.progress import with_progress
from datamodules.user_path import path_argument
from experiments.cli.quiet import hide_harmless_messages
from experiments.cli.user_errors import user_errors
from experiments.inference.files import PredictionFiles
from experiments.inference.labels import describe_accuracy, known_labels, labels_of
from experiments.inference.load import checkpoint_file, load_recognizer
from experiments.inference.names import names_of_renderings
from experiments.inference.partial_results import PartialResults
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
        DataError: If there is no video.
    """
    options = _read_arguments(args)
    hide_harmless_messages()
    paths = _find_videos(options.videos, options.output)
    checkpoint = checkpoint_file(options.ckpt_path)
    recognizer = load_recognizer(checkpoint, protocol=options.protocol, device=options.device)
    windows = Windows(options.window, options.stride or options.window) if options.window else None
    predictor = Predictor(recognizer, windows, options.features, options.stage)
    if options.features and options.stage:
        recognizer.features_of_views(recognizer.blank_views(), options.stage)
    renderer = Renderer(recognizer, options.stage) if options.render else None
    files = PredictionFiles(options.output, _name_of(options.videos), paths, predictor, checkpoint)
    known = known_labels(options.videos, recognizer.class_names)
    with PartialResults(files.stem, {**files.origin, **_settings(options)}) as partial:
        predictions, failures = _predict(predictor, paths, partial, renderer, files.renderings)
        labels = labels_of(predictions, known)
        written = files.write(predictions, labels) if predictions else []
    if predictions:
        print_predictions(predictions, recognizer.class_names)
    for line in written:
        print(line)
    if (labels >= 0).any():
        print(describe_accuracy(torch.stack([one.logits for one in predictions]), labels))
    _report_short(predictions, windows)
    if failures:
        raise RunError(_describe(failures, len(paths)))


def _find_videos(places: Sequence[Path], output: Path) -> list[str]:
    """List the videos; renderings of earlier predictions in a folder of videos are none of them."""
    paths = unlabelled_videos(places)
    if any(place.is_relative_to(output) for place in places):
        return paths
    videos = [path for path in paths if not Path(path).is_relative_to(output)]
    if len(videos) < len(paths):
        print(f"{output}: {len(paths) - len(videos):,} videos of earlier predictions are ignored")
    if not videos:
        raise DataError(f"{output}: all videos are of earlier predictions; name other videos")
    return videos


def _predict(
    predictor: Predictor,
    paths: Sequence[str],
    partial: PartialResults,
    renderer: Renderer | None,
    renderings: Path,
) -> tuple[list[Prediction], list[Failure]]:
    """Predict the videos that are not predicted yet, and render each at once if wanted."""
    done, failures = dict(partial.found), list[Failure]()
    names = names_of_renderings(paths)
    if done:
        print(f"{len(done):,} of {len(paths):,} videos were predicted before; going on")
    todo = [path for path in paths if path not in done]
    results = predictor.predict(todo)
    for result in with_progress(results, "Predicting", len(todo)) if len(todo) > 1 else results:
        if isinstance(result, Failure):
            failures.append(result)
            if len(paths) > 1:
                print(f"left out: {result.reason}", file=sys.stderr)
            continue
        opened, prediction = result
        if renderer is not None:
            name = renderings / names[prediction.path]
            endings = renderer.write(opened, prediction, name)
            print(f"{name}{', '.join(endings)}")
        done[prediction.path] = prediction
        partial.add(prediction)
    return [done[path] for path in paths if path in done], failures


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """List what a prediction depends on, beside the network and the videos."""
    names = ("window", "stride", "features", "render", "stage")
    return {name: getattr(options, name) for name in names}


def _report_short(predictions: Sequence[Prediction], windows: Windows | None) -> None:
    """Count the videos that are shorter than a window, so that nobody takes theirs for one."""
    if windows is None:
        return
    short = sum(windows.exceed(one.path, one.windows) for one in predictions)
    if short:
        print(
            f"{short:,} of {len(predictions):,} videos are shorter than --window "
            f"{windows.length.text}; each of them is scored as one window"
        )


def _describe(failures: Sequence[Failure], total: int) -> str:
    if total == 1:
        return failures[0].reason
    return f"{len(failures)} of {total} videos could not be predicted; their names stand above"


def _name_of(places: Sequence[Path]) -> str:
    """Name the files of a prediction: by the only path that was given, or ``videos``."""
    if len(places) > 1:
        return "videos"
    is_file = exists(places[0]) and not is_folder(places[0])
    return places[0].stem if is_file else places[0].name


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
        parser.error("--stride: needs --window")
    if options.stage and not (options.features or options.render):
        parser.error("--stage: needs --features or --render")
    return options


if __name__ == "__main__":
    with user_errors():
        main()

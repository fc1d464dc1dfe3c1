"""The first page of ``train.py --help``: the common options, printed without importing torch."""

from collections.abc import Sequence

HELP = ("-h", "--help")
ALL = "all"

SUBCOMMANDS = {
    "fit": "train a network, with validations; resumes with --ckpt_path last",
    "validate": "evaluate a checkpoint on the validation split",
    "test": "evaluate a checkpoint under a test protocol",
    "predict": "write the scores of each video into the run folder",
}

COMMON = {
    "--config": "FILE: a YAML such as experiments/my_videos.yaml; later ones and flags replace it",
    "--run_dir": "FOLDER: config, curves, checkpoints, results; default: runs/<name of the config>",
    "--ckpt_path": "last, best or a FILE: what is resumed (fit) or evaluated",
    "--data": "CLASS: VideoList (your videos), SomethingSomethingV1, Kinetics400, UCF101, ...",
    "--data.source": "PATH: class folders or a csv, of VideoList; others have --data.root",
    "--data.num_segments": "T: frames of a clip",
    "--data.batch_size": "N: clips of a batch in each process",
    "--data.num_workers": "N: loader processes of each process",
    "--data.protocol": "1x1, 10x3, ...: clips x crops of a video in a test",
    "--model.network": "CLASS: TEINet, TSINet, TSM, TSN, ...",
    "--model.network.backbone": "NAME: resnet50, mobilenet_v2, ... (docs/backbones.md)",
    "--model.network.weights": "IMAGENET1K_V1, a FILE or null: where a training starts",
    "--model.optimizer": "CLASS: SGD or AdamW",
    "--model.optimizer.lr": "the learning rate",
    "--model.schedule": "CLASS: Constant, StepDecay or CosineDecay",
    "--trainer.max_epochs": "N",
    "--trainer.devices": "N: GPUs, or processes on a CPU; one process for each",
    "--trainer.num_nodes": "N: machines (docs/cluster.md)",
    "--trainer.precision": "32-true, bf16-mixed or 16-mixed",
    "--trainer.accumulate_grad_batches": "N: batches of an optimizer step",
    "--seed_everything": "N: the seed",
    "--ema_decay": "0.999: average the weights",
}
"""Option -> what it takes."""

OF_A_FIT = (
    *("--model.network.weights", "--model.optimizer", "--model.optimizer.lr", "--model.schedule"),
    *("--trainer.max_epochs", "--trainer.accumulate_grad_batches", "--seed_everything"),
    "--ema_decay",
)
"""Those that only a fit needs."""


def short_help(arguments: Sequence[str]) -> str | None:
    """Write the common options, if the arguments ask for help and not for all of it.

    Args:
        arguments: The command line without the program.

    Returns:
        The text; None if the full parser must answer.
    """
    command = arguments[0] if arguments else ""
    if command in HELP and ALL not in arguments:
        lines = [f"  {name:10}{text}" for name, text in SUBCOMMANDS.items()]
        return "\n".join(["usage: python train.py COMMAND --config FILE [options]", "", *lines, ""])
    if command not in SUBCOMMANDS or not asks_for_help(arguments) or ALL in arguments:
        return None
    width = max(map(len, COMMON)) + 2
    lines = [
        f"  {option:{width}}{text}"
        for option, text in COMMON.items()
        if command == "fit" or option not in OF_A_FIT
    ]
    return "\n".join(
        [
            f"usage: python train.py {command} --config FILE [options]",
            f"{SUBCOMMANDS[command]}. Common options, in the YAML or here:",
            *("", *lines, ""),
            f"all options:             python train.py {command} --help all",
            f"options of one class:    python train.py {command} --model.network.help TEINet",
            f"values that are in use:  python train.py {command} --config FILE --print_config",
        ]
    )


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for help, short or not."""
    return any(argument in HELP for argument in arguments)


def as_full_help(arguments: Sequence[str]) -> list[str]:
    """Write ``--help all`` as the full parser reads it: without ``all``."""
    return [
        argument
        for before, argument in zip(["", *arguments], arguments, strict=False)
        if not (argument == ALL and before in HELP)
    ]

"""train.py's answers to wrong usage: one line with the option, the cause and the remedy."""

from pathlib import Path

import pytest

from train import main


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (
            ["--data.batch_sise=3"],
            "--data.batch_sise: MovingShapes has no such option; did you mean --data.batch_size?",
        ),
        (["--data.batch_size=x"], "--data.batch_size: must be int, not 'x'"),
        (
            ["--trainer.max_epoch=3"],
            "--trainer.max_epoch: no such option; did you mean --trainer.max_epochs?",
        ),
        (["--trainer.max_epochs=x"], "--trainer.max_epochs: must be int or null, not 'x'"),
        (["--pictures=-1"], "--pictures: must be >=0, not -1"),
        (["--ema=0.9"], "--ema: no such option; did you mean --ema_decay?"),
        (
            ["--model.schedule=StepDecay"],
            "--model.schedule.milestones: StepDecay needs it; give it here or in --config",
        ),
        (["--data=UCF102"], "--data: no class UCF102; did you mean UCF101? there are HMDB51, "),
        (
            ["--model.network=Slow"],
            "--model.network: no class Slow; there are ECO, I3D, STM, TEINet, TSINet, TSM, TSN\n",
        ),
        (
            ["--model.optimizer=Sgd"],
            "--model.optimizer: no class Sgd; did you mean SGD? there are AdamW, SGD",
        ),
        (
            ["--model.schedule=x"],
            "--model.schedule: no class x; there are Constant, CosineDecay, StepDecay",
        ),
        (["--lr=0.1"], "--lr: no such option; did you mean --model.optimizer.lr?"),
        (["--batch_size=3"], "--batch_size: no such option; did you mean --data.batch_size?"),
        (["--epochs=3"], "--epochs: no such option; did you mean --trainer.m"),
        (
            ["--trainer.callbacks=EarlyStoping"],
            "--trainer.callbacks: no class EarlyStoping; did you mean EarlyStopping? there are ",
        ),
        (
            ["--trainer.logger=CSVLoger"],
            "--trainer.logger: no class CSVLoger; did you mean CSVLogger? there are ",
        ),
        (["--config=nowhere.yaml"], "--config: File does not exist: "),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line(
    arguments: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        main(["fit", "--data=MovingShapes", "--model.network=TSN", *arguments])
    assert error.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {answer}")
    assert message.count("\n") == 1


def test_help_names_the_networks_that_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["fit", "--help", "all"])
    assert error.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "one of ECO, I3D, STM, TEINet, TSINet, TSM, TSN, or a class of your own" in shown
    assert "VideoNetwork" not in shown
    assert "torch.nn.Linear" not in shown


def test_data_and_network_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["fit"])
    assert error.value.code == 2
    message = capsys.readouterr().err
    assert "--data or --config must name one of HMDB51, " in message
    assert "--model.network or --config must name one of " in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("modle: {network: TSM}", "--modle.network: no such option; did you mean --model.network?"),
        ("seed: 3", "--seed: no such option; did you mean --seed_everything?"),
        (
            "model: {optimzer: {class_path: SGD}}",
            "--model.optimzer.class_path: no such option; did you mean --model.optimizer?",
        ),
        (
            "model: {network: {class_path: TEInet}}",
            "--model.network: no class TEInet; did you mean TEINet? there are ",
        ),
        (
            "trainer: {callbacks: [{class_path: EarlyStopping, init_args: {monitr: val/top1}}]}",
            "--trainer.callbacks.monitr: EarlyStopping has no such option; did you mean ",
        ),
        (
            "data: {class_path: MovingShapes, init_arg: {batch_size: 3}}",
            "--data.init_arg.batch_size: MovingShapes has no such option; did you mean --data.b",
        ),
    ],
)
def test_a_misspelt_key_of_a_config_is_answered_with_the_nearest(
    text: str, answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text(text)
    with pytest.raises(SystemExit):
        main(["fit", "--data=MovingShapes", "--model.network=TSN", f"--config={config}"])
    message = capsys.readouterr().err
    assert answer in message
    assert message.count("\n") == 1


def test_a_wrong_value_in_a_config_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text("data: {class_path: MovingShapes, init_args: {batch_size: x}}")
    with pytest.raises(SystemExit):
        main(["fit", f"--config={config}", "--model.network=TSN"])
    message = capsys.readouterr().err
    assert message == f"error: {config}: --data.batch_size: must be int, not 'x'\n"

"""Specification of `python -m experiments.export`: files that compute what the run computes."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from datamodules.clips.frame_sampling import SegmentSampler
from datamodules.clips.protocols import get_protocol
from datamodules.clips.views import ProtocolViews
from datamodules.decoding.video import Video, scan
from datamodules.decoding.write_video import write_video
from experiments.cli.user_errors import user_errors
from experiments.export.__main__ import main
from experiments.export.deployed import DeployedNetwork
from experiments.export.parity import largest_difference
from experiments.export.targets import TARGETS
from experiments.inference import load_recognizer
from lightning_modules.normalization import FrameNormalizer
from models import TEINet
from tests.docs.guide import code, commands

onnx = pytest.importorskip("onnx")  # images with a torch of their own may lack these packages
onnxruntime = pytest.importorskip("onnxruntime")
safetensors = pytest.importorskip("safetensors")

CLASSES, T, SIZE = 8, 4, 32


def exported(run: Path, to: str, *arguments: str) -> Path:
    """Export a run; return the file."""
    before = set(run.glob("exports/*"))
    main([str(run), f"--to={to}", "--clips=3", *arguments])
    (file,) = set(run.glob("exports/*")) - before
    return file


def logits_of(run: Path, clips: Tensor) -> Tensor:
    """Compute the logits of best.ckpt without the code that exports."""
    network = TEINet(CLASSES, num_segments=T, backbone="resnet18")
    state = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    network.load_state_dict({k.removeprefix("network."): v for k, v in state.items()})
    with torch.no_grad():
        return network.eval()(FrameNormalizer()(clips))


def some_clips(count: int) -> Tensor:
    """Draw uint8 clips."""
    generator = torch.Generator().manual_seed(count)
    shape = (count, T, 3, SIZE, SIZE)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def close(one: Tensor, other: Tensor) -> bool:
    """Compare logits as shares of the largest one."""
    return torch.allclose(one, other, rtol=0, atol=1e-5 * float(other.abs().max()))


def error_of(arguments: Sequence[str]) -> str:
    """Export where it must fail; return the one line."""
    with pytest.raises(SystemExit) as error, user_errors():
        main(list(arguments))
    line = str(error.value.code)
    assert line.startswith("error: ")
    assert "\n" not in line
    return line


@pytest.fixture(scope="module")
def guide_run(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run after the guide's commands, of which the one for ONNX takes seconds."""
    folder = tmp_path_factory.mktemp("guide")
    run = Path(shutil.copytree(trained_once, folder / "runs" / "my_videos"))
    to_onnx, _, to_weights = commands("export.md")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (to_onnx, to_weights):
            assert command[:3] == ["python", "-m", "experiments.export"]
            main([*command[3:], "--clips=3"])
    return run


@pytest.mark.slow
def test_the_guide_s_commands_write_its_files(guide_run: Path) -> None:
    names = {file.name for file in (guide_run / "exports").iterdir()}
    assert names == {"best.onnx", "last.safetensors"}


@pytest.mark.slow
def test_an_onnx_file_takes_uint8_clips_in_batches_of_any_size(guide_run: Path) -> None:
    file = guide_run / "exports" / "best.onnx"
    session = onnxruntime.InferenceSession(str(file))
    assert session.get_inputs()[0].shape == ["batch", T, 3, SIZE, SIZE]
    for count in (1, 2, 5):
        clips = some_clips(count)
        (logits,) = session.run(["logits"], {"clips": clips.numpy()})
        assert close(torch.from_numpy(logits), logits_of(guide_run, clips))
    assert {node.domain for node in onnx.load(file).graph.node} == {""}  # plain operations only


@pytest.mark.slow
def test_an_onnx_file_tells_what_it_is(guide_run: Path) -> None:
    session = onnxruntime.InferenceSession(str(guide_run / "exports" / "best.onnx"))
    texts = session.get_modelmeta().custom_metadata_map
    facts = {name: json.loads(text) for name, text in texts.items()}
    assert len(facts["class_names"]) == CLASSES
    assert facts["input"] == "clips: uint8 RGB 0-255, (batch, 4, 3, 32, 32)"
    assert facts["output"] == "logits: float32, (batch, 8)"
    assert (facts["num_segments"], facts["crop_size"], facts["protocol"]) == (T, SIZE, "1x1")
    assert facts["mean"] == [0.485, 0.456, 0.406]
    assert facts["std"] == [0.229, 0.224, 0.225]
    assert facts["network"]["class_path"] == "models.TEINet"
    assert facts["checkpoint"]["epoch"] == 1


@pytest.mark.slow
def test_the_guide_s_program_reads_a_video_as_a_test_does(
    guide_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(guide_run / "exports")
    (program,) = code("export.md", "python")
    noise = np.random.default_rng(0).integers(0, 255, (10, 3, 4, 3), dtype=np.uint8)
    frames = noise.repeat(16, axis=1).repeat(16, axis=2)  # 48 x 64 pixels
    for name in ("one.mp4", "two.mp4"):
        write_video(Path(name), frames)
    names: dict[str, Any] = {}
    exec(program, names)
    assert len(capsys.readouterr().out.splitlines()) == 2
    facts = scan(Path("one.mp4"))
    video = Video(Path("one.mp4"), facts.frames, facts.seek_index)
    make_views = ProtocolViews(SegmentSampler(T), get_protocol("1x1"), SIZE, SIZE)
    expected = make_views(video, np.random.default_rng(0)).clips[0].numpy()
    assert np.abs(names["read_clip"]("one.mp4").astype(int) - expected).mean() < 2


def test_a_program_of_torch_export_needs_nothing_of_this_project(run_dir: Path) -> None:
    beside = {"metadata.json": ""}
    file = exported(run_dir, "torch_export", "--checkpoint=last")
    program = torch.export.load(file, extra_files=beside)
    operations = [n.target for n in program.graph.nodes if n.op == "call_function"]
    spaces = {str(getattr(o, "namespace", "python")) for o in operations}
    assert spaces <= {"aten", "python"}
    for count in (1, 5):
        clips = some_clips(count)
        assert close(program.module()(clips), logits_of(run_dir, clips))
    assert len(json.loads(beside["metadata.json"])["class_names"]) == CLASSES


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_weights_alone_start_a_network_that_computes_the_same(
    ending: str, run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = exported(run_dir, "weights", f"--output={run_dir}/exports/mine.{ending}")
    network = TEINet(CLASSES, num_segments=T, backbone="resnet18", weights=str(file)).eval()
    assert "new: none; left over: none" in caplog.text
    clips = some_clips(2)
    with torch.no_grad():
        assert torch.equal(network(FrameNormalizer()(clips)), logits_of(run_dir, clips))
    assert file.stat().st_size < (run_dir / "checkpoints" / "best.ckpt").stat().st_size * 0.6
    assert file.stat().st_mode & 0o444 == (run_dir / "config.yaml").stat().st_mode & 0o444


def test_any_videos_stand_in_for_the_data_of_the_run(run_dir: Path, shapes_root: Path) -> None:
    (run_dir / "config.yaml").unlink()
    file = run_dir / "checkpoints" / "last.ckpt"
    main([str(file), "--to=torch_export", f"--videos={shapes_root}", "--clips=2"])
    beside = {"metadata.json": ""}
    program = torch.export.load(file.with_name("last.pt2"), extra_files=beside).module()
    clips = some_clips(3)
    expected = load_recognizer(file, device="cpu").classify(clips).detach()
    assert close(program(clips), expected)
    facts = json.loads(beside["metadata.json"])
    assert (facts["num_segments"], facts["crop_size"], facts["protocol"]) == (T, SIZE, "1x1")
    assert facts["class_names"] == list(load_recognizer(file).class_names)


class Encoded(nn.Module):
    """A network with names of its own."""

    def __init__(self, num_classes: int, num_segments: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.fc = nn.Linear(4, num_classes)

    def forward(self, clips: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.encoder(clips.mean((1, 3, 4))))
        return logits


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_weights_keep_the_names_of_a_network_of_one_s_own(ending: str, tmp_path: Path) -> None:
    network = DeployedNetwork(FrameNormalizer(), Encoded(CLASSES, T))
    target, file = TARGETS["weights"], tmp_path / f"net{ending}"
    target.write(network, some_clips(2), {}, file)
    assert largest_difference(target.read(file, network), network, some_clips(2)) == 0


def test_metadata_are_in_the_header_of_safetensors(run_dir: Path) -> None:
    with safetensors.safe_open(exported(run_dir, "weights"), "pt") as file:
        facts = file.metadata()
    assert len(json.loads(facts["class_names"])) == CLASSES
    assert json.loads(facts["mean"]) == [0.485, 0.456, 0.406]


def test_a_file_that_differs_by_more_than_the_tolerance_is_not_written(run_dir: Path) -> None:
    former = run_dir / "exports" / "best.pt2"
    former.parent.mkdir()
    former.write_text("another file")
    folded = ("--to=torch_export", "--fold_batch_norm", "--clips=2", "--tolerance=0")
    assert "more than --tolerance 0" in error_of([str(run_dir), *folded])
    assert list(former.parent.iterdir()) == [former]
    assert former.read_text() == "another file"


def test_an_unknown_option_is_one_of_train_py(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(run_dir), "--to=onnx", "--foo=1"])
    assert re.match(r"error: .*--foo.*train.py predict --help all", capsys.readouterr().err)


def test_a_missing_checkpoint_is_refused_with_what_gives_another(run_dir: Path) -> None:
    (run_dir / "checkpoints" / "best.ckpt").unlink()
    last = run_dir / "checkpoints" / "last.ckpt"
    assert f"--checkpoint {last}" in error_of([str(run_dir), "--to=onnx", f"--videos={run_dir}"])
    told = error_of([str(last), "--to=onnx", "--checkpoint=last", f"--videos={run_dir}"])
    assert f"{last} is a checkpoint already" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to=weights", "--fold_batch_norm"), "no network here has the folded weights"),
        (("--to=onnx", "--output=net.pt"), "net.pt: a file --to onnx ends in .onnx"),
        (("--to=onnx", "--clips=0"), "--clips 0: must be at least 1"),
        (("--to=onnx", "--checkpoint=none.ckpt"), "none.ckpt: no such checkpoint"),
        (("--to=onnx", "--videos=none.mp4"), "none.mp4: no such file or folder"),
        (("--to=onnx", "--data.root=x", "--videos=."), "--data.root=x: of train.py, which"),
    ],
)
def test_what_cannot_be_exported_is_named_before_any_work(
    arguments: Sequence[str], said: str, run_dir: Path
) -> None:
    assert said in error_of([str(run_dir), *arguments])
    assert not (run_dir / "exports").exists()


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}: not a run folder" in error_of([str(tmp_path), "--to=onnx"])

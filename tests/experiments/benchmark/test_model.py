"""python -m experiments.benchmark model: right counts, right ratios, tables and JSON; no time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from experiments.benchmark import __main__, model_timing
from experiments.benchmark.model_counts import Counts, count
from experiments.benchmark.model_device import Device
from experiments.benchmark.model_results import RowResult, ratios, reference_of, training_ratio
from experiments.benchmark.model_rows import ROWS
from experiments.benchmark.model_tables import (
    cost_table,
    ratio_table,
    remarks,
    speed_table,
    training_table,
)
from experiments.benchmark.model_timing import Measured, Pass, Plan, TrainingStep, measure
from lightning_modules import RunError
from tests.models.test_counts import gigamacs, parameters

ONCE = Plan(warmup=1, repeats=1)


def given(
    row: str, latency: float, passing: float, step: float | None = None, mib: int | None = None
) -> RowResult:
    """A row whose passes took these seconds; throughput at batch 16, steps at batch 8."""
    peak = None if mib is None else mib * 2**20
    return RowResult(
        ROWS[row],
        Counts(24_327_632, 32.7, 1.98 if "tsinet" in row else 0.0, 32.71),
        Measured(1, [latency], peak),
        Measured(16, [passing * factor for factor in (0.9, 1.0, 1.1)], peak),
        None if step is None else Measured(8, [step], peak),
    )


class Tiny(nn.Module):
    """Clips of 8 frames to 400 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 400)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Classify mean colours."""
        logits: torch.Tensor = self.fc(clips.mean((1, 3, 4)))
        return logits


class PretendedGpu(Device):
    """Takes the GPU's paths on a CPU: 1000 bytes before a network's input, 5000 at the peak."""

    @property
    def on_gpu(self) -> bool:
        """Pretend."""
        return True

    def now(self) -> float:
        """Return the CPU's time."""
        return Device(clock=self.clock).now()

    def allocated(self) -> int:
        """Return what others take."""
        return 1000

    def peak(self) -> int:
        """Return what all took."""
        return 5000


@pytest.mark.parametrize("name", ROWS)
def test_counts_are_those_of_the_networks_own_tests(name: str) -> None:
    row = ROWS[name]
    counted = count(row)
    expected = gigamacs(row.maker, row.frames)
    assert counted.total == pytest.approx(sum(expected.values()))
    assert counted.convolutions == expected["aten.convolution"]
    assert counted.alignment == expected.get("aten.bmm", 0)
    with torch.device("meta"):
        assert counted.parameters == parameters(row.build())


def test_only_tsinet_aligns() -> None:
    aligning = {name for name in ROWS if count(ROWS[name]).alignment}
    assert aligning == {"tsinet-8", "tsinet-16"}


def test_ratios_are_multiples_of_tsn_s_medians() -> None:
    tsn, teinet = given("tsn-8", 0.01, 0.2, 0.5), given("teinet-8", 0.02, 0.4, 0.75)
    latency, throughput = ratios(teinet, reference_of([teinet, tsn]))
    assert latency == pytest.approx(2.0)
    assert throughput == pytest.approx(0.5)
    assert training_ratio(teinet, tsn) == pytest.approx(1.5)
    assert ratios(teinet, None) == (None, None)
    assert training_ratio(given("teinet-8", 1, 1), tsn) is None


def test_ratios_are_beside_the_papers() -> None:
    table = ratio_table([given("tsn-8", 0.01, 0.2), given("tsinet-8", 0.02, 0.4)])
    assert list(table.rows[0]) == ["TSN", "8", "1.00", "1.00", "1.00", "1.00", "1.00"]
    assert list(table.rows[1]) == ["TSINet", "8", "0.50", "-", "0.54", "2.00", "-"]
    alone = ratio_table([given("tsinet-8", 0.02, 0.4)])
    assert alone.rows[0][2] == "-"
    assert "Ratios need the row tsn-8." in alone.notes


def test_costs_are_beside_the_papers() -> None:
    table = cost_table([given("tsinet-8", 1, 1), given("i3d-32", 1, 1)])
    assert list(table.rows[0]) == ["TSINet", "8", "24.33 M", "32.70", "1.98", "32.71", "-", "34"]
    assert list(table.rows[1])[-2:] == ["35.3M, 360G", "153\N{MULTIPLICATION SIGN}6"]
    assert any("non-local" in note for note in table.notes)


def test_speeds_have_medians_and_quartiles_and_memory() -> None:
    table = speed_table([given("tsn-8", 0.0125, 0.2, mib=300)], 224)
    assert list(table.rows[0]) == [
        *("TSN", "8", "12.5 (12.5-12.5)", "80.0 (76.2-84.2)", "300", "300")
    ]


def test_unmeasured_memory_is_reported_as_such() -> None:
    result = given("tsn-8", 0.0125, 0.2, 0.4)
    for table in (speed_table([result], 224), training_table([result], 224)):
        assert not any("MiB" in heading for heading in table.headings)
        assert any("not measured" in note for note in table.notes)


def test_a_network_that_does_not_fit_is_reported() -> None:
    full = RowResult(
        *(ROWS["tsn-8"], Counts(1, 1, 0, 1), Measured(1, [0.1])),
        Measured(16, failure=model_timing.OUT_OF_MEMORY),
    )
    assert speed_table([full], 224).rows[0][3] == "out of memory"
    assert ratio_table([full]).rows[0][2] == "-"


def test_departures_from_the_papers_definition_are_stated() -> None:
    assert remarks(224, 16) == []
    assert "112 instead of 224 pixels, throughput at batch 2 instead of 16" in remarks(112, 2)[0]


def test_a_peak_is_what_a_network_alone_takes_its_weights_too() -> None:
    device = PretendedGpu()
    job = Pass(Tiny(), device.clips(1, 8, 4), device)
    found = measure({"a": lambda: job}, 1, device, ONCE, lambda: None)
    weights = 4 * (3 * 400 + 400)
    assert found["a"].peak_bytes == 5000 - 1000 + weights


def test_on_a_gpu_each_turn_begins_with_an_untimed_pass() -> None:
    class Counted(Pass):
        runs = 0

        def __call__(self) -> None:
            self.runs += 1

    device = PretendedGpu()
    job = Counted(Tiny(), device.clips(1, 8, 4), device)
    found = measure({"a": lambda: job}, 1, device, Plan(warmup=2, repeats=3), lambda: None)
    assert len(found["a"].seconds) == 3
    assert job.runs == 2 + 1 + 2 * 3  # warm-up, the peak, turns


def test_running_out_of_memory_costs_one_row_only() -> None:
    def full() -> Pass:
        raise torch.OutOfMemoryError

    device = Device()
    fits = Pass(Tiny(), device.clips(2, 8, 4), device)
    found = measure({"a": full, "b": lambda: fits}, 2, device, ONCE, lambda: None)
    assert found["a"].failure == "out of memory"
    assert not found["a"].seconds
    assert len(found["b"].seconds) == 1


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_training_step_moves_the_weights_and_leaves_no_gradients(precision: str) -> None:
    device = Device(precision=precision)  # type: ignore[arg-type]
    network = Tiny()
    before = network.fc.bias.clone()
    step = TrainingStep(network, device.clips(2, 8, 4), device)
    step()
    assert network.training
    assert not torch.equal(network.fc.bias, before)
    assert network.fc.bias.grad is None


def test_frames_have_the_chosen_memory_format() -> None:
    frames = Device(channels_last=True).clips(2, 8, 4).flatten(0, 1)
    assert frames.is_contiguous(memory_format=torch.channels_last)


def test_progress_counts_every_pass() -> None:
    device = Device()
    passed: list[None] = []
    makers: dict[str, Callable[[], Pass]] = {
        name: lambda: Pass(Tiny(), device.clips(1, 8, 4), device) for name in "ab"
    }
    measure(makers, 1, device, Plan(warmup=2, repeats=3), lambda: passed.append(None))
    assert len(passed) == 2 * (2 + 3)


def test_a_tiny_run_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    __main__.main(
        [
            *("model", "--rows", "tsinet-8", "tsn-8", "--size", "32", "--repeats", "1"),
            *("--batch", "1", "--train", "--channels_last", "--markdown", f"--json={file}"),
        ]
    )
    printed = capsys.readouterr().out
    for title in ("Cost of one view", "Speed at 32 x 32", "Multiples of TSN", "Training at 32"):
        assert f"**{title}" in printed
    assert "fp32, channels_last, not compiled, wall clock" in printed
    assert f"torch: {torch.__version__}" in printed
    content = json.loads(file.read_text())
    assert content["conditions"] == {
        **{"device": "cpu", "size": 32, "precision": "fp32", "channels_last": True},
        **{"compile": False, "clock": "wall", "batch": 1, "train_batch": 1},
        **{"repeats": 1, "warmup": 1},
    }
    tsn, tsinet = content["rows"]
    assert (tsn["row"], tsinet["row"]) == ("tsn-8", "tsinet-8")
    assert tsn["ratio_to_tsn_8"] == {"latency": 1.0, "throughput": 1.0}
    assert tsinet["gmac_at_224"]["alignment"] == pytest.approx(1.98, abs=0.01)
    assert len(tsinet["training"]["all_ms"]) == 1
    assert tsinet["latency"]["peak_mib"] is None
    assert [paper["table"] for paper in tsinet["papers"]] == ["table 5"]
    assert tsinet["papers"][0]["throughput_ratio_to_tsn_8"] == pytest.approx(44.0 / 81.5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--rows", "tsn"], "--rows tsn: no such row; choose from: tsn-8, tsm-8"),
        (["--size", "16"], "--size 16: networks need at least 32 pixels"),
        (["--repeats", "0"], "--repeats 0 must be at least 1"),
        (["--batch", "0"], "--batch 0 must be at least 1"),
        (["--precision", "fp16"], "--precision fp16 needs --device cuda"),
        (["--frames", "8"], "unknown arguments --frames 8"),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["model", *arguments])
    message = str(exit_.value)
    assert message.startswith("error: ")
    assert named in message
    assert "\n" not in message


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="--device cuda: torch finds no GPU here"):
        __main__.main(["model", "--device", "cuda"])


def test_the_cpu_clock_is_for_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.raises(RunError, match="set OMP_NUM_THREADS=1"):
        Device(clock="cpu")

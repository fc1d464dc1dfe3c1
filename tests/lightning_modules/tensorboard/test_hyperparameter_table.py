"""HyperparameterTable: a row of TensorBoard's HParams tab in the run's own events."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from pytorch_lightning.callbacks import ModelCheckpoint
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.hparams.backend_context import Context

from lightning_modules.tensorboard import HyperparameterTable
from lightning_modules.tensorboard.hyperparameter_table import Value
from tests.lightning_modules.conftest import Board, Fit

VALUES: dict[str, Value] = {"network": "Glass", "optimizer.lr": 0.01, "seed": 0}
METRICS = {"final/top1", "final/top5", "best/top1", "best/top5"}


def hparams_data(board: Board, tag: str) -> plugin_data_pb2.HParamsPluginData:
    content = board().SummaryMetadata(f"_hparams_/{tag}").plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def test_the_row_holds_the_values_and_names_the_metrics(watch: Fit, board: Board) -> None:
    watch(HyperparameterTable(VALUES))
    hparams = hparams_data(board, "session_start_info").session_start_info.hparams
    assert hparams["network"].string_value == "Glass"
    assert hparams["optimizer.lr"].number_value == pytest.approx(0.01)
    infos = hparams_data(board, "experiment").experiment.metric_infos
    assert {info.name.tag for info in infos} == METRICS
    assert set(board().Tags()["scalars"]) >= METRICS


def test_network_and_learning_rate_are_the_first_columns(watch: Fit, tmp_path: Path) -> None:
    watch(HyperparameterTable({"batch_size": 4, "data": "Clips", **VALUES}))
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    flags = SimpleNamespace(generic_data="true")
    provider = MultiplexerDataProvider(multiplexer, str(tmp_path))
    context = TBContext(data_provider=provider, logdir=str(tmp_path), flags=flags)
    backend, request = Context(context), RequestContext()
    found = backend.experiment_from_metadata(
        request, "", True, backend.hparams_metadata(request, ""), []
    )
    columns = [column.name for column in found.hparam_infos]
    assert columns == ["network", "optimizer.lr", "batch_size", "data", "seed"]


def test_it_makes_no_folder_and_no_second_file_of_events(watch: Fit, tmp_path: Path) -> None:
    watch(HyperparameterTable(VALUES))
    assert len(list(tmp_path.glob("events.*"))) == 1
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert yaml.safe_load((tmp_path / "hparams.yaml").read_text()) == VALUES


def test_the_placeholder_metric_stays_out(watch: Fit, board: Board) -> None:
    watch(HyperparameterTable(VALUES))
    assert "hp_metric" not in board().Tags()["scalars"]


def test_the_best_goes_with_the_checkpoint(watch: Fit, board: Board, tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "checkpoints", save_last=True)
    settings = {"enable_checkpointing": True}
    table = HyperparameterTable(VALUES)
    watch(table, checkpoint, max_epochs=1, **settings)
    assert table.best["top1"] == pytest.approx(3 / 5)
    resumed = HyperparameterTable(VALUES)
    resumed.load_state_dict({"best": {"top1": 2.0, "top5": 3.0}})
    last = tmp_path / "checkpoints" / "last.ckpt"
    watch(resumed, ModelCheckpoint(), max_epochs=2, ckpt_path=last, **settings)
    assert resumed.best == pytest.approx(table.best)  # the checkpoint's, not what stood there


@pytest.mark.parametrize("metric", ["val/loss", "val/top1"])
def test_the_best_is_that_of_the_metric_that_chooses_the_checkpoint(
    watch: Fit, board: Board, metric: str
) -> None:
    table = HyperparameterTable(VALUES, metric)
    watch(table, max_epochs=4)
    sign = 1 if metric == "val/loss" else -1
    values = [sign * event.value for event in board().Scalars(metric)]
    shares = [event.value for event in board().Scalars("val/top1")]
    assert table.best["top1"] == pytest.approx(shares[values.index(min(values))])

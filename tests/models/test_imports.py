"""`models` is plain torch: it needs no Lightning, no video decoders and no data."""

from tests.conftest import packages_imported_by

OUTSIDE = {
    *("pytorch_lightning", "lightning", "lightning_fabric", "torchmetrics"),
    *("safetensors", "onnx", "onnxscript", "onnxruntime"),
    *("av", "torchcodec", "datamodules", "lightning_modules", "experiments"),
}


def test_importing_models_brings_in_nothing_but_torch_and_torchvision() -> None:
    assert not packages_imported_by("models") & OUTSIDE

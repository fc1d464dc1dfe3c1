"""`datamodules` knows nothing of networks, of their training or of experiments."""

from tests.conftest import packages_imported_by


def test_importing_datamodules_brings_in_no_other_package_of_this_repository() -> None:
    imported = packages_imported_by("datamodules")
    assert not imported & {"models", "lightning_modules", "experiments", "train"}

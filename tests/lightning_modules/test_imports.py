"""lightning_modules imports neither networks nor data."""

from tests.conftest import packages_imported_by


def test_lightning_modules_import_neither_networks_nor_data() -> None:
    imported = packages_imported_by("lightning_modules")
    assert imported.isdisjoint({"models", "datamodules", "experiments", "av"})

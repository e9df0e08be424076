"""Readers of well-known data layouts."""

from convrec.catalogue.importers.registry import import_layout, layouts

__all__ = ["import_layout", "layouts"]

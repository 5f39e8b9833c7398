"""Bad and odd files with what must become of each, over every format that the door takes; see base.py."""

from tests.corpus import cells, fhir, shapes, sources, text, whole  # noqa: F401  each adds its cases
from tests.corpus.base import CASES, CLINICS

__all__ = ["CASES", "CLINICS"]

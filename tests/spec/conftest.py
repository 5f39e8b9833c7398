"""The `spec` fixture: a drawn table of scores in, drawn tables of results out, through every engine."""

from __future__ import annotations

import pytest

from tests.spec.drawing import ENGINES, check


@pytest.fixture(params=sorted(ENGINES))
def spec(request):
    """Call with drawn tables; see tests/spec/drawing.py for the columns and their defaults."""

    def run(**pictures):
        check(ENGINES[request.param], **pictures)

    return run

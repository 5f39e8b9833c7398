"""A database that is older than its receipts gets back what it has lost: the one list of all there is to put back.

But what people recorded between nights (witnessing.restore) comes first: the data files of a home are made of it.
"""

from __future__ import annotations

import duckdb

from outcomes.datafiles import DataFiles
from outcomes.destroying import finish_destroying
from outcomes.exporting import restore_editions
from outcomes.merging import restore_identity
from outcomes.paths import Home
from outcomes.receipts import restore
from outcomes.reviewing import restore_acknowledgements


def heal(home: Home, con: duckdb.DuckDBPyConnection, files: DataFiles) -> int:
    """Put back all that the receipts tell of and the store does not know. Returns how many nights were done again.

    Raises OutcomesError where the archive, or what comes of it, is not what a receipt says.
    """
    nights = restore(home, con, files)
    restore_acknowledgements(home, con)
    finish_destroying(home, con)
    restore_identity(home, con)
    restore_editions(home, con)
    return nights

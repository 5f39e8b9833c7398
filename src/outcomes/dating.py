"""The date of a night that nobody gave one: the clock's, unless that can hardly be right."""

from __future__ import annotations

import datetime as dt
import json

from outcomes.errors import OutcomesError
from outcomes.paths import Home

# A home that has stood still for longer is told from a clock that is wrong by a person alone.
LONGEST_PAUSE = dt.timedelta(days=366)


def by_clock(home: Home, today: dt.date) -> dt.date:
    """`today` as the date of the next night of a home.

    Raises OutcomesError where it is over a year after the last night's, or that date cannot be read: no later night may have
    an earlier date, so that one night by a clock that is years ahead would be the last for years.
    """
    if not home.summary.exists():
        return today
    try:
        last = dt.date.fromisoformat(json.loads(home.summary.read_text("utf-8"))["as_of"])
    except (ValueError, KeyError, TypeError):
        raise OutcomesError(
            f"published/summary.json is damaged, so that the last night's date is not known. Say this night's, which makes it anew: --as-of {today}"
        ) from None
    if today - last > LONGEST_PAUSE:
        raise OutcomesError(
            f"The clock says {today}, over a year after the last night's date, {last}. Set the clock right; or if it is right, say so: --as-of {today}"
        )
    return today

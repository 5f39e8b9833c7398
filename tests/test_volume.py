"""Nights of unusual volume: both sides of each limit, drawn straight into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest

from outcomes.laying import lay


@pytest.fixture(scope="module")
def found() -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Warnings (night, reason) of one clinic that sent so many rows a night."""
    with duckdb.connect() as con:
        lay(con)

        def found(*rows: int, read_again: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
            con.execute("DELETE FROM score; DELETE FROM arrival; DELETE FROM patient")
            con.execute("INSERT INTO patient BY NAME SELECT 1 AS patient_no, 'C01' AS clinic_id, 'P-1' AS patient_id")
            for night, count in enumerate(rows, start=1):
                con.execute(
                    """INSERT INTO arrival BY NAME SELECT $night AS arrival_no, 'sha' || $night AS sha256, $night AS night, DATE '2026-01-01' AS received_on,
                    'scores' AS feed, 'csv' AS format, 1 AS bytes, $count AS rows_read, $count AS rows_accepted, 0 AS rows_duplicate, 0 AS rows_quarantined,
                    0 AS rows_noted, '' AS rows_digest, '' AS previous_hash, '' AS hash, CASE WHEN $again THEN 1 END AS read_again_of, '' AS profile, 0 AS rows_blank""",
                    {"night": night, "count": count, "again": night in read_again},
                )  # fmt: skip
                con.execute(
                    """INSERT INTO score BY NAME SELECT $night * 10000 + i AS score_id, $night AS arrival_no, i + 2 AS line, 1 AS patient_no,
                    i AS days_since_first_infusion, 'follow_up' AS timepoint, 0 AS items_answered, 'two_weeks' AS recall_period, 'final' AS status
                    FROM range($count) AS t(i)""",
                    {"night": night, "count": count},
                )
            return con.execute("SELECT night, reason_code FROM volume_warning ORDER BY night").fetchall()

        yield found


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((40, 40, 40, 40, 40, 200), []),
        ((40, 40, 40, 40, 40, 201), [(6, "volume_far_above_usual")]),
        ((40, 40, 40, 40, 40, 8), []),
        ((40, 40, 40, 40, 40, 7), [(6, "volume_far_below_usual")]),
        ((40, 40, 40, 40, 201), []),  # four nights are no habit
        ((4, 4, 4, 4, 4, 23), []),  # 19 rows more are few
        ((4, 4, 4, 4, 4, 24), [(6, "volume_far_above_usual")]),
        ((10, 20, 40, 60, 900, 7), [(6, "volume_far_below_usual")]),  # beside the median, which one large night does not move
    ],
)  # fmt: skip
def test_a_night_beside_the_median_of_the_nights_before(found, rows, expected):  # type: ignore[no-untyped-def]
    assert found(*rows) == expected


def test_a_file_read_again_was_sent_by_nobody(found):  # type: ignore[no-untyped-def]
    assert found(40, 40, 40, 40, 40, 500, read_again=(6,)) == []

"""The rate log: what each night changed of a rate."""

from __future__ import annotations

import duckdb

_CHANGED = """
    INSERT INTO rate_log
    WITH logged AS (
        SELECT measure_id, clinic_id, unnest(arg_max(struct_pack(measure_version, courses, eligible, due, observed, met), entry))
        FROM rate_log
        GROUP BY measure_id, clinic_id
    ),
    changed AS (
        SELECT measure_id, clinic_id, r.measure_version, r.courses, r.eligible, r.due, r.observed, r.met
        FROM rate AS r
        FULL JOIN logged AS l USING (measure_id, clinic_id)
        WHERE (r.measure_version, r.courses, r.eligible, r.due, r.observed, r.met)
            IS DISTINCT FROM (l.measure_version, l.courses, l.eligible, l.due, l.observed, l.met)
    )
    SELECT
        (SELECT coalesce(max(entry), 0) FROM rate_log) + row_number() OVER (ORDER BY c.measure_id, c.clinic_id),
        n.night, n.run_id, c.*
    FROM changed AS c
    CROSS JOIN (SELECT night, run_id FROM night ORDER BY night DESC LIMIT 1) AS n
    ORDER BY c.measure_id, c.clinic_id
"""


def log_rates(con: duckdb.DuckDBPyConnection) -> None:
    """Append each rate that is not as it was last logged, under the last night. A second call appends nothing."""
    con.execute(_CHANGED)

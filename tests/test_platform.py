"""Traps of the platform that gave wrong results, kept as tests: what decides when a version may be raised."""

from __future__ import annotations

import duckdb
import pandera.polars as pa
import polars as pl
import pytest
from pandera.config import CONFIG, ValidationDepth, get_config_context

from outcomes.frames import asked, at_once, given
from schemas.scores import CONTRACT


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_rows_inserted_after_none_in_the_same_transaction_are_seen(tmp_path, threads):
    """DuckDB 2.0.0 hides them from WHERE until a checkpoint: a clinic without good rows before a large one does it."""
    with duckdb.connect(str(tmp_path / "store.duckdb"), config={"threads": threads}) as con:
        con.execute("CREATE TABLE score (score_id BIGINT, total TINYINT)")
        con.execute("BEGIN")
        con.execute("INSERT INTO score SELECT i, 1 FROM range(0) AS r(i)")
        con.execute("INSERT INTO score SELECT i, i % 28 FROM range(1_000_000) AS r(i)")
        counts = (
            "SELECT count(*), count(*) FILTER (total >= 0), (SELECT count(*) FROM score WHERE total >= 0) FROM score"
        )
        assert con.execute(counts).fetchone() == (1_000_000,) * 3
        con.execute("COMMIT")
        assert con.execute(counts).fetchone() == (1_000_000,) * 3
        assert con.execute("SELECT count(*) FROM score WHERE score_id = 999999").fetchone() == (1,)


def test_a_commit_that_fails_says_why():
    """DuckDB ends the transaction then, and answers the rollback behind it with an error of its own, which hid a full disk."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE score (score_id BIGINT PRIMARY KEY)")
        other = con.cursor()

        def both() -> None:
            with at_once(other):
                other.execute("INSERT INTO score VALUES (1)")
                with at_once(con):
                    con.execute("INSERT INTO score VALUES (1)")

        with pytest.raises(duckdb.Error, match="PRIMARY KEY"):
            both()
        with at_once(other):
            other.execute("INSERT INTO score VALUES (2)")
        assert con.execute("SELECT score_id FROM score ORDER BY 1").fetchall() == [(1,), (2,)]


def test_a_block_that_fails_leaves_nothing_of_its_transaction():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE score (score_id BIGINT)")

        def stopped() -> None:
            with at_once(con):
                con.execute("INSERT INTO score VALUES (1)")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped()
        assert con.execute("SELECT count(*) FROM score").fetchone() == (0,)


def test_zero_of_zero_is_not_a_rate():
    """DuckDB: 0 / 0 is NaN, which is over every number, hence nullif."""
    with duckdb.connect() as con:
        assert con.execute("SELECT isnan(0 / 0.0::DOUBLE), 0 / nullif(0, 0)").fetchone() == (True, None)


def test_a_half_is_rounded_up_here_and_to_even_there():
    """Why `percent` and prorated totals are made in integers."""
    with duckdb.connect() as con:
        assert con.execute("SELECT round(62.5), 62.5::INTEGER").fetchone() == (63, 63)
    assert round(62.5) == 62


def test_frames_go_in_and_out_without_pyarrow():
    """Rows keep their order and their types, also of an empty frame."""
    frame = pl.DataFrame({"n": range(100_000), "word": ["a", None] * 50_000}, schema={"n": pl.Int32, "word": pl.String})
    with duckdb.connect() as con, given(con, "frame", frame):
        assert asked(con, "FROM frame").equals(frame)
    with duckdb.connect() as con, given(con, "nothing", frame.clear()):
        assert asked(con, "FROM nothing").schema == frame.schema
    with pytest.raises(ModuleNotFoundError):
        __import__("pyarrow")


def test_small_integers_wrap_when_added():
    """polars: Int8 + Int8 stays Int8 (100 + 100 is -56), so the contract's items and totals are wider."""
    frame = pl.DataFrame({"a": [100], "b": [100]}, schema={"a": pl.Int8, "b": pl.Int8})
    assert frame.select(pl.col("a") + pl.col("b")).item() == -56
    sums = {"items_sum", "total", "item_10", *(f"item_{i}" for i in range(1, 10))}
    assert {CONTRACT.dtypes[name] for name in sums} == {pl.Int16}
    assert 9 * 3 < 2**15


def test_a_sum_over_columns_leaves_nulls_out():
    """polars: a form with an unanswered item has a sum all the same, so the answers are counted too."""
    frame = pl.DataFrame({"a": [1], "b": [None]}, schema={"a": pl.Int16, "b": pl.Int16})
    assert frame.select(pl.sum_horizontal("a", "b")).item() == 1
    assert "items_answered" in CONTRACT.dtypes


def form(**changed: object) -> pl.DataFrame:
    """One sound follow-up form as the contract has it, with some cells changed."""
    cells: dict[str, object] = dict.fromkeys(CONTRACT.dtypes, None)
    cells |= {"clinic_id": "C01", "patient_id": "p1", "days_since_first_infusion": 20, "timepoint": "follow_up"}
    cells |= {f"item_{i}": 1 for i in range(1, 10)}
    cells |= {"total": 9, "items_answered": 9, "items_sum": 9, "is_sound": True}
    return pl.DataFrame([cells | changed], schema=CONTRACT.dtypes)


def test_the_contract_is_validated_whatever_the_environment_says(monkeypatch):
    """PANDERA_VALIDATION_DEPTH=SCHEMA_ONLY or PANDERA_VALIDATION_ENABLED=false would let every value through."""
    assert CONTRACT.failures(form()).height == 0
    for name, value in (("validation_depth", ValidationDepth.SCHEMA_ONLY), ("validation_enabled", False)):
        monkeypatch.setattr(CONFIG, name, value)
        assert CONTRACT.failures(form(total=30)).height > 0, name


def test_pandera_checks_no_values_of_a_lazy_frame():
    """So the door gives it eager ones."""
    CONTRACT.schema.validate(form(total=30).lazy(), lazy=True)
    with pytest.raises(pa.errors.SchemaErrors):
        CONTRACT.schema.validate(form(total=30), lazy=True)
    assert get_config_context().validation_enabled

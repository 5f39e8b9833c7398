"""Stores of earlier versions, made from the SQL that laid them, upgraded with every row; killed on the way; and newer ones."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from outcomes import migrating
from outcomes.errors import OutcomesError
from outcomes.laying import sql_files, stored_tables
from outcomes.ledger import ENTRY, NO_HASH, entry_hash
from outcomes.migrating import upgrade
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import hardened, opened
from outcomes.receipts import RECEIPTS
from outcomes.replays import damage_of_store
from outcomes.store import warehouse
from outcomes.storeversions import current, migrations, version_of
from outcomes.verifying.objects import described, differing_objects
from outcomes.verifying.published import damage_of_summary
from outcomes.words import night_words
from tests.conftest import FIRST, LATER, copied, differing, made, stored

pytestmark = pytest.mark.usefixtures("no_pages_here")

# 10_store.sql, and what it knew of 12-19, as the program of that version had it, without comments.
STORES = Path(__file__).parent / "stores"
OLD = {1: "0.1.0", 2: "before readings", 3: "before versions"}
SINCE = {"read_again_of", "profile", "rows_blank"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A small home of this version that has had scores only, as the first version knew no other feed."""
    folder = tmp_path_factory.mktemp("fresh")
    home, sample = Home(folder / "home"), made(folder / "sample", 2, 10, 3, bad=False)
    sample.send(FIRST, home)
    for path in home.inbox.iterdir():
        if b"sex" in path.read_bytes()[:400]:
            path.unlink()
    run_night(home, sample.as_of(FIRST))
    assert stored(home.warehouse, "SELECT DISTINCT feed FROM arrival") == [("scores",)]
    return home


def old_macro() -> str:
    """row_digest as the first version had it: that text is in the migration, which holds the rows to it."""
    return "".join(re.findall(r"^CREATE TEMP MACRO \w+_1\(.*?;\n", migrations()[2], re.M | re.S))


def made_old(fresh: Home, to: Path, version: int) -> Home:
    """The same home as a program of that version would have left it: store, ledger, receipts."""
    home = copied(fresh, to)
    home.warehouse.unlink()
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute((STORES / f"store_{version}.sql").read_text("utf-8"))
        con.execute(f"ATTACH '{fresh.warehouse}' AS new (READ_ONLY)")
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name <> 'new' ORDER BY 1").fetchall():  # fmt: skip
            columns = {c for (c,) in con.execute("SELECT column_name FROM duckdb_columns() WHERE database_name <> 'new' AND table_name = ?", [table]).fetchall()}  # fmt: skip
            both = [c for (c,) in con.execute("SELECT column_name FROM duckdb_columns() WHERE database_name = 'new' AND schema_name = 'main' AND table_name = ? ORDER BY column_index", [table]).fetchall() if c in columns]  # fmt: skip
            con.execute(f"INSERT INTO {table} ({', '.join(both)}) SELECT {', '.join(both)} FROM new.main.{table}")
        con.execute("UPDATE laid SET sql_digest = 'of an earlier program'")
        con.execute(old_macro())
        if version == 1:
            con.execute("UPDATE arrival SET rows_digest = coalesce((SELECT sum(row_digest_1(s))::BIGINT::VARCHAR FROM score AS s WHERE s.arrival_no = arrival.arrival_no), '0')")  # fmt: skip
        # Steps of that version, one of a name that is no more.
        con.execute("CREATE TABLE endpoint_kept AS SELECT 'met'::endpoint_status AS status")
        con.execute("CREATE SCHEMA recomputed")
        con.execute("CREATE VIEW recomputed.endpoint AS FROM endpoint_kept")
        con.execute("CREATE VIEW rate AS FROM endpoint_kept")
    if version < 3:
        _chained(home)
    shutil.copyfile(home.warehouse, home.published_copy)
    return home


def _chained(home: Home) -> None:
    """Hash the ledger anew, as that version did, and write its receipts."""
    with duckdb.connect(str(home.warehouse)) as con:
        names = [key for key in ENTRY if key not in SINCE]
        previous, entries = NO_HASH, []
        for row in con.execute(f"SELECT {', '.join(names)} FROM arrival ORDER BY arrival_no").fetchall():
            entry = dict(zip(names, row, strict=True))
            entry |= {"received_on": entry["received_on"].isoformat(), "previous_hash": previous}
            previous = entry["hash"] = entry_hash(entry)
            con.execute("UPDATE arrival SET previous_hash = $previous_hash, hash = $hash WHERE arrival_no = $arrival_no", {k: entry[k] for k in ("previous_hash", "hash", "arrival_no")})  # fmt: skip
            entries.append(entry)
    before = [json.loads(line) for line in (home.receipts / RECEIPTS).read_text().splitlines()]
    with (home.receipts / RECEIPTS).open("w") as file:
        for old, entry in zip(before, entries, strict=True):
            file.write(json.dumps({key: of for key, of in (old | entry).items() if key not in SINCE}) + "\n")


@pytest.fixture(scope="module", params=OLD, ids=OLD.values())
def upgraded(request, fresh, after_first, tmp_path_factory):
    """A home of an earlier version, the same home after its warehouse was upgraded, and the one of this version that both were made of."""
    folder, made_of = tmp_path_factory.mktemp(f"old-{request.param}"), after_first if request.param == 3 else fresh
    old = made_old(made_of, folder / "old", request.param)
    new = copied(old, folder / "new")
    assert _version(old) == request.param
    assert upgrade(new) == request.param
    kept = new.backup / f"warehouse-version-{request.param}-night-1.duckdb"
    assert [*new.backup.glob("warehouse*")] == [kept]
    assert kept.read_bytes() == old.warehouse.read_bytes()
    return old, new, made_of


def test_every_version_there_was_has_a_store_here():
    assert list(OLD) == list(range(1, current()))
    assert {path.name for path in STORES.iterdir()} == {f"store_{version}.sql" for version in OLD}


def test_every_stored_row_is_still_there(upgraded):
    """In the columns that both have, and in the whole ledger but its sums."""
    old, new, _ = upgraded
    with duckdb.connect() as con:
        for name, home in (("old", old), ("new", new)):
            con.execute(f"ATTACH '{home.warehouse}' AS {name} (READ_ONLY)")
        told = "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = 'main' AND table_name = ?"
        looked = 0
        for table in sorted(stored_tables() - migrating._FILLED_AGAIN):
            columns = [c for (c,) in con.execute(told, ["old", table]).fetchall()]
            if not columns:
                continue
            chosen = f"SELECT {', '.join(columns)} FROM"
            query = f"SELECT count(*) FROM ((({chosen} old.main.{table}) EXCEPT ALL ({chosen} new.main.{table})) UNION ALL (({chosen} new.main.{table}) EXCEPT ALL ({chosen} old.main.{table})))"
            assert con.execute(query).fetchone() == (0,), table
            looked += con.execute(f"SELECT count(*) FROM old.main.{table}").fetchone()[0]
    assert looked > 100


def test_the_upgraded_store_is_laid_as_a_new_one_is(upgraded):
    """Tables, columns, types, defaults, checks and comments; and no step of another version is left."""
    _, new, fresh = upgraded
    for query in (
        "SELECT schema_name, table_name, comment FROM duckdb_tables() ORDER BY ALL",
        "SELECT schema_name, table_name, column_index, column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
        "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
        "SELECT type_name, labels, comment FROM duckdb_types() WHERE NOT internal ORDER BY ALL",
    ):
        assert stored(new.warehouse, query) == stored(fresh.warehouse, query), query
    with hardened(new.warehouse) as one_side, hardened(fresh.warehouse) as other:
        assert differing_objects(described(one_side), described(other)) == [], "views and macros as well"
    assert _version(new) == current()


def test_the_ledger_and_the_digests_of_its_rows_hold(upgraded):
    """By the check that a release is held to: the chain, and row_digest() over the rows of each arrival."""
    old, new, _ = upgraded
    with duckdb.connect(str(new.warehouse), read_only=True) as con:
        assert damage_of_store(con) == []
        again = dict(con.execute("SELECT arrival_no, sum(row_digest(s))::BIGINT::VARCHAR FROM score AS s GROUP BY ALL").fetchall())  # fmt: skip
        kept = dict(con.execute("SELECT arrival_no, rows_digest FROM redigested").fetchall())
    assert kept == (again if _version(old) == 1 else {})


@pytest.fixture(scope="module")
def fresh_later(fresh, tmp_path_factory):
    """The home of this version after a later night that brought nothing."""
    home = copied(fresh, tmp_path_factory.mktemp("fresh-later") / "home")
    run_night(home, _later(fresh))
    return home


def _later(home: Home) -> dt.date:
    (day,) = stored(home.warehouse, "SELECT max(as_of) FROM night")[0]
    return day + dt.timedelta(days=40)


def test_a_night_on_it_derives_what_a_home_of_this_version_has(upgraded, fresh, fresh_later, sample, after_later, tmp_path):  # fmt: skip
    """And what it lost since it was upgraded comes back from the floor: from the archive alone the first version's could not."""
    _, new, made_of = upgraded
    home = copied(new, tmp_path / "new")
    home.warehouse.unlink()
    if made_of is fresh:
        run_night(home, _later(fresh))
    else:
        sample.run(LATER, home)
    undisturbed = fresh_later if made_of is fresh else after_later
    assert differing(home.published_copy, undisturbed.published_copy) == {}
    assert stored(home.warehouse, "SELECT * FROM score ORDER BY ALL") == stored(undisturbed.warehouse, "SELECT * FROM score ORDER BY ALL")  # fmt: skip
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert damage_of_store(con) == []
    assert upgrade(home) is None


def test_the_night_that_upgraded_a_store_says_so(after_first, tmp_path):
    """In words and in summary.json; the night after it does not, and verify knows of it."""
    home = made_old(after_first, tmp_path / "home", 3)
    day = stored(home.warehouse, "SELECT max(as_of) FROM night")[0][0]
    said = run_night(home, day)
    assert said.store_upgraded_from == 3
    assert f"Upgraded first: the store was of version 3, of an earlier program. As it was, it lies in {home.backup}." in night_words(said.as_dict(), home)  # fmt: skip
    assert json.loads(home.summary.read_text())["store_upgraded_from"] == 3
    with opened(home) as con:
        assert damage_of_summary(home, con, is_same_program=True) == []
    again = run_night(home, day)
    assert again.store_upgraded_from is None
    assert "Upgraded" not in night_words(again.as_dict(), home)


def _version(home: Home) -> int:
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        return version_of(con)


class Killed(BaseException):
    """Stands for a kill: no `except Exception` sees it."""


@pytest.fixture(scope="module")
def old(fresh, tmp_path_factory):
    return made_old(fresh, tmp_path_factory.mktemp("old") / "home", 1)


def test_an_upgrade_that_is_killed_again_and_again_leaves_the_old_store_or_the_new_one(old, tmp_path, monkeypatch):
    """Before each write that lasts: the copies, the migration itself, each sync and each rename."""
    home = copied(old, tmp_path / "home")
    rows = stored(old.warehouse, "SELECT count(*) FROM score")
    left = [0]

    def counted(real):
        def call(*given, **more):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*given, **more)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(migrating.shutil, "copyfile", counted(shutil.copyfile))
        patched.setattr(os, "replace", counted(os.replace))
        patched.setattr(migrating.lasting, "sync", counted(migrating.lasting.sync))
        patched.setattr(migrating, "relay", counted(migrating.relay))
        # 0-3 keep the store as it was, 4 copies it, 5 changes the copy, 7-10 lay the floor, 11 puts the copy in place.
        for at in (0, 1, 2, 4, 5, 6, 9, 11, 12):
            left[0] = at
            with pytest.raises(Killed):
                upgrade(home)
            assert _version(home) == (1 if at < 12 else current())
            assert stored(home.warehouse, "SELECT count(*) FROM score") == rows
    assert upgrade(home) is None, "what was put in place is whole"
    assert [path.name for path in home.root.iterdir() if ".new" in path.name] == []


def test_rows_that_are_not_those_of_the_ledger_are_not_upgraded(old, tmp_path):
    home = copied(old, tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("UPDATE score SET item_1 = (item_1 + 1) % 4 WHERE score_id = 1")
    before = home.warehouse.read_bytes()
    with pytest.raises(OutcomesError, match=r"could not be upgraded: it is damaged.*Nothing was changed"):
        upgrade(home)
    assert home.warehouse.read_bytes() == before


def test_a_newer_store_is_refused_with_one_line_and_not_touched(fresh, tmp_path):
    home = copied(fresh, tmp_path / "home")
    for path in (home.warehouse, home.published_copy):
        with duckdb.connect(str(path)) as con:
            con.execute("UPDATE store_version SET version = version + 1")
    before = home.warehouse.read_bytes()
    words = rf"The store is of version {current() + 1}, and this program knows {current()}"
    with pytest.raises(OutcomesError, match=words):
        run_night(home, dt.date(2030, 1, 1))
    with pytest.raises(OutcomesError, match=words), opened(home):
        pass
    assert home.warehouse.read_bytes() == before
    assert not home.backup.exists()


def test_an_older_store_is_upgraded_by_a_night_alone(old):
    with pytest.raises(OutcomesError, match="Run outcomes nightly, which upgrades the store"), warehouse(old.warehouse):
        pass


def test_migrations_are_numbered_without_a_gap_and_new_tables_need_none():
    assert list(migrations()) == list(range(2, current() + 1))
    for name, text in sql_files(12, 19):
        altered = re.findall(r"^ALTER TABLE (?!\w+ ADD COLUMN IF NOT EXISTS)", text, re.M)
        assert altered == [], f"{name}: what changes a table that a store may have already is a migration"
        assert not re.search(r"^CREATE TABLE (?!IF NOT EXISTS)", text, re.M), name

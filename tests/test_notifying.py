"""Notices: what is told, to whom, and that nothing comes of it where it cannot be sent."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from outcomes import notifying
from outcomes.cli import main
from outcomes.errors import OutcomesError
from outcomes.notifying import Notice, after_death, after_failure, after_night, after_verify, notify_of, tell
from outcomes.paths import Home
from outcomes.summary import Summary
from schemas.settings import Notify
from tests.conftest import copied, stored

NOTICE = Notice("failure", "A night could not finish.", {"reason_code": "could_not_finish"})


class Sink(HTTPServer):
    """Keeps what is posted to it; answers with `status`, and `to` as a place to go to."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.status, self.to = 204, ""
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Answering(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        self.server.kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        if self.server.to:
            self.send_header("Location", self.server.to)
        self.end_headers()

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def say(home: Home, text: str) -> None:
    (home.root / "outcomes.toml").write_text(text)


def told(home: Home, *notices: Notice) -> list[str]:
    return tell(home, lambda how: notices)


# The section


@pytest.mark.parametrize(
    "section",
    [
        'url = "ftp://x/y"', "url = 3", 'block = "no-slash"', 'url = "http://x"\non = []', 'url = "http://x"\non = ["night"]', 'url = "http://x"\non = "failure"',
        'url = "http://x"\nrefusals_over = -1', 'url = "http://x"\nrefusals_over = true', 'url = "http://x"\ntimeout_seconds = 0', 'url = "http://x"\ntimeout_seconds = 61',
        'url = "http://x"\nmail = "a@b"', 'on = ["failure"]',
    ],
    ids=str,
)  # fmt: skip
def test_a_section_that_is_wrong_is_refused_by_its_key_and_without_its_value(home, section):
    say(home, f"[notify]\n{section}\n")
    with pytest.raises(OutcomesError) as caught:
        notify_of(home)
    assert re.search(r"outcomes\.toml: (notify\.\w+|\[notify\])", str(caught.value))
    assert not any(word in str(caught.value) for word in ("ftp://", "http://x", "no-slash", "a@b"))


def test_a_section_says_where_what_and_from_how_many(home):
    assert notify_of(home) == Notify()
    say(home, '[notify]\nurl = "https://x/y"\nblock = "slack-webhook/night"\non = ["verify", "overdue"]\nrefusals_over = 3\ntimeout_seconds = 5\n')  # fmt: skip
    assert notify_of(home) == Notify("https://x/y", "slack-webhook/night", ("verify", "overdue"), 3, 5)


def test_the_place_may_come_from_the_environment(home, monkeypatch):
    say(home, '[notify]\non = ["verify"]\n')
    monkeypatch.setenv("OUTCOMES_NOTIFY_URL", "https://x/y")
    assert notify_of(home) == Notify("https://x/y", on=("verify",))


# Sending


def test_without_a_section_nobody_is_told_and_nothing_is_asked(home, monkeypatch):
    monkeypatch.setattr(notifying, "_post", lambda *given: pytest.fail("it sent"))
    assert told(home, NOTICE) == []
    say(home, "[logs]\nfiles = 2\n")
    assert tell(home, lambda how: pytest.fail("it asked")) == []


def test_what_is_sent_is_the_notice_and_no_more(home, sink):
    say(home, f'[notify]\nurl = "{sink.url}"\n')
    assert told(home, NOTICE) == []
    assert sink.kept == [
        {"from": "outcomes", "kind": "failure", "text": "A night could not finish.", "reason_code": "could_not_finish"}
    ]


def test_only_the_kinds_that_are_wanted_are_sent(home, sink):
    say(home, f'[notify]\nurl = "{sink.url}"\non = ["overdue"]\n')
    assert told(home, NOTICE, Notice("overdue", "C01")) == []
    assert [notice["kind"] for notice in sink.kept] == ["overdue"]


def test_a_notice_that_cannot_be_sent_is_said_without_its_address(home, sink):
    say(home, f'[notify]\nurl = "{sink.url}/secret-token"\n')
    sink.status = 500
    assert told(home, NOTICE) == ["The notice of failure could not be sent (HTTPError): look at url in [notify]."]
    sink.shutdown()
    sink.server_close()
    assert told(home, NOTICE) == ["The notice of failure could not be sent (URLError): look at url in [notify]."]


def test_a_notice_goes_nowhere_else(home, sink):
    say(home, f'[notify]\nurl = "{sink.url}"\n')
    sink.status, sink.to = 307, f"{sink.url}/elsewhere"
    assert len(told(home, NOTICE)) == 1
    assert len(sink.kept) == 1


def test_a_broken_section_is_said_and_harms_no_night(home):
    say(home, "[notify\n")
    assert told(home, NOTICE) == ["Nobody was told: outcomes.toml: not readable as TOML, at line 1, column 8."]
    say(home, "notify = 3\n")
    assert told(home, NOTICE) == ["Nobody was told: outcomes.toml: notify: expected a table, [notify]."]
    say(home, '[notify]\nurl = "http://127.0.0.1:9/"\n')
    assert tell(home, lambda how: 1 / 0) == ["Nobody was told: what to tell could not be read (ZeroDivisionError)."]  # type: ignore[arg-type, return-value]  # fmt: skip


def test_a_block_needs_prefect_and_gets_the_notice(home):
    say(home, '[notify]\nblock = "slack-webhook/night"\n')
    assert told(home, NOTICE) == ["The notice of failure could not be sent (LookupError): look at block in [notify]."]
    got: list[tuple[str, Notice]] = []
    assert tell(home, lambda how: [NOTICE], lambda slug, notice: got.append((slug, notice))) == []
    assert got == [("slack-webhook/night", NOTICE)]


# What is told


def summary_of(home: Home) -> Summary:
    said = json.loads(home.summary.read_text("utf-8"))
    said.pop("provisional")
    return Summary(**said)


@pytest.mark.parametrize(("over", "kinds"), [(0, ["refusals"]), (-1, ["refusals"])])
def test_refusals_over_the_limit_are_told(after_first, over, kinds):
    summary = summary_of(after_first)
    refused = summary.files["refused"]
    assert refused > 0
    assert [notice.kind for notice in after_night(after_first, summary, refused + over - 1)] == kinds
    assert after_night(after_first, summary, refused) == []


def test_a_notice_of_refusals_holds_counts_and_codes_and_no_patient(after_first, sample):
    (notice,) = after_night(after_first, summary_of(after_first), 0)
    words = json.dumps(notice.as_dict())
    patients = [row[0] for row in stored(after_first.published_copy, "SELECT patient_id FROM patient")]
    assert [patient for patient in patients if patient in words] == []
    assert [name for name in sample.hashes("first") if name in words] == []
    assert sum(notice.facts["reasons"].values()) == notice.facts["files_refused"]


def test_a_clinic_is_told_of_once_when_it_becomes_overdue(after_first, monkeypatch):
    rows = [
        {"clinic_id": name, "standing": standing, "is_newly_overdue": new, "days_since": 12, "every_days": 7}
        for name, standing, new in (("C01", "overdue", True), ("C02", "overdue", False), ("C03", "in time", False))
    ]
    monkeypatch.setattr(notifying, "freshness", lambda con: rows)
    (notice,) = after_night(after_first, summary_of(after_first), 10**6)
    assert (notice.kind, notice.facts["clinics"]) == ("overdue", [{"clinic_id": "C01", "days_since": 12, "every_days": 7}])  # fmt: skip


def test_a_failure_is_told_by_its_code_and_never_by_its_words():
    (notice,) = after_failure(OutcomesError("The folder /srv/secret-place is gone."), "2026-01-31")
    assert notice.facts == {"reason_code": "could_not_finish", "exit_code": 1, "as_of": "2026-01-31"}
    assert "secret-place" not in json.dumps(notice.as_dict())


def test_runs_that_died_are_told_of_in_one_number():
    assert after_death(0) == []
    (notice,) = after_death(2)
    assert (notice.kind, notice.facts) == ("failure", {"runs_died": 2})


def test_another_run_than_a_night_is_told_by_what_it_is():
    (notice,) = after_failure(OutcomesError("anything"), None, "release")
    assert notice.text.startswith("A release could not finish (could_not_finish, exit code 1).")


def test_a_verification_is_told_of_only_where_it_found_something():
    assert after_verify(0) == []
    (notice,) = after_verify(3)
    assert (notice.kind, notice.facts) == ("verify", {"differences": 3})


# From end to end: the commands, and a sink


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_each_kind_reaches_the_sink_and_none_has_anything_of_a_patient(sample, after_first, sink, no_pages, tmp_path, capsys):  # fmt: skip
    """A night with a file refused and a clinic overdue, one that cannot be, and a verification that finds something."""
    home = copied(after_first, tmp_path / "home")
    say(home, f'[notify]\nurl = "{sink.url}"\n')
    said = home.clinics.read_text("utf-8")
    home.clinics.write_text(said.replace("[clinics.C02]\n", "[clinics.C02]\nsends_every_days = 7\n", 1), "utf-8")
    (home.inbox / "Poppins_Mary_1964.csv").write_text("name,score\nMary Poppins,27\n")
    later = (sample.as_of("first") + dt.timedelta(days=40)).isoformat()
    nightly = ["nightly", "--no-prefect", "--quiet", "--home", str(home.root), "--as-of"]
    assert command(*nightly, later) == 0
    assert command(*nightly, "2001-01-01") == 1
    (home.archive / min(os.listdir(home.archive))).write_bytes(b"other")
    assert command("verify", "--home", str(home.root)) == 3
    assert "not_told" not in capsys.readouterr().err
    refused, overdue, failure, verify = sink.kept
    assert (refused["kind"], refused["files_refused"], refused["reasons"]) == ("refusals", 1, {"no_header": 1})
    assert (overdue["kind"], overdue["clinics"]) == ("overdue", [{"clinic_id": "C02", "days_since": 40, "every_days": 7}])  # fmt: skip
    assert (failure["kind"], failure["reason_code"], failure["as_of"]) == ("failure", "could_not_finish", "2001-01-01")
    # The archive; and the pages, which are not made here.
    assert (verify["kind"], verify["differences"]) == ("verify", 2)
    words = json.dumps(sink.kept)
    patients = {row[0] for row in stored(home.published_copy, "SELECT patient_id FROM patient")}
    assert [word for word in (*patients, *sample.hashes("first"), "Poppins", "1964", str(home.root)) if word in words] == []  # fmt: skip

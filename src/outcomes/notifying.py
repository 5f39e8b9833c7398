"""Notices of a night: who is told, when, and what. Counts, codes and the run's id; no patient, no file, no path.

Nobody is told anything, and nothing goes over a network, unless the home's outcomes.toml has a section [notify].
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from outcomes.errors import OutcomesError
from outcomes.freshness import freshness
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.settings import DEFAULT, settings_of, told
from outcomes.summary import Summary
from schemas.settings import FILE, Notify

SECTION = "notify"


@dataclass(frozen=True)
class Notice:
    """One thing to tell: its kind (see NOTICES of schemas.settings), a sentence, and the numbers behind it."""

    kind: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What is sent. Chat programs show `text`."""
        return {"from": "outcomes", "kind": self.kind, "text": self.text} | self.facts


def notify_of(home: Home) -> Notify:
    """The settings of notices; nobody is told where there are none. Raises OutcomesError where they are wrong, or name no place."""
    how = settings_of(home).notify
    if not (how.url or how.block) and any(
        each.known.section == SECTION and each.source != DEFAULT for each in told(home)
    ):
        raise OutcomesError(f"{FILE}: [{SECTION}] says neither a url nor a block, so nobody would be told.")
    return how


def after_night(home: Home, summary: Summary, limit: int) -> list[Notice]:
    """What a night that ended gives to tell: more than `limit` files refused, those of a killed night that it did to its end
    among them, and clinics overdue since this night."""
    facts = {"night": summary.night, "run_id": summary.run_id, "as_of": summary.as_of}
    found = []
    why: dict[str, int] = dict(summary.ended["refused_because"]) if summary.ended else {}
    refused = summary.files["refused"] + summary.read_again["refused"] + sum(why.values())
    if refused > limit:
        for arrival in summary.arrivals:
            if arrival["refused_because"]:
                why[arrival["refused_because"]] = why.get(arrival["refused_because"], 0) + 1
        words = ", ".join(f"{count:,} {code}" for code, count in sorted(why.items()))
        counts = {"files_refused": refused, "reasons": dict(sorted(why.items()))}
        found.append(
            Notice("refusals", f"Night {summary.night}: {refused:,} files were refused ({words}).", facts | counts)
        )
    with opened(home) as con:
        late = [row for row in freshness(con) if row["is_newly_overdue"]]
    if late:
        clinics = [{"clinic_id": row["clinic_id"], "days_since": row["days_since"], "every_days": row["every_days"]} for row in late]  # fmt: skip
        words = ", ".join(f"{row['clinic_id']} (usually every {row['every_days']} days)" for row in late)
        found.append(
            Notice("overdue", f"Night {summary.night}: overdue since tonight: {words}.", facts | {"clinics": clinics})
        )
    return found


def after_failure(error: OutcomesError, as_of: str | None, what: str = "night") -> list[Notice]:
    """What a night, or another run, that could not end gives to tell: its reason code, never its words, which may name a place."""
    text = f"A {what} could not finish ({error.reason_code}, exit code {error.exit_code}). Nothing is lost: see the command's own words, and run it again."
    return [Notice("failure", text, {"reason_code": error.reason_code, "exit_code": error.exit_code, "as_of": as_of})]


def after_death(runs: int) -> list[Notice]:
    """What is told of runs that were killed and could say nothing themselves."""
    text = f"{runs:,} run(s) were killed, or lost their power, before they had ended. Nothing is lost: the next night does what they left undone."
    return [Notice("failure", text, {"runs_died": runs})] if runs else []


def after_verify(differences: int) -> list[Notice]:
    """What a verification gives to tell: in how many of its checks something differs."""
    text = f"outcomes verify: in {differences:,} of its checks something differs. Run it to see where."
    return [Notice("verify", text, {"differences": differences})] if differences else []


def tell(home: Home, notices: Callable[[Notify], Iterable[Notice]], by_block: Callable[[str, Notice], None] | None = None) -> list[str]:  # fmt: skip
    """Send the wanted ones of the notices. Returns what could not be sent, in words; raises nothing: a night is not worse for it."""
    try:
        how = notify_of(home)
        wanted = [notice for notice in notices(how) if notice.kind in how.on] if how.url or how.block else []
    except OutcomesError as error:
        return [f"Nobody was told: {str(error).removesuffix('.')}."]
    except Exception as error:
        return [f"Nobody was told: what to tell could not be read ({type(error).__name__})."]
    unsent = []
    for notice in wanted:
        for where, send in (("url", how.url and _post), ("block", how.block and (by_block or _no_prefect))):
            if not send:
                continue
            try:
                send(
                    str(how.url if where == "url" else how.block),
                    notice,
                    *([how.timeout_seconds] if where == "url" else []),
                )
            except Exception as error:  # whatever it is; its words may carry the address, which can be a secret
                unsent.append(f"The notice of {notice.kind} could not be sent ({type(error).__name__}): look at {where} in [{SECTION}].")  # fmt: skip
    return unsent


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Notices go where the section says, and nowhere else."""

    def redirect_request(self, *given: Any, **more: Any) -> None:
        return None


def _post(url: str, notice: Notice, timeout_seconds: int) -> None:
    data = json.dumps(notice.as_dict(), sort_keys=True).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", "User-Agent": "outcomes"})  # noqa: S310 (the contract has http and https only)
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_seconds) as answer:
        answer.read(1024)


def _no_prefect(block: str, notice: Notice) -> None:
    raise LookupError("a block is one of Prefect's")

"""All flows of a home served by one process: every night, every week and every quarter."""

from __future__ import annotations

from typing import Any

from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.alive import tell_who_died
from flows.nightly import nightly
from flows.release import release
from flows.verify import verify
from outcomes.paths import Home

# After the night of the same day, whatever its hour: Sundays, and the first day of each quarter. As in prefect.yaml.
VERIFY_AT = "30 12 * * 0"
RELEASE_AT = "30 14 1 1,4,7,10 *"
_ONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def serve_all(home: Home, at: str, timezone: str) -> None:
    """Serve them until this process is stopped. One run at a time; the kernel's lock on the home is beneath that."""
    # A run that died with the last schedule would keep the slot that the next night needs.
    tell_who_died(home)
    serve(*deployments(home, at, timezone), limit=1)


def deployments(home: Home, at: str, timezone: str) -> list[RunnerDeployment]:
    """The deployments of a home, whose nights begin `at` 02:30 in a time zone."""
    hour, minute = map(int, at.split(":"))
    parameters = {"home": str(home.root)}
    return [
        _deployed(nightly, f"{minute} {hour} * * *", timezone, parameters | {"timezone": timezone}),
        _deployed(release, RELEASE_AT, timezone, parameters | {"timezone": timezone}),
        _deployed(verify, VERIFY_AT, timezone, parameters),
    ]


def _deployed(flow: Flow[..., Any], cron: str, timezone: str, parameters: dict[str, Any]) -> Any:
    made: Any = flow.to_deployment(
        name=flow.name,
        schedule=Cron(cron, timezone=timezone),
        parameters=parameters,
        concurrency_limit=_ONE,
        paused=False,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return made

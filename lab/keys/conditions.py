"""Under what conditions: budget, client, platform, guards, prices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lab.keys.section import Positive, Seconds, Section


class BudgetKeys(Section):
    """What the whole architecture may use: proxy, application and databases together."""

    cpus: Annotated[float, Field(gt=0, le=256)] | None = None
    """CPU quota; none is written `null`. Unit: cores."""
    memory_mb: Annotated[int, Field(ge=256)] | None = None
    """Memory limit; none is written `null`. Unit: mebibytes."""


class ClientKeys(Section):
    """How the load generator behaves."""

    concurrency: Annotated[int, Field(ge=1, le=5_000)] = 300
    """Greatest number of journeys in flight; the waiting of the others counts. Unit: journeys."""
    timeout_s: Seconds = 10.0
    """Deadline of one request. Unit: seconds."""
    drain_s: Seconds = 10.0
    """How long open requests are awaited after the last arrival. Unit: seconds."""


class PlatformKeys(Section):
    """What an operator's platform does about dead replicas, for both stores alike."""

    restart: bool = True
    """Whether a dead replica is started again. Unit: yes or no."""
    restart_delay_s: Annotated[float, Field(ge=0, le=600)] = 1.0
    """How long after its end, doubled at each further end (`restart_delay_times`).
    Unit: seconds."""
    restart_delay_times: Annotated[int, Field(ge=1, le=64)] = 8
    """Greatest multiple of the delay; who lived 30 s begins at 1 again. Unit: times."""
    probe_every_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    """How often a replica is asked whether it is ready. Unit: seconds."""
    probe_again_s: Annotated[float, Field(gt=0, le=60)] = 0.25
    """How often, once it was found not to be. Unit: seconds."""
    probe_timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    """A probe unanswered for so long has failed. Unit: seconds."""
    unready_after: Annotated[int, Field(ge=1, le=20)] = 2
    """Failed probes in a row after which a replica gets no requests. Unit: probes."""
    ready_after: Annotated[int, Field(ge=1, le=20)] = 1
    """Good probes in a row after which it gets requests again. Unit: probes."""
    lease_s: Annotated[float, Field(ge=0.1, le=600)] = 7.0
    """A checkout that nobody finishes is taken over after this; who holds it for longer finds that
    it is no longer its own. Unit: seconds."""


class GuardKeys(Section):
    """When a trial can't be trusted; blind to the system's own latency."""

    lag_p99_ms: Positive = 2.0
    """Reject above this 99th percentile of the generator's lag. Unit: milliseconds."""
    flag_lag_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Flag above this share of `lag_p99_ms`. Unit: 0 to 1."""
    lag_p99_of_p50: Annotated[float, Field(ge=0, le=1)] = 0.2
    """So much of the trial's median response is allowed as well, where that is more; not in a
    ramp. Unit: 0 to 1."""
    lag_max_ms: Positive = 20.0
    """Reject when any arrival is released later than this; not in ramps, in probes and in
    calibrations of hot parts. Unit: milliseconds."""
    generator_cpu: Annotated[float, Field(gt=0, le=1)] = 0.65
    """Reject above this share of the generator's core (its busiest process). Unit: 0 to 1."""
    flag_generator_cpu: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Flag above this share. Unit: 0 to 1."""
    spin_ratio: Annotated[float, Field(gt=1)] = 1.25
    """Reject when the calibration loop of one arm only, or of a probe, is this much slower than the
    run's best decile. Unit: ratio."""
    flag_spin_ratio: Annotated[float, Field(gt=1)] = 1.08
    """Flag when it is this much slower in any arm. Unit: ratio."""
    throttled: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Reject when the store was throttled in a greater share of periods though no quota was meant.
    Unit: 0 to 1."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """How often a rejected pair is measured again; the run that faults are compared with, five
    times as often. Unit: times."""


class PriceKeys(Section):
    """What resources cost: example prices, to be replaced by the reader's own."""

    currency: str = "EUR"
    """Name of the money."""
    core_hour: Annotated[float, Field(ge=0)] = 0.04
    """A CPU core for an hour. Unit: money."""
    gb_hour: Annotated[float, Field(ge=0)] = 0.005
    """A gigabyte (10⁹ bytes) of memory for an hour. Unit: money."""
    connection_hour: Annotated[float, Field(ge=0)] = 0.0
    """A database connection for an hour. Unit: money."""
    gb_sent: Annotated[float, Field(ge=0)] = 0.05
    """A gigabyte sent to clients: response bodies. Unit: money."""
    gb_between: Annotated[float, Field(ge=0)] = 0.0
    """A gigabyte that crosses between services, requests and answers. Unit: money."""

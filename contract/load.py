"""What the lab tells the load generator, and what it answers: one JSON document each way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Journey = Literal["browse", "search", "search_only", "fill_cart", "check_out", "look_at_orders",
                  "check_out_only", "check_out_twice", "check_out_at_once", "buy_scarce",
                  "buy_several", "order_again", "decline", "cancel", "read_product",
                  "list_small", "list_medium", "list_large", "sign_in"]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Workload(_Spec):
    """Who comes: a stream of journeys."""

    weights: Annotated[dict[Journey, float], Field(min_length=1)]
    """Relative frequency of each journey."""
    think_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Mean pause between two steps of a journey, exponentially distributed."""
    zipf: Annotated[float, Field(ge=0, le=3)] = 0.8
    """Exponent of product popularity; 0 is uniform."""


class EarlyStop(_Spec):
    """Leave a ramp once the store is clearly past its capacity."""

    attainment_below: float
    """Share of good requests …"""
    over_s: float
    """… among those intended in the last so many seconds."""


class LoadSpec(_Spec):
    """One trial of load, complete and seeded: equal specs send equal requests."""

    trial: int
    base_url: str
    workload: Workload
    rate_profile: list[tuple[float, float]]
    """(seconds, journeys per second), one after the other; the first is the warm-up."""
    seed: int
    concurrency: int = 300
    """Greatest number of journeys in flight; more wait, and their waiting counts."""
    timeout_s: float = 10.0
    drain_s: float = 10.0
    """How long to wait for open requests after the last arrival; then they are censored."""
    slo_ms: float = 250.0
    early_stop: EarlyStop | None = None
    products: int = 2000
    scarce: int = 0
    """So many more products follow, with few pieces each; popularity doesn't know them."""
    tokens_file: str
    """One bearer token a line, one customer each; a customer has one journey at a time."""
    requests_path: str
    summary_path: str


class LoadSummary(BaseModel):
    """What the generator says about itself after a trial."""

    model_config = ConfigDict(extra="forbid")

    trial: int
    rows_scheduled: int
    rows_written: int
    stopped_early: bool
    started_perf_s: float
    """`time.perf_counter()` at the trial's second 0."""
    measured_cpu_share: float
    """Generator CPU per second of load, of its busiest process."""
    lag_p99_ms: float
    lag_max_ms: float
    locust_p50_ms: float
    """What Locust itself would have printed, for comparison."""
    locust_p95_ms: float
    locust_p99_ms: float

"""Ask every detector, and say on page one what was found."""

from __future__ import annotations

from dataclasses import dataclass

from reports.confounds.drift import Drift, find_drifts
from reports.confounds.little import PoolLoad, check_pools
from reports.confounds.utilisation import Bottleneck, find_bottlenecks
from reports.confounds.warmup import Warmup, find_warmups
from reports.guards import Judged
from reports.latency import Latency
from reports.read import Run


@dataclass(frozen=True, slots=True)
class Confounds:
    """Everything that was looked at, found or not."""

    pools: list[PoolLoad]
    bottlenecks: list[Bottleneck]
    drifts: list[Drift]
    warmups: list[Warmup]

    @property
    def all(self) -> list[PoolLoad | Bottleneck | Drift | Warmup]:
        return [*self.pools, *self.bottlenecks, *self.drifts, *self.warmups]

    @property
    def sentences(self) -> list[str]:
        """What was found."""
        return [one.sentence for one in self.all if one.is_found]


def find_confounds(run: Run, judged: list[Judged], series: list[Latency]) -> Confounds:
    """Look at pools, bottlenecks, drift and warm-up."""
    return Confounds(check_pools(judged), find_bottlenecks(run, judged), find_drifts(series),
                     find_warmups(run, series))

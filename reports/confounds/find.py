"""Ask every detector, and say on page one what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reports.arms import Arms
from reports.confounds.drift import Drift, find_drifts
from reports.confounds.little import PoolLoad, check_pools
from reports.confounds.utilisation import Bottleneck, find_bottlenecks
from reports.confounds.warmup import Warmup, find_warmups
from reports.fingerprint import Fingerprint, measure_fingerprints
from reports.guards import Judged
from reports.latency import Latency
from reports.read import Run
from reports.words import listed


class Detected(Protocol):
    """What a detector says of one thing that it looked at."""

    @property
    def key(self) -> tuple[str, ...]: ...

    @property
    def where(self) -> str: ...

    @property
    def is_found(self) -> bool: ...

    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Confounds:
    """Everything that was looked at, found or not."""

    pools: list[PoolLoad]
    bottlenecks: list[Bottleneck]
    drifts: list[Drift]
    warmups: list[Warmup]
    fingerprints: list[Fingerprint]

    @property
    def sentences(self) -> list[str]:
        """What was found: the first of each kind and store, and where else it was."""
        groups: dict[tuple[str, ...], list[Detected]] = {}
        looked: list[Detected] = [*self.pools, *self.bottlenecks, *self.drifts, *self.warmups]
        for one in looked:
            if one.is_found:
                groups.setdefault(one.key, []).append(one)
        return [*(_said(found) for found in groups.values()),
                *(one.sentence for one in self.fingerprints if one.is_found)]


def find_confounds(run: Run, judged: list[Judged], arms: Arms,
                   series: list[Latency]) -> Confounds:
    """Look at pools, bottlenecks, drift, warm-up and equal work."""
    return Confounds(check_pools(judged), find_bottlenecks(run, judged), find_drifts(series),
                     find_warmups(run, series), measure_fingerprints(run, judged, arms))


def _said(found: list[Detected]) -> str:
    more = [one.where for one in found[1:]]
    return f"{found[0].sentence}{f' The same under {listed(more)}.' if more else ''}"

"""The claims as data: wording, source, published figures, and what is expected here.

Ratios are microservices ÷ monolith unless a row says otherwise.  The expectations were set before
any run; a verdict never looks at them, they only say whether its size surprises.  `within` is no
expectation: it is what the claim means by no difference.  Where a claim is a number (`is_number`),
the published size is part of it.
"""

from __future__ import annotations

from typing import Final

from reports.claims.claim import Claim

_SAID: Final = "common wisdom"
_BLINOWSKI: Final = "Blinowski et al. 2022"
_BLINOWSKI_LINK: Final = "doi.org/10.1109/ACCESS.2022.3152803"
_BAHAAIO: Final = "Bahaaio benchmark"
_BAHAAIO_LINK: Final = "github.com/Bahaaio/monolith-vs-microservices-benchmark"
_T2: Final = "T2-Project"
_T2_LINK: Final = "github.com/t2-project"
_WITHIN_5: Final = (1 / 1.05, 1.05)

_ALL: Final = (
    Claim("A1", "A monolith is one codebase and one unit; microservices are many.", _SAID, "–",
          "counted"),
    Claim("A5", "If one feature is hot, the whole monolith must be scaled; a service can be "
          "scaled alone.", _SAID, "–",
          "scaling the hot part alone carries more, or needs fewer cores"),
    Claim("A6", "A monolith is a single point of failure: a bug in one module can take the shop "
          "down.", _SAID, "–", "collateral in the monolith", 0.01, None),
    Claim("A7", "A failed service does not take the system down.", _SAID, "–",
          "no collateral in the microservices", None, 0.01),
    Claim("A13", "Small apps: monolith; large scalable apps: microservices.", _SAID, "–",
          "a break-even"),
    Claim("B1", "One process against RPC, same code: cores ÷ 3.1, median ÷ 7.",
          "Service Weaver, HotOS 2023",
          "cores 28 → 9 (÷ 3.1), median 2.66 → 0.38 ms (÷ 7)",
          "CPU a request ÷ ≥ 2, median ÷ ≥ 2", 2.0, None, (3.1, 7.0),
          "doi.org/10.1145/3593856.3595909", is_number=True),
    Claim("B2", "A simple read on one host with equal CPU: the monolith is faster.",
          f"{_BLINOWSKI}; Ueda et al. 2016", "−47 % .NET, −27 % Java; up to −79 %",
          "1.3× to 5×", 1.3, 5.0, (1 / 0.53, 1 / 0.73), _BLINOWSKI_LINK),
    Claim("B3", "A CPU-bound endpoint: no difference within 5 %.", _BLINOWSKI, "within 5 %",
          "≤ 10 %", 1 / 1.1, 1.1, (1.0,), _BLINOWSKI_LINK, _WITHIN_5),
    Claim("B4", "p95 at the same offered rate, below saturation: the monolith is faster.",
          _BAHAAIO, "494 against 199 ms", "1.5× to 4×", 1.5, 4.0, (494 / 199,),
          _BAHAAIO_LINK),
    Claim("B5", "Heavier work per request narrows the gap.", _T2, "–",
          "the ratio falls monotonically", None, 1.0, link=_T2_LINK),
    Claim("B6", "Scale-out saturates, then turns back.", _BLINOWSKI,
          ".389 .463 .513 .524 .511 .471 at 1 3 6 10 15 20 replicas", "a peak exists",
          link=_BLINOWSKI_LINK),
    Claim("B7", "One big machine is cheaper than many small ones.", _BLINOWSKI,
          "6 × 1 CPU: +9.8 % throughput for +66 % cost",
          "one big carries more for the same budget", 1.0, None, (1.66 / 1.098,),
          _BLINOWSKI_LINK),
    Claim("B8", "Finer granularity costs latency: +14 % a step.",
          "arXiv 2502.00482", "+14 %", "+5 to +30 % a step", 1.05, 1.30, (1.14,),
          "doi.org/10.48550/arXiv.2502.00482", is_number=True),
    Claim("B10", "No amplification without retries: what is lost is what the dependency graph "
          "predicts.", f"recomputed from the {_BAHAAIO}", "expected 9.333 %, measured 9.327 %",
          "loss = prediction ± interval", -1.0, 0.01, (-0.00006,), _BAHAAIO_LINK),
    Claim("B11", "Microservices hold 2.9 times the memory.", _T2, "2.9×", "2× to 5×", 2.0, 5.0,
          (2.9,), _T2_LINK, is_number=True),
    Claim("B12", "Moderate load: no significant difference in throughput.",
          "Al-Debagy & Martinek 2018", "no difference", "good answers a second within ±5 %", 0.95,
          1.05, (1.0,), "doi.org/10.1109/CINTI.2018.8928192", _WITHIN_5),
    Claim("B13", "A hot spot with per-service scaling is where microservices win.", "–", "–",
          "if they never do, suspect the lab"),
)
CLAIMS: Final[dict[str, Claim]] = {claim.id: claim for claim in _ALL}

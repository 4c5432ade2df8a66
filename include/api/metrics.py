"""Count what Prometheus reads: requests, latencies, leads, unknown levels, and the champions of the moment."""

import time
from collections import Counter as Tally
from collections.abc import Iterator, Mapping

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from include.api.access.keys import Keys
from include.api.logs import current_route
from include.contract import Contract
from include.contract.derived.shown import further_outcomes
from include.features.lead_encoder import Columns
from include.scoring.champions import Champions
from include.scoring.outcomes import OutcomeScores
from include.scoring.scores import Scores

SECONDS = (0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Hold the figures of one application."""

    def __init__(
        self,
        contract: Contract,
        champions: Champions,
        keys: Keys | None = None,
        further: Mapping[str, Champions] | None = None,
    ) -> None:
        """Start from zero; `champions` and `keys` are asked whenever somebody reads.

        Args:
            contract: whose levels are known; where it has several outcomes, what is about one has the label `outcome`.
            champions: of the main outcome.
            keys: who may ask.
            further: outcome to its champions, for the outcomes beside the main one.
        """
        registry = CollectorRegistry()
        self._outcome_label = ("outcome",) if further_outcomes(contract) else ()
        self.registry = registry
        self._requests = Counter(
            "leads_api_requests",
            "Requests",
            ("route", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "leads_api_seconds",
            "Time to answer",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self._leads = Counter(
            "leads_api_leads_scored",
            "Leads scored",
            (*self._outcome_label, "stage", "version"),
            registry=registry,
        )
        self._unknown = Counter(
            "leads_api_unknown_levels",
            "Levels the contract has not",
            ("field",),
            registry=registry,
        )
        self._allowed = {
            column.field: frozenset(column.allowed)
            for column in contract.columns
            if column.allowed
        }
        by_outcome = {contract.label: champions} | dict(further or {})
        registry.register(_ChampionCollector(by_outcome, self._outcome_label))
        registry.register(_KeyCollector(keys))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def watch(self, app: Flask) -> None:
        """Count every request of an application."""
        app.after_request(self._count_request)

    def count_leads(self, leads: Columns, scores: OutcomeScores) -> None:
        """Count leads by outcome, stage and version, and by field their levels that the contract does not name."""
        self._count_scores(scores.contract.label, scores.main)
        for outcome, further in scores.further.items():
            self._count_scores(outcome, further)
        for field, allowed in self._allowed.items():
            unknown = [
                level
                for level in leads[field]
                if isinstance(level, str) and level not in allowed
            ]
            if unknown:
                self._unknown.labels(field).inc(len(unknown))

    def _count_scores(self, outcome: str, scores: Scores) -> None:
        outcome_label = _outcome_values(outcome, self._outcome_label)
        served = zip(scores["stage"], scores["model_version"], strict=True)
        for (stage, version), count in Tally(served).items():
            self._leads.labels(*outcome_label, stage, version).inc(count)

    def page(self) -> Response:
        """Return all figures, as Prometheus reads them."""
        figures = generate_latest(self.registry)
        return Response(figures, content_type=CONTENT_TYPE_LATEST)

    def _count_request(self, response: Response) -> Response:
        route = current_route()
        seconds = time.perf_counter() - g.started
        self._requests.labels(route, request.method, response.status_code).inc()
        self._seconds.labels(route).observe(seconds)
        return response


class _ChampionCollector(Collector):
    """Read the champions and the failed registry polls at the moment Prometheus asks."""

    def __init__(
        self,
        by_outcome: Mapping[str, Champions],
        outcome_label: tuple[str, ...],
    ) -> None:
        """Prepare.

        Args:
            by_outcome: the champions of each outcome.
            outcome_label: `outcome`, or nothing where the contract has one outcome.
        """
        self._by_outcome = by_outcome
        self._outcome_label = outcome_label

    def collect(self) -> Iterator[Metric]:
        served = GaugeMetricFamily(
            "leads_api_champion",
            "1 for the version that serves",
            labels=(*self._outcome_label, "stage", "model", "version"),
        )
        for outcome, champions in self._by_outcome.items():
            outcome_label = _outcome_values(outcome, self._outcome_label)
            scorer = champions.scorer
            scorers = scorer.scorers if scorer else {}
            for stage, stage_scorer in scorers.items():
                champion = stage_scorer.champion
                version = (str(stage), champion.model, champion.version)
                served.add_metric((*outcome_label, *version), 1)
        yield served
        failures = CounterMetricFamily(
            "leads_api_refresh_failures",
            "Failed registry polls",
            labels=(*self._outcome_label, "stage"),
        )
        for outcome, champions in self._by_outcome.items():
            outcome_label = _outcome_values(outcome, self._outcome_label)
            for stage_name, count in champions.failures.items():
                failures.add_metric((*outcome_label, stage_name), count)
        yield failures
        refused = GaugeMetricFamily(
            "leads_api_champion_alias_refused",
            "1 while the registry's alias champion was moved outside promote_model and does not count",
            labels=(*self._outcome_label, "stage"),
        )
        for outcome, champions in self._by_outcome.items():
            outcome_label = _outcome_values(outcome, self._outcome_label)
            for stage_name, is_refused in champions.refusals.items():
                refused.add_metric((*outcome_label, stage_name), is_refused)
        yield refused


def _outcome_values(outcome: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the value of the label `outcome`; nothing where there is no such label."""
    return (outcome,) if names else ()


class _KeyCollector(Collector):
    """Read at the moment Prometheus asks whether there are keys in use, and how often reading them has failed."""

    def __init__(self, keys: Keys | None) -> None:
        """Prepare; without keys everybody is let in."""
        self._keys = keys

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "leads_api_keys_loaded",
            "1 while callers with a key are let in",
            value=int(self._keys is None or self._keys.loaded),
        )
        yield CounterMetricFamily(
            "leads_api_keys_refresh_failures",
            "Failed readings of the API keys",
            value=self._keys.failures if self._keys else 0,
        )

"""Holds the champions that the API serves and looks for new ones in the background."""

import logging
from collections.abc import Callable, Mapping

from mlflow.exceptions import MlflowException

from include.contract import Contract, KnownAt
from include.refresher import Refresher
from include.registry.errors import NoChampionError
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import Scorer, find_champion, load_version
from include.scoring.stages import STAGES, StagedScorer
from include.settings import Settings

log = logging.getLogger(__name__)

Load = Callable[[Scorer | None], Scorer]
"""Given the scorer served now, returns the one to serve: the same object where nothing changed."""

EXPECTED = (NoChampionError, ChampionUnusableError, MlflowException, OSError)
"""What a registry may do while an API runs; TrackingUnavailableError is an OSError."""


class ChampionHolder:
    """One stage's scorer of the moment. A champion once loaded stays until another is, whatever the registry does."""

    def __init__(self, load: Load) -> None:
        """`load` is asked at every `refresh`."""
        self._load = load
        self._scorer: Scorer | None = None
        self._problem: str | None = "the registry has not been asked yet"
        self._settled = False
        self.failures = 0
        """Looks at the registry in vain, since the start; that a stage has no champion is no failure."""

    @property
    def scorer(self) -> Scorer | None:
        """The champion in use; None before the first one."""
        return self._scorer

    @property
    def problem(self) -> str | None:
        """Why the last look at the registry failed; None when it went well."""
        return self._problem

    @property
    def settled(self) -> bool:
        """Whether the registry has said once which champion the stage has, or that it has none."""
        return self._settled

    def refresh(self) -> None:
        """Looks at the registry once; a failure is logged once and keeps the champion in use."""
        try:
            latest = self._load(self._scorer)
        except EXPECTED as error:
            if (problem := str(error)) != self._problem:
                log.warning("Champion not refreshed, still serving %s: %s", self._served(), problem)
            self._problem = problem
            self._settled |= isinstance(error, NoChampionError)
            self.failures += not isinstance(error, NoChampionError)
            return
        if latest is not self._scorer:
            log.info("Serving %s instead of %s", latest.champion.uri, self._served())
        self._scorer, self._problem, self._settled = latest, None, True

    def _served(self) -> str:
        return self._scorer.champion.uri if self._scorer else "nothing"


class Champions:
    """The scorer over all stages, of the moment.

    There is none until every stage is settled: a champion that is only late must not be stood in for by another's.
    """

    def __init__(self, contract: Contract, holders: Mapping[KnownAt, ChampionHolder], poll_seconds: float) -> None:
        """The registry is asked every `poll_seconds` seconds after `start`, and when `refresh` is called."""
        self._contract = contract
        self._holders = holders
        self._poll_seconds = poll_seconds
        self._scorer: StagedScorer | None = None

    @property
    def scorer(self) -> StagedScorer | None:
        """What scores now; a request that has taken it keeps its champions to its end. None before the first one."""
        return self._scorer

    @property
    def problems(self) -> dict[str, str]:
        """Stage to why its last look at the registry failed; stages that went well are not in it."""
        return {str(stage): holder.problem for stage, holder in self._holders.items() if holder.problem}

    @property
    def failures(self) -> dict[str, int]:
        """Stage to how many looks at the registry have failed since the start."""
        return {str(stage): holder.failures for stage, holder in self._holders.items()}

    def refresh(self) -> None:
        """Looks at the registry once for every stage."""
        for holder in self._holders.values():
            holder.refresh()
        scorers = {stage: holder.scorer for stage, holder in self._holders.items() if holder.scorer}
        if scorers and all(holder.settled for holder in self._holders.values()):
            self._scorer = StagedScorer(self._contract, scorers)

    def start(self) -> None:
        """Begin to look for champions in a daemon thread, at once and then at every interval."""
        Refresher("champions", self.refresh, None, self._poll_seconds).start()


def registry_champions(settings: Settings, contract: Contract) -> Champions:
    """Return the champions of the registry; a version is loaded only when it is new."""
    holders = {stage: ChampionHolder(_load_newer(settings, contract, stage)) for stage in STAGES}
    return Champions(contract, holders, settings.scoring.champion_poll_seconds)


def _load_newer(settings: Settings, contract: Contract, stage: KnownAt) -> Load:
    def load(served: Scorer | None) -> Scorer:
        latest = find_champion(settings, contract, stage)
        if served is not None and served.champion.version == latest.version:
            return served
        return load_version(contract, stage, latest)

    return load

"""Holds the champions that the API serves and looks for new ones in the background."""

import logging
from collections.abc import Callable, Mapping

from mlflow.exceptions import MlflowException

from include.contract import Contract, KnownAt
from include.refresher import Refresher
from include.registry.errors import NoChampionError
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import Scorer, find_standing, load_version
from include.scoring.stages import STAGES, StagedScorer
from include.settings import Settings

log = logging.getLogger(__name__)

Load = Callable[[Scorer | None], Scorer]
"""Given the scorer served now, returns the one to serve: the same object where nothing changed."""

EXPECTED = (NoChampionError, ChampionUnusableError, MlflowException, OSError)
"""What a registry may do while an API runs; TrackingUnavailableError and LedgerUnreadableError are OSErrors."""


class ChampionHolder:
    """One stage's scorer of the moment. A champion once loaded stays until another is, whatever the registry does."""

    def __init__(
        self, load: Load, refusal: Callable[[], str | None] = lambda: None
    ) -> None:
        """Take what is called at every `refresh`, and what then says why an alias was refused, if it was."""
        self._load = load
        self._read_refusal = refusal
        self._refusal: str | None = None
        self._scorer: Scorer | None = None
        self._problem: str | None = "the registry has not been asked yet"
        self._settled = False
        self.failures = 0
        """Number of failed registry polls since the start; that a stage has no champion yet is no failure."""

    @property
    def scorer(self) -> Scorer | None:
        """The champion in use; None before the first one."""
        return self._scorer

    @property
    def problem(self) -> str | None:
        """Reason why the last registry poll failed; None when it went well."""
        return self._problem

    @property
    def refusal(self) -> str | None:
        """Reason why the registry's alias does not count, None where it does; the champion serves on meanwhile."""
        return self._refusal

    @property
    def settled(self) -> bool:
        """True once the registry has said which champion the stage has, or that it has none."""
        return self._settled

    def refresh(self) -> None:
        """Poll the registry once; a failure is logged once and keeps the champion in use."""
        try:
            latest = self._load(self._scorer)
        except EXPECTED as error:
            self._note(error)
            return
        self._note_refusal(self._read_refusal())
        if latest is not self._scorer:
            log.info(
                "Serving %s instead of %s", latest.champion.uri, self._served()
            )
        self._scorer = latest
        self._problem = None
        self._settled = True

    def _note_refusal(self, refusal: str | None) -> None:
        """Remember whether the alias was refused, and log it if that is new."""
        if refusal and refusal != self._refusal:
            log.error("%s", refusal)
        self._refusal = refusal

    def _note(self, error: Exception) -> None:
        """Remember why a poll failed, and log it if it is another reason than the last time."""
        problem = str(error)
        if problem != self._problem:
            log.warning(
                "Champion not refreshed, still serving %s: %s",
                self._served(),
                problem,
            )
        self._problem = problem
        if isinstance(error, NoChampionError) and self._scorer is None:
            self._settled = True
        else:
            self.failures += 1

    def _served(self) -> str:
        """Return the URI of the champion in use, for the log."""
        if self._scorer is None:
            return "nothing"
        return self._scorer.champion.uri


class Champions:
    """Holds the scorer over all stages.

    There is none until every stage is settled: a champion that is only late must not be stood in for by another's.
    """

    def __init__(
        self,
        contract: Contract,
        holders: Mapping[KnownAt, ChampionHolder],
        poll_seconds: float,
    ) -> None:
        """Poll the registry every `poll_seconds` seconds after `start`, and when `refresh` is called."""
        self._contract = contract
        self._holders = holders
        self._poll_seconds = poll_seconds
        self._scorer: StagedScorer | None = None

    @property
    def scorer(self) -> StagedScorer | None:
        """The scorer in use, None before the first one; a request that has taken it keeps its champions to its end."""
        return self._scorer

    @property
    def problems(self) -> dict[str, str]:
        """Stage to the reason why its last poll failed; stages that went well are not in it."""
        problems: dict[str, str] = {}
        for stage, holder in self._holders.items():
            if holder.problem:
                problems[str(stage)] = holder.problem
        return problems

    @property
    def failures(self) -> dict[str, int]:
        """Stage to the number of failed polls since the start."""
        return {
            str(stage): holder.failures
            for stage, holder in self._holders.items()
        }

    @property
    def refusals(self) -> dict[str, int]:
        """Stage to 1 where the registry's alias was moved by hand and does not count, else 0."""
        return {
            str(stage): int(holder.refusal is not None)
            for stage, holder in self._holders.items()
        }

    def refresh(self) -> None:
        """Poll the registry once for every stage."""
        for holder in self._holders.values():
            holder.refresh()
        scorers: dict[KnownAt, Scorer] = {}
        for stage, holder in self._holders.items():
            if holder.scorer:
                scorers[stage] = holder.scorer
        all_settled = all(holder.settled for holder in self._holders.values())
        if scorers and all_settled:
            self._scorer = StagedScorer(self._contract, scorers)

    def start(self) -> None:
        """Begin to look for champions in a daemon thread, at once and then at every interval."""
        Refresher("champions", self.refresh, None, self._poll_seconds).start()


def registry_champions(settings: Settings, contract: Contract) -> Champions:
    """Return the champions of the registry; a version is loaded only when it is new."""
    holders: dict[KnownAt, ChampionHolder] = {}
    for stage in STAGES:
        champion = _RegistryChampion(settings, contract, stage)
        holders[stage] = ChampionHolder(champion.load, champion.refusal)
    return Champions(contract, holders, settings.scoring.champion_poll_seconds)


class _RegistryChampion:
    """Loads a stage's champion from the registry, if it is another one than the one served."""

    def __init__(
        self, settings: Settings, contract: Contract, stage: KnownAt
    ) -> None:
        self._settings = settings
        self._contract = contract
        self._stage = stage
        self._refusal: str | None = None

    def load(self, served: Scorer | None) -> Scorer:
        """Return the champion to serve: `served` itself where nothing changed."""
        latest, self._refusal = find_standing(
            self._settings, self._contract, self._stage
        )
        if served is not None and served.champion.version == latest.version:
            return served
        return load_version(self._contract, self._stage, latest)

    def refusal(self) -> str | None:
        """Return why the alias did not count at the last poll, None where it did."""
        return self._refusal

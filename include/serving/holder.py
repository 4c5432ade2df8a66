"""Holds the champion that the API serves and looks for a new one in the background."""

import logging
import threading
from collections.abc import Callable

from mlflow.exceptions import MlflowException

from include.contract import KnownAt, load_contract
from include.registry.registry import NoChampion
from include.serving.scorer import ChampionUnusable, Scorer, find_champion, load_version
from include.settings import settings

log = logging.getLogger(__name__)

Load = Callable[[Scorer | None], Scorer]
"""Given the scorer served now, returns the one to serve: the same object where nothing changed."""

EXPECTED = (NoChampion, ChampionUnusable, MlflowException, OSError)
"""What a registry may do while an API runs; TrackingUnavailable is an OSError."""


class ChampionHolder:
    """The scorer of the moment. A champion once loaded stays until another is, whatever the registry does."""

    def __init__(self, load: Load, poll_seconds: float) -> None:
        """`load` is asked every `poll_seconds` seconds, at first when `start` or `refresh` is called."""
        self._load = load
        self._poll_seconds = poll_seconds
        self._scorer: Scorer | None = None
        self._problem: str | None = "the registry has not been asked yet"
        self._stop = threading.Event()

    @property
    def scorer(self) -> Scorer | None:
        """The champion in use; None before the first one."""
        return self._scorer

    @property
    def problem(self) -> str | None:
        """Why the last look at the registry failed; None when it went well."""
        return self._problem

    def refresh(self) -> None:
        """Looks at the registry once; a failure is logged once and keeps the champion in use."""
        try:
            latest = self._load(self._scorer)
        except EXPECTED as error:
            if (problem := str(error)) != self._problem:
                log.warning("Champion not refreshed, still serving %s: %s", self._served(), problem)
            self._problem = problem
            return
        if latest is not self._scorer:
            log.info("Serving %s instead of %s", latest.champion.uri, self._served())
        self._scorer, self._problem = latest, None

    def start(self) -> None:
        """Begins to look for champions in a daemon thread, at once and then at every interval."""
        threading.Thread(target=self._poll, name="champion-poll", daemon=True).start()

    def stop(self) -> None:
        """Ends the background thread at its next turn."""
        self._stop.set()

    def _poll(self) -> None:
        self.refresh()
        while not self._stop.wait(self._poll_seconds):
            self.refresh()

    def _served(self) -> str:
        return self._scorer.champion.uri if self._scorer else "nothing"


def registry_holder(stage: KnownAt = KnownAt.CONTACT) -> ChampionHolder:
    """A holder of the stage's champion in the settings' registry; a version is loaded only when it is new."""
    contract = load_contract(settings().contract)

    def load(served: Scorer | None) -> Scorer:
        latest = find_champion(contract, stage)
        if served is not None and served.champion.version == latest.version:
            return served
        return load_version(latest, stage, contract)

    return ChampionHolder(load, settings().champion_poll_seconds)

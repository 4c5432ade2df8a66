"""Promotions, rollbacks, retries, and what people do on MLflow's pages, at random, against a model of what is right."""

from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import NoChampionError
from include.registry.registry import (
    champion,
    lost_champion,
    promote,
    rollback,
)
from tests.fixtures.registry_in_memory import RegistryInMemory

ALIASES = ("champion", "previous", "challenger")
NEVER = "999"
"""A version that no model has."""
MODELS = iter(range(10**9))
STEPS = 15


class Registry(RuleBasedStateMachine):
    """One registered model, and beside it what ought to be in it.

    The model of what is right: `served` has, for each version that was ever promoted, the champions up to it, oldest
    first, as they were when it last began to serve.
    """

    client: Any

    @initialize()
    def register(self) -> None:
        self.model = f"random-{next(MODELS)}"
        self.client.create_registered_model(self.model)
        self.alive: list[str] = []
        self.deleted: list[str] = []
        self.served: dict[str, list[str]] = {}
        self.settled = True
        for _ in range(3):
            self.train()

    def aliases(self) -> dict[str, str]:
        found = self.client.get_registered_model(self.model).aliases
        return {alias: str(version) for alias, version in found.items()}

    def everything(self) -> Any:
        versions = self.client.search_model_versions(f"name = '{self.model}'")
        stages = {
            str(version.version): version.current_stage for version in versions
        }
        return self.aliases(), stages

    def named(self, alias: str) -> str | None:
        """The version that an alias names, if it exists."""
        version = self.aliases().get(alias)
        return version if version in self.alive else None

    def before(self, version: str) -> list[str]:
        """The champions before a version that a rollback could bring back, oldest first."""
        return [
            earlier
            for earlier in self.served.get(version, [version])[:-1]
            if earlier in self.alive and earlier != version
        ]

    def last(self) -> str | None:
        """The champion, or the one before where it is gone."""
        return self.named("champion") or self.named("previous")

    def check_all_agrees(self, serving: str) -> None:
        aliases, stages = self.everything()
        before = self.before(serving)
        assert aliases["champion"] == serving
        assert aliases.get("previous") == (before[-1] if before else None)
        assert aliases.get("challenger") != serving
        assert set(aliases.values()) <= set(self.alive)
        assert [
            version for version in stages if stages[version] == "Production"
        ] == [serving]
        staging = [
            version for version in stages if stages[version] == "Staging"
        ]
        assert staging == [
            aliases[alias] for alias in aliases if alias == "challenger"
        ]
        found = champion(self.client, self.model)
        assert found is not None
        assert found.version == serving
        assert lost_champion(self.client, self.model) is None

    @rule()
    def train(self) -> None:
        version = self.client.create_model_version(self.model, "s3://x/model")
        self.alive.append(str(version.version))

    @rule(data=st.data(), again=st.booleans())
    def promote_one(self, data: st.DataObject, again: bool) -> None:
        version = data.draw(st.sampled_from(self.alive + self.deleted))
        before = self.everything()
        if version in self.deleted:
            with pytest.raises(MlflowException):
                promote(self.client, self.model, version)
            assert self.everything() == before
            return
        last = self.last()
        if self.named("champion") != version:
            history = self.served.get(last, [last]) if last else []
            if last == version:
                history = history[:-1]
            self.served[version] = [*history, version]
        promote(self.client, self.model, version)
        self.check_all_agrees(version)
        if again:
            done = self.everything()
            promote(self.client, self.model, version, against="whoever")
            assert self.everything() == done

    @rule(again=st.booleans())
    def roll_back(self, again: bool) -> None:
        serving = self.named("champion")
        if serving:
            history = self.served.get(serving, [serving])[:-1]
            while history and (
                history[-1] not in self.alive or history[-1] == serving
            ):
                history = history[:-1]
        else:
            last = self.named("previous")
            history = self.served.get(last, [last]) if last else []
        if not history:
            with pytest.raises(NoChampionError):
                rollback(self.client, self.model, serving)
            if serving:
                self.check_all_agrees(serving)
            return
        self.served[history[-1]] = history
        assert rollback(self.client, self.model, serving).version == history[-1]
        self.check_all_agrees(history[-1])
        if again:
            done = self.everything()
            rollback(self.client, self.model, serving)
            assert self.everything() == done

    @precondition(lambda self: len(self.alive) > 1)
    @rule(data=st.data())
    def delete_a_version(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.alive))
        self.client.delete_model_version(self.model, version)
        self.alive.remove(version)
        self.deleted.append(version)

    @precondition(lambda self: self.named("champion"))
    @rule()
    def delete_the_champion(self) -> None:
        if len(self.alive) > 1:
            version = self.named("champion")
            self.client.delete_model_version(self.model, version)
            self.alive.remove(version)
            self.deleted.append(version)

    @rule(alias=st.sampled_from(ALIASES), data=st.data())
    def move_an_alias(self, alias: str, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from([*self.alive, NEVER]))
        try:
            self.client.set_registered_model_alias(self.model, alias, version)
        except MlflowException:
            assert version == NEVER

    @rule(alias=st.sampled_from(ALIASES))
    def delete_an_alias(self, alias: str) -> None:
        self.client.delete_registered_model_alias(self.model, alias)

    @rule(
        stage=st.sampled_from(["None", "Staging", "Production", "Archived"]),
        data=st.data(),
    )
    def move_to_a_stage(self, stage: str, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.alive))
        self.client.transition_model_version_stage(self.model, version, stage)

    @rule()
    def rename_the_model_and_back(self) -> None:
        before = self.everything()
        self.client.rename_registered_model(self.model, f"{self.model}-away")
        with pytest.raises(NoChampionError, match="rename it back"):
            rollback(self.client, self.model)
        with pytest.raises(MlflowException):
            promote(self.client, self.model, self.alive[0])
        assert champion(self.client, self.model) is None
        self.client.rename_registered_model(f"{self.model}-away", self.model)
        assert self.everything() == before

    @invariant()
    def whoever_serves_exists(self) -> None:
        found = champion(self.client, self.model)
        assert found is None or found.version in self.alive


def act_at_random(client: Any, examples: int) -> None:
    machine = type("Acts", (Registry,), {"client": client}).TestCase
    machine.settings = hypothesis_settings(
        stateful_step_count=STEPS, max_examples=examples
    )
    machine().runTest()


def test_whatever_people_do_promotion_and_rollback_leave_one_champion() -> None:
    act_at_random(RegistryInMemory(), 10 * hypothesis_settings().max_examples)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_real_registry_is_no_different(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = tmp_path_factory.mktemp("registry") / "mlflow.db"
    client = MlflowClient(f"sqlite:///{store}")
    act_at_random(client, 1 + hypothesis_settings().max_examples // 10)

"""How near to the best possible score do models of the story come, are its changes noticed, how fast is one lead?

`python -m bench.story --json` draws `--leads` leads with known truth, joins their records, computes features as of each
stage's moment, and trains on what was known on the day before the new channel. Models are those of a linear and a
boosted family at the last stage, and of the linear one alone at the two earlier stages, which saves half of the time.

- `gap_converted`, `gap_approved`: the largest of the three stages, ROC-AUC on people whom the model has not learnt
  from; `approved` among people who converted.
- `drivers_in_top8`: the smaller number of both outcomes at the last stage.
- `channel_shift_windows`, `approval_shift_windows`: number of the first window of `--days` days that notices the
  change; 1 is the window that begins on its date. None: not within eight windows.
- `approval_others`: other outcomes whose performance was called drifted after the approval criteria changed.
- `approval_decisions_N`, `approval_by_new_criteria_N`, `approval_power_N`: decisions until the end of window N, how
  many of them follow the new criteria, and how likely a test with 1 % false alarms notices them with a model that knows
  the truth (`bench.story.power`).
- `false_retrains`: calls for a new model in `--replays` stories of `--replay-leads` leads, both outcomes, weeks without
  a change.
- `predict_events_p50_ms`, `predict_events_p99_ms`: of `POST /predict` with one lead and 40 events, 20 requests a
  second, from when each was due, reasons included; `predict_events_processor_ms`: that processors work for
  each; on a machine with other work the others are far longer. `predict_events_api_mb`: memory of the API behind it.
"""

import argparse
import time
from typing import Any

from bench._table import last_line, show
from bench.story.asking import SECONDS, predict_events
from bench.story.declared import STAGES, declared, drivers_in_top
from bench.story.gaps import gap, importance
from bench.story.models import FAMILIES, LINEAR, train
from bench.story.power import noticing_power
from bench.story.replays import moment, quiet_replay, shifts
from bench.story.systems import Story, read_story
from bench.story.tables import (
    known_outcomes,
    outcome_rows,
    stage_table,
    training_rows,
)
from demo.story.dates import CHANNEL_SHIFT
from demo.story.story import make_world

LEADS = 100_000
REPLAYS = 20
REPLAY_LEADS = 20_000
DAYS = 7
SEED = 7
QUICK_LEADS = 10_000
QUICK_SECONDS = 5
PARTS = ("gaps", "shifts", "power", "replays", "predict_events")


def gaps(story: Story) -> dict[str, Any]:
    """Return how far the champions are behind the best possible scores, and how many drivers lead."""
    trained_at = moment(CHANNEL_SHIFT)
    largest = dict.fromkeys(declared().outcomes, 0.0)
    drivers = []
    rows = []
    for stage in STAGES:
        table = stage_table(story, stage)
        is_last = stage == STAGES[-1]
        for name, outcome in declared().outcomes.items():
            outcomes = outcome_rows(story, outcome).to_pandas()
            labels = known_outcomes(outcomes, trained_at)
            families = FAMILIES if is_last else LINEAR
            leads = training_rows(table, labels, trained_at)
            champion = train(name, stage, leads, families)
            judged = gap(champion, story.people)
            largest[name] = max(largest[name], judged.gap)
            row = [stage, name, judged.people]
            row += [judged.best, judged.model, judged.gap]
            rows.append(row)
            if is_last:
                ranked = importance(champion)
                drivers.append(drivers_in_top(list(ranked.index)))
                print(ranked.round(3).to_dict(), flush=True)
    head = ["stage", "outcome", "people", "best", "model", "gap"]
    show("ROC-AUC", head, rows)
    figures: dict[str, Any] = {
        f"gap_{name}": value for name, value in largest.items()
    }
    return {**figures, "drivers_in_top8": min(drivers)}


def false_retrains(options: argparse.Namespace) -> dict[str, Any]:
    """Return how often stories without a change called for a new model."""
    retrains = 0
    for replay in range(options.replays):
        seed = options.seed + 1 + replay
        calls = quiet_replay(options.replay_leads, seed, options.days)
        print(f"quiet replay, seed {seed}: {calls} retrains", flush=True)
        retrains += calls
    return {"false_retrains": retrains, "replays": options.replays}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures that are asked for."""
    started = time.monotonic()
    figures: dict[str, Any] = {}
    if options.only in (None, "predict_events"):
        seconds = QUICK_SECONDS if options.quick else SECONDS
        figures |= predict_events(options.seed, seconds)
    if options.only in (None, "gaps", "shifts"):
        story = read_story(make_world(options.leads, options.seed))
        figures["leads"] = options.leads
        if options.only != "shifts":
            figures |= gaps(story)
        if options.only != "gaps":
            figures |= shifts(story, options.days)
    if options.only in (None, "power"):
        world = make_world(options.leads, options.seed)
        figures |= noticing_power(world, options.days)
    if options.only in (None, "replays"):
        figures |= false_retrains(options)
    figures["window_days"] = options.days
    figures["seconds"] = round(time.monotonic() - started)
    return figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.story",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--replays", type=int, default=REPLAYS)
    parser.add_argument("--replay-leads", type=int, default=REPLAY_LEADS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument(
        "--quick", action="store_true", help="few leads, one replay"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the figures as JSON on the last line",
    )
    options = parser.parse_args()
    if options.quick:
        options.leads = QUICK_LEADS
        options.replay_leads = QUICK_LEADS
        options.replays = 1
    figures = measure(options)
    show(
        "Figures", ["figure", "value"], [list(pair) for pair in figures.items()]
    )
    last_line(figures, options.json)


if __name__ == "__main__":
    main()

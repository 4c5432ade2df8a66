"""Tasks that describe the leads that a training learns from."""

from airflow.sdk import task

from lifecycle.defaults import CHEAP_COMPUTE
from lifecycle.outcomes import describe_further_snapshots

VOTES_SQL = "{{ each_sql('unload_votes', run_id=run_key(ti)) }}"
SNAPSHOT_SQL = "{{ sql('unload_snapshot', run_id=run_key(ti)) }}"
EACH_SNAPSHOT_SQL = "{{ each_sql('unload_snapshot', run_id=run_key(ti)) }}"


@task(**CHEAP_COMPUTE)
def write_manifest(run, sql):
    """Describe the unloaded snapshot (rows, hash, SQL, contract version) in its manifest; return its URI.

    Those of further outcomes lie in folders of their own and are described too.
    """
    from include.training.data import snapshot
    from lifecycle.names import Names

    names = Names()
    describe_further_snapshots(run)
    return snapshot.write_manifest(names.settings, names.contract, run, sql)[
        "uri"
    ]


@task(**CHEAP_COMPUTE)
def eda_report(snapshot_uri, run):
    """Explore the snapshot (guide 11) in a page with pictures; return its URI, or None where it cannot be made."""
    from lifecycle.reports import eda_page

    return eda_page(snapshot_uri, run)

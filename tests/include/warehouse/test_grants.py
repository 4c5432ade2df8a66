"""Who may read what bootstrap_platform makes."""

import re
from importlib.resources import files

from include.warehouse.migrate import read_create


def test_the_readers_role_may_read_every_table_and_view_but_those_of_copy(
    statements,
):
    sql = statements.render("grant_reading")
    granted = set(re.findall(r"[\w]+\.[\w]+", sql))
    made = set()
    for file in files("include.warehouse").joinpath("sql").iterdir():
        name = file.name.removesuffix(".sql")
        if name.startswith("create_") and not name.endswith("_staging"):
            create = statements.render(name)
            is_view = create.startswith("CREATE VIEW")
            made.add(create.split()[2] if is_view else read_create(create).name)
    assert granted == made
    assert sql.endswith("TO ROLE leads_reader")

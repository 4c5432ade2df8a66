"""Roles and grants of Redshift, as far as local AWS has them."""


def test_a_grant_names_tables_that_are_there(warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (id INTEGER)", "CREATE ROLE readers")
    warehouse.ok(f"GRANT SELECT ON {table}, public.{table} TO ROLE readers")
    answer = warehouse.run("GRANT SELECT ON no_such_table TO ROLE readers")
    assert answer["Status"] == "FAILED"


def test_any_other_grant_is_refused_by_name(warehouse, table):
    answer = warehouse.run(f"GRANT ALL ON {table} TO somebody")
    assert "GRANT of anything but SELECT" in answer["Error"]

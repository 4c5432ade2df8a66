# Airflow for `astro dev …` alone; MWAA and docker-compose do not use this file. `docs/astro.md` says how to run it.
#
# Which Runtime holds which Airflow is on Astronomer's release notes, which could not be read when this was written. Public
# projects that name both say that 3.2-4 holds Airflow 3.2.1. Should they be wrong, the build tells: requirements.txt pins
# apache-airflow==3.2.1, which Runtime's own 3.2.1+astro.N satisfies and the constraint of any other Airflow contradicts.
# The image installs packages.txt and requirements.txt and copies the project by itself (ONBUILD).
FROM astrocrpublic.azurecr.io/runtime:3.2-4-python-3.12

# pyproject.toml's options ask for plugins of pytest that only requirements-dev.txt has.
ENV PYTEST_ADDOPTS="--config-file=/usr/local/airflow/.astro/pytest.ini --rootdir=/usr/local/airflow"

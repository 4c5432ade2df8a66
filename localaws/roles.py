"""Name the roles that call AWS in the project.

On local AWS a process's access key id is the name of its role.
"""

MWAA_ROLE = "mwaa-execution-role"
REDSHIFT_ROLE = "redshift-s3-role"
MLFLOW_ROLE = "mlflow-role"
API_ROLE = "scoring-api-role"
LOCAL_API_KEY = "local-demo-key"
"""The key that the local stack's scoring API accepts; that API listens on this machine only."""
OWNER = "local"
"""Access key id of the person at the laptop and of local AWS itself: the account's owner, whom no policy binds."""


def role_name(role: str) -> str:
    """Return the name in a role's ARN; a plain name stays as it is."""
    return role.rsplit("/", 1)[-1]

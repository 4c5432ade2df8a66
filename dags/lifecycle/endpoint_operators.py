"""Airflow's own operators for SageMaker models and endpoint configs, for names that say what they name.

Such a name that exists already is the thing itself: of an earlier try, or of a deployment that is repeated.
"""

from airflow.providers.amazon.aws.operators import sagemaker

EXISTS = "Cannot create already existing"


def unless_it_exists(create, describe):
    """Return what `create` returns, or `describe` where SageMaker says that there is one of this name."""
    from botocore.exceptions import ClientError

    try:
        return create()
    except ClientError as error:
        if EXISTS not in error.response["Error"]["Message"]:
            raise
        return describe()


class SageMakerModelOperator(sagemaker.SageMakerModelOperator):
    """Creates a model, or takes the one of the same name."""

    def execute(self, context):
        """Create the model and return its ARN."""
        name = self.config["ModelName"]
        create = super().execute

        return unless_it_exists(
            lambda: create(context)["Model"]["ModelArn"],
            lambda: self.hook.describe_model(name)["ModelArn"],
        )


class SageMakerEndpointConfigOperator(
    sagemaker.SageMakerEndpointConfigOperator
):
    """Creates an endpoint config, or takes the one of the same name."""

    def execute(self, context):
        """Create the config and return its ARN."""
        name = self.config["EndpointConfigName"]
        create = super().execute

        return unless_it_exists(
            lambda: create(context)["EndpointConfig"]["EndpointConfigArn"],
            lambda: self.hook.describe_endpoint_config(name)[
                "EndpointConfigArn"
            ],
        )

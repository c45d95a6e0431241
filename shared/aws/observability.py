"""Logger and metrics shared by all functions. Log ids only: never names, e-mail addresses or tokens."""

from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "backup-customers"

log = Logger(service=SERVICE, location=None)  # the location would always be this module
metrics = Metrics(namespace="BackupCustomers", service=SERVICE)


def log_event(name: str, **ids: Any) -> None:
    """Log a business event with the ids that it is about, and count it as a metric of the same name."""
    log.info(name, **ids)
    count_metric(name)


def count_metric(name: str, value: int = 1) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def flush_metrics() -> None:
    """Write the metrics of this call to the log, from where CloudWatch reads them."""
    if metrics.metric_set:
        metrics.flush_metrics()

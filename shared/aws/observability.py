"""What is told to those who run the system: facts by ids, as log lines and as metrics. Never a name or an address."""

from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "backup-customers"

log = Logger(service=SERVICE, location=None)  # it would name this module at every line
metrics = Metrics(namespace="BackupCustomers", service=SERVICE)


def log_event(fact: str, **ids: Any) -> None:
    """Log one business fact, by ids only, and count it."""
    log.info(fact, **ids)
    count_metric(fact)


def count_metric(fact: str) -> None:
    metrics.add_metric(name=fact, unit=MetricUnit.Count, value=1)


def flush_metrics() -> None:
    """Hand over what was counted; at the end of each call of a function."""
    if metrics.metric_set:
        metrics.flush_metrics()

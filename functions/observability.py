"""Logging and metrics of every function: one logger, one correlation id per invocation, one way to publish metrics.

Powertools reads the metrics' namespace, the service and the log level from the environment.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

AnswerT = TypeVar("AnswerT")
_Handler = Callable[[dict[str, Any], LambdaContext], AnswerT]

logger = Logger()
_metrics = Metrics()


class Measure(NamedTuple):
    """One value of a metric in lake.metrics."""

    name: str
    value: float
    unit: MetricUnit = MetricUnit.Count


def observed(handler: _Handler[AnswerT]) -> _Handler[AnswerT]:
    """Wrap a handler so that its log lines carry the function's name, and the request's id as `correlation_id`."""

    @functools.wraps(handler)
    def with_correlation_id(event: dict[str, Any], context: LambdaContext) -> AnswerT:
        logger.set_correlation_id(context.aws_request_id)
        return handler(event, context)

    return logger.inject_lambda_context(with_correlation_id)


def publish(*measures: Measure, dimensions: Mapping[str, str] | None = None) -> None:
    """Publish values that share their dimensions, as one log line that CloudWatch reads.

    Args:
        measures: the values; at least one.
        dimensions: dimensions of all values, besides the service.
    """
    for name, value in (dimensions or {}).items():
        _metrics.add_dimension(name, value)
    for measure in measures:
        _metrics.add_metric(measure.name, measure.unit, measure.value)
    _metrics.flush_metrics()

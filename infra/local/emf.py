"""From a function's log lines to metrics, as CloudWatch does it on AWS and MiniStack 1.5.33 does not.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import math
from typing import NamedTuple

METRICS_MAX = 100
VALUES_MAX = 100
DIMENSIONS_MAX = 30
UNITS = {"Count", "Milliseconds", "Seconds", "Bytes", "Bytes/Second", "Percent", "None"}


class Datum(NamedTuple):
    namespace: str
    name: str
    unit: str
    dimensions: dict[str, str]
    values: list[float]
    timestamp_seconds: float


def metrics_of(line: str) -> list[Datum]:
    """What CloudWatch would make of a log line: nothing of one that is no EMF. ValueError says what is wrong with one
    that means to be, which CloudWatch drops without a word."""
    if not line.startswith("{") or '"_aws"' not in line:
        return []
    document = json.loads(line)
    header = document.get("_aws")
    if not isinstance(header, dict):
        return []
    timestamp_seconds = header["Timestamp"] / 1000
    data = []
    for directive in header["CloudWatchMetrics"]:
        if len(directive["Metrics"]) > METRICS_MAX:
            raise ValueError(f"{len(directive['Metrics'])} metrics in one directive")
        for names in directive["Dimensions"]:
            if len(names) > DIMENSIONS_MAX:
                raise ValueError(f"{len(names)} dimensions")
            dimensions = {name: document[name] for name in names}
            if not all(isinstance(value, str) and value for value in dimensions.values()):
                raise ValueError(f"a dimension has no text: {dimensions}")
            for metric in directive["Metrics"]:
                unit, values = metric["Unit"], numbers(document[metric["Name"]])
                if unit not in UNITS:
                    raise ValueError(f"no such unit: {unit}")
                data.append(
                    Datum(directive["Namespace"], metric["Name"], unit, dimensions, values, timestamp_seconds)
                )
    return data


def numbers(value: object) -> list[float]:
    values = value if isinstance(value, list) else [value]
    if not values or len(values) > VALUES_MAX:
        raise ValueError(f"{len(values)} values")
    for number in values:
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise ValueError(f"not a number: {number!r}")
    return [float(number) for number in values]

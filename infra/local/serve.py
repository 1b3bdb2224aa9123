"""Runs the local AWS (MiniStack) until the process that started it goes away.

The caller keeps the other end of standard input open. When it ends, in whatever way, the pipe closes and this process
takes its whole group, functions included, with it: nothing is left running. Until then each line on it is a command:

    age-multipart-uploads SECONDS    every open multipart upload looks that much older than it is
"""

import datetime
import os
import signal
import sys
import threading

import emf


def obey_the_caller() -> None:
    for line in sys.stdin.buffer:
        match line.split():
            case [b"age-multipart-uploads", seconds]:
                age_multipart_uploads(datetime.timedelta(seconds=int(seconds)))
    end_with_the_caller()


def end_with_the_caller() -> None:
    os.killpg(os.getpgrp(), signal.SIGTERM)
    # Whoever ignores the request is ended for good.
    threading.Event().wait(3)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def age_multipart_uploads(by: datetime.timedelta) -> None:
    """S3 has no call for it; MiniStack 1.5.33 keeps the time of opening as text."""
    from ministack.services import s3

    for upload in list(s3._multipart_uploads._data.values()):
        opened_at = datetime.datetime.fromisoformat(upload["created"].replace("Z", "+00:00"))
        upload["created"] = (opened_at - by).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def make_metrics_of_logs() -> None:
    """MiniStack 1.5.33 keeps what functions print as their logs and makes no metrics of it, as CloudWatch does."""
    from ministack.services import cloudwatch, lambda_svc

    keep_logs = lambda_svc._emit_lambda_logs

    def keep_logs_and_metrics(func: dict, request_id: str, log_text: str, *rest: object, **named: object) -> None:
        keep_logs(func, request_id, log_text, *rest, **named)
        try:
            data = [datum for line in (log_text or "").splitlines() for datum in emf.metrics_of(line)]
        except (KeyError, TypeError, ValueError) as fault:
            print(f"a line of metrics that CloudWatch would drop: {fault!r}", flush=True)
            return
        for datum in data:
            cloudwatch._store_datum(
                datum.namespace,
                datum.name,
                datum.dimensions,
                datum.timestamp_seconds,
                datum.unit,
                None,
                datum.values,
                None,
                None,
            )
        if data:
            cloudwatch._evaluate_all_alarms()

    lambda_svc._emit_lambda_logs = keep_logs_and_metrics


threading.Thread(target=obey_the_caller, daemon=True).start()

from ministack.app import main  # noqa: E402  (the thread must watch while this slow import runs)

make_metrics_of_logs()
sys.argv = ["ministack"]
main()

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


threading.Thread(target=obey_the_caller, daemon=True).start()

from ministack.app import main  # noqa: E402  (the thread must watch while this slow import runs)

sys.argv = ["ministack"]
main()

"""Runs the local AWS (MiniStack) until the process that started it goes away.

The caller keeps the other end of standard input open. When it ends, in whatever way, the pipe closes and this process
takes its whole group, functions included, with it: nothing is left running.
"""

import os
import signal
import sys
import threading


def end_with_the_caller() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)
    # Whoever ignores the request is ended for good.
    threading.Event().wait(3)
    os.killpg(os.getpgrp(), signal.SIGKILL)


threading.Thread(target=end_with_the_caller, daemon=True).start()

from ministack.app import main  # noqa: E402  (the thread must watch while this slow import runs)

sys.argv = ["ministack"]
main()

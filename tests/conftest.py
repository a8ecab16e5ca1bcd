"""For every test: one thread, and hypothesis without time limits and with the same examples each time.

So a busy machine fails nothing: under xdist two threads in each worker wait for each other, 50 times as long.
"""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported, which no conftest above this one does
settings.load_profile("ci")

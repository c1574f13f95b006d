"""Settings that all tests share; also puts this folder on the import path."""

import os

from hypothesis import settings

# Before torch loads: more threads than free cores are many times slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("nas", deadline=None)  # a busy machine is no failure
settings.load_profile("nas")

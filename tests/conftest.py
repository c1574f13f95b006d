"""Settings that all tests share; also puts this folder on the import path."""

import os
import tempfile

from hypothesis import settings

# Before torch loads: more threads than free cores are many times slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test may find, or leave, anything in the cache of whoever runs them.
_CACHE = tempfile.TemporaryDirectory(prefix="nas-cache-")
os.environ["NAS_CACHE_DIR"] = _CACHE.name

settings.register_profile("nas", deadline=None)  # a busy machine is no failure
settings.load_profile("nas")

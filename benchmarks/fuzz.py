"""Looks for files that a reader neither reads nor refuses, guided by coverage.

Its targets are those of ``tests/faults/fuzz_targets.py``: the YAML of search spaces,
architectures, everything in a run folder, and every form of data; seeds are good files
that our own writers make. A crash ends it, and is kept beside the corpus. Needs
atheris, of which no version has wheels for all supported Pythons, nor for any system
but Linux, and which so is in no extra:

    pip install atheris
    python benchmarks/fuzz.py TARGET [--minutes 5] [--corpus FOLDER]
    python benchmarks/fuzz.py --list

A file that takes more than 20 seconds, or 2 GiB of memory, counts as a crash.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

import atheris

with atheris.instrument_imports(
    include=["nas", "yaml", "zipfile", "gzip", "pickletools"]
):
    from fuzz_targets import TARGETS, Spoiling, seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--corpus", type=Path, help="kept from one time to the next")
    parser.add_argument("--list", action="store_true", help="name the targets")
    given = parser.parse_args()
    if given.list or given.target is None:
        print("\n".join(TARGETS))
        return
    work = Path(tempfile.mkdtemp(prefix="nas-fuzz-"))
    corpus = given.corpus or work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "good").write_bytes(seed(given.target))
    spoiling = Spoiling(given.target, work)

    def one(data: bytes) -> None:
        spoiling.read(data)

    options = [
        f"-max_total_time={round(60 * given.minutes)}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        f"-artifact_prefix={corpus.parent}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

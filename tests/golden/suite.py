"""What the make_*.py beside it share: a suite's files are written, or compared with those that are there."""
import pathlib
import sys


def write_or_check(name, files):
    """files: {"CASE/FILE": bytes or text}. With --check: prints the names of those that differ and exits, 1 if there are any."""
    root = pathlib.Path(__file__).parent / name
    wanted = {file: data.encode() if isinstance(data, str) else data for file, data in files.items()}
    if "--check" in sys.argv:
        stale = [file for file, data in wanted.items() if not (root / file).is_file() or (root / file).read_bytes() != data]
        print("\n".join(stale), end="\n" if stale else "")
        sys.exit(1 if stale else 0)
    for file, data in wanted.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(data)

"""What a fresh install without extras brings: megabytes and distributions. Goal: at most 30 MB and 25.

pip's own files do not count; compiled files do not, either, because they come with the first run.

    python benchmarks/install_size.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

OWN = Path(__file__).parents[1]
NOT_OURS = frozenset({"pip", "setuptools"})


def installed(what: str, home: Path) -> tuple[float, list[str]]:
    """Megabytes (10**6 bytes) and names of what installing it into a fresh environment brings."""
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = str(home / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", what], check=True)
    listed = json.loads(subprocess.run([*pip, "list", "--format=json"], capture_output=True, check=True).stdout)
    (packages,) = (home / "lib").glob("python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    size = sum(
        path.stat().st_size for path in files if path.relative_to(packages).parts[0].split("-")[0] not in NOT_OURS
    )
    return size / 1e6, sorted(each["name"] for each in listed if each["name"] not in NOT_OURS)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        size, names = installed(str(OWN), Path(home))
    print(f"{size:.1f} MB in {len(names)} distributions: {', '.join(names)}")


if __name__ == "__main__":
    main()

"""Writes `package.json`, by which `mpremote mip install` finds the kernel: python -m tests.packing.

The list is that of the kernel's files; a test fails when it is stale.
"""

import json
import tomllib

from tests.house import KERNEL, ROOT

FILE = ROOT / "package.json"


def package() -> str:
    """What the file has to hold."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    files = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / KERNEL).rglob("*.py"))]
    rows = ",\n".join(f"    {json.dumps([file, file])}" for file in files)
    return f'{{\n  "version": {json.dumps(version)},\n  "deps": [],\n  "urls": [\n{rows}\n  ]\n}}\n'


if __name__ == "__main__":
    FILE.write_text(package())
    print(f"{FILE.name} is written")

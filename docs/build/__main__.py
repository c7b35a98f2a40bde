"""Write the generated documents, or with `--check` say which of them are stale: exit status 1 then."""

import sys
from pathlib import Path

from docs.build import openapi, vectors
from docs.build.routes import Missing

DOCS = Path(__file__).parents[1]


def main() -> int:
    """Generate everything; 1 where something is missing, or stale under `--check`."""
    try:
        made = {DOCS / "openapi.json": openapi.text(), DOCS / "vectors.json": vectors.text()}
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)} is stale: run `make docs`.", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
        print(f"{path.relative_to(DOCS.parent)} is new.")
    if not stale:
        print("Nothing has changed.")
    return 0


sys.exit(main())

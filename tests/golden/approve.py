"""Write the golden facts anew. Say why under "Results change" in CHANGELOG.md."""

from __future__ import annotations

import json

from golden_runs import GOLDEN, RUNS, facts

if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: facts(name) for name in RUNS}, indent=2) + "\n")
    print(GOLDEN.read_text())

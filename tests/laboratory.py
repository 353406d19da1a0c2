"""The device laboratory beside the checkout: recorded sessions and fleets to test against.

The project never imports it, and the tests that use it are skipped where it is absent.
"""

import sys
from pathlib import Path

LABORATORY = Path(__file__).parents[2] / "shared" / "devicelab"
RECORDINGS = LABORATORY / "transcripts"
IS_ABSENT = not LABORATORY.is_dir()
WHY_SKIPPED = "the device laboratory is not beside this checkout (../shared/devicelab)"


def admit_laboratory(laboratory: Path = LABORATORY) -> None:
    """Let `import devicelab` work.

    The laboratory stands last on the path: it has a folder `tests` of its own, which must not
    stand in for ours in the processes that tests start.
    """
    if str(laboratory) not in sys.path:
        sys.path.append(str(laboratory))

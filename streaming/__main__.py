"""`python -m streaming` is the command `parley`."""

import sys

from streaming.cli import main

if __name__ == "__main__":
    sys.exit(main())

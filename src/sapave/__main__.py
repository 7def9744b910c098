"""`python -m sapave` is `sapave`."""

import sys

from sapave.cli import main

if __name__ == "__main__":
    sys.exit(main())

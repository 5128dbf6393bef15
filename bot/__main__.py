import os
import sys

# Read when NumPy is imported. The vectors here are short: BLAS threads would only spin, and take a whole core from the rest.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bot.cli import main  # noqa: E402

sys.exit(main())

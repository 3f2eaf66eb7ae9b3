"""The tests. Each process that they start reads the program: it is compiled once for all."""

import os
import sys

# With this variable in the surroundings each process would compile anew what it imports, pytest all
# 300 files of tests as well: most of the time from its start to the first test.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

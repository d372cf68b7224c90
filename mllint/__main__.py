"""`python -m mllint`, safe in a hostile working directory.

`python -m` puts the working directory first on the import path, so that a `yaml.py` in the analysed repository would
be imported in place of the library. It goes before anything else is imported.
"""

import os  # with `sys` the one import that is safe here: Python itself has loaded it at its start
import sys

if not sys.flags.safe_path and (sys.path[0] == "" or sys.path[0] == os.getcwd()):  # -P leaves the entry out
    del sys.path[0]

from mllint.cli import main

if __name__ == "__main__":  # worker processes import this module under another name
    main()

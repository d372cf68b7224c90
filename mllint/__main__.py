"""`python -m mllint`, safe in a hostile working directory.

`python -m` puts the working directory first on the import path, so that a `yaml.py` in the analysed repository would
be imported in place of the library. It goes before anything else is imported.
"""

import sys

if not sys.flags.safe_path:  # -P and PYTHONSAFEPATH leave the entry out
    del sys.path[0]

from mllint.cli import main

if __name__ == "__main__":  # worker processes import this module under another name
    main()

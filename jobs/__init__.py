"""The polars jobs and the declarations of datasets and reports that they work from."""

import os
from typing import Final

_KEEP_MILLISECONDS: Final = 5_000

# polars' allocator gives memory back to Linux half a second after a block of rows is done, and the next block asks for
# it again: a sixth of the warehouse job's processor time. It is read when polars is imported, which comes after this.
os.environ.setdefault("_RJEM_MALLOC_CONF", f"dirty_decay_ms:{_KEEP_MILLISECONDS}")

"""pyarrow's types. It declares none that a type checker could read, so they are Any, said here once."""

from typing import Any

import pyarrow.compute

Array = Any
Batch = Any
"""A pyarrow RecordBatch."""
DataType = Any
Field = Any
Rows = Any
"""A pyarrow Table."""
Scalar = Any
Schema = Any

compute: Any = pyarrow.compute
"""Its functions over arrays, which it makes when it is imported."""

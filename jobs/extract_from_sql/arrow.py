"""pyarrow's types. pyarrow has no type declarations, so they are Any, in this one place."""

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
"""pyarrow's compute functions, which it creates at import."""

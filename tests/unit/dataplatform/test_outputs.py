"""Several outputs by name become one output."""

import asyncio

import pulumi
import pytest

from dataplatform.outputs import mapping_of


@pytest.mark.parametrize("values", [{}, {"one": "1", "two": "2"}], ids=["none", "two"])
def test_outputs_by_name_are_a_mapping_however_many(values: dict[str, str]) -> None:
    async def resolved() -> object:
        return await mapping_of({name: pulumi.Output.from_input(value) for name, value in values.items()}).future()

    assert asyncio.run(resolved()) == values

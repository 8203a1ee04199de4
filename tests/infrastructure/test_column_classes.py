"""Glue's columns have the classes that the datasets declare."""

from datasets import DATASETS
from tests.support.recording import Graph


def columns_of(graph: Graph, table: str) -> dict[str, tuple[str | None, dict[str, str] | None]]:
    """Return comment and parameters of a table's columns."""
    [found] = [each for each in graph.of_type("glue/catalogTable:CatalogTable") if each.inputs["name"] == table]
    columns = found.inputs["storageDescriptor"]["columns"]
    return {column["name"]: (column.get("comment"), column.get("parameters")) for column in columns}


def test_files_of_a_dataset_have_its_classes(prod_graph: Graph) -> None:
    for name, dataset in DATASETS.items():
        columns = columns_of(prod_graph, f"{name}_files")
        classed = {column: given for column, given in columns.items() if given != (None, None)}
        assert classed == {column: (named, {"class": named}) for column, named in dataset.classes.items()}


def test_refused_rows_have_the_strictest_class_of_their_dataset(prod_graph: Graph) -> None:
    strictest = {"members": "sensitive", "readings": "personal", "parcels": None}
    for name, named in strictest.items():
        assert columns_of(prod_graph, f"{name}_quarantine")["original"][0] == named

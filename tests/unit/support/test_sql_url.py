"""The URL of a real SQL Server is parsed whole, and its password is never shown."""

import pytest

from tests.support.sql import address_of

PASSWORD = "s3cret:/@#?"
QUOTED = "s3cret%3A%2F%40%23%3F"


@pytest.fixture
def certificate(tmp_path):
    file = tmp_path / "server.pem"
    file.write_text("PEM")
    return file


def test_a_url_is_read_with_what_its_password_holds(certificate):
    # when
    address = address_of(f"mssql://sa:{QUOTED}@db.example:14330/tests?certificate={certificate}")

    # then
    assert (address.host, address.port, address.database, address.user) == ("db.example", 14330, "tests", "sa")
    assert (address.password, address.certificate) == (PASSWORD, "PEM")
    assert "s3cret" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        f"mssql://sa:{PASSWORD}@db.example/tests?certificate=x",
        "mssql://sa:s3cret/more@db.example/tests?certificate=x",
        "mssql://sa:s3cret@db.example/tests",
        "mssql://sa:s3cret@/tests?certificate=x",
        "mssql://s3cret@db.example/tests?certificate=x",
        "mssql://sa:[s3cret@db.example/tests?certificate=x",
    ],
)
def test_a_url_of_another_form_is_refused_without_showing_it(url):
    with pytest.raises(ValueError, match="MSSQL_URL has another form") as refused:
        address_of(url)
    assert "s3cret" not in str(refused.value)

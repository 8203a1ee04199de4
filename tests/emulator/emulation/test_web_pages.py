"""The emulator refuses pages of other sites: for AWS's operations and for its own paths."""

import pytest
import urllib3

from ops.stack.target import local_session

pytestmark = pytest.mark.emulator

HTTP = urllib3.PoolManager(retries=False)
PATHS = [("GET", "/_ministack/sqs/messages"), ("POST", "/_ministack/reset"), ("GET", "/"), ("OPTIONS", "/any-bucket")]
FOREIGN = [{"Origin": "https://site.example"}, {"Host": "rebound.example:4566"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_page_of_another_site_is_refused(engine_emulator, method, path, headers):
    answer = HTTP.request(method, f"{engine_emulator.endpoint}{path}", headers=headers)
    assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (403, None)
    assert answer.data.startswith(b"refused: ")


def test_page_of_this_machine_is_answered(engine_emulator):
    # given the API's page, for which the browser asks whether it may send
    headers = {"Origin": "http://127.0.0.1:8080", "Access-Control-Request-Method": "POST"}
    answer = HTTP.request("OPTIONS", f"{engine_emulator.endpoint}/restapis", headers=headers)
    assert answer.status < 300


def test_bucket_as_a_host_name_is_answered(engine_emulator):
    # given a bucket, which some clients address by its host name
    s3 = local_session("eu-west-1").client("s3", endpoint_url=engine_emulator.endpoint)
    s3.create_bucket(Bucket="by-name", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="by-name", Key="x", Body=b"found")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "by-name", "Key": "x"})
    assert HTTP.request("GET", url).data == b"found"

    # then its host is not a reason to refuse
    host = f"by-name.s3.localhost:{engine_emulator.port}"
    answer = HTTP.request("GET", f"{engine_emulator.endpoint}/x", headers={"Host": host})
    assert not answer.data.startswith(b"refused: ")

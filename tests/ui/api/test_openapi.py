"""The OpenAPI document says what the server does: every route is tried with requests made from it, sound and unsound."""

import json
import os

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    not_a_server_error,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from convrec.core.settings import Server
from tests.ui.api.conftest import KEYS
from tests.ui.api.served import serving

pytestmark = pytest.mark.ci

EXAMPLES = int(os.environ.get("CONVREC_FUZZ", "10"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def test_the_document_has_an_example_of_every_body(client):
    document = client.get("/openapi.json").json()
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    shapes = [document["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]] for body in bodies if "$ref" in body]
    assert shapes
    assert all(shape.get("examples") for shape in shapes)


def test_every_route_of_the_api_says_that_it_takes_a_key(client):
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith("/v1/"), path


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("key", ["key-of-ana", pytest.param("key-of-admin", marks=pytest.mark.ci)])
def test_no_request_made_from_the_document_breaks_the_server(agent, key, mode):
    with serving(agent, json.dumps(KEYS), Server(requests_per_minute=0, queue=1_000)) as url:
        tried = set()
        for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
            operation = found.ok()
            if (operation.method, operation.path) == ("delete", "/v1/users/{user_id}"):
                continue  # a forgetting writes the database anew: it is tried by itself

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=True,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def answered(case):
                response = case.call(base_url=url, headers={"Authorization": f"Bearer {key}"})
                case.validate_response(response, checks=CHECKS)

            try:
                answered()
            except Unsatisfiable:  # nothing about this route can be wrong
                continue
            tried.add(operation.path)
        assert len(tried) >= 10, tried
        assert httpx.get(f"{url}/readyz").status_code == 200

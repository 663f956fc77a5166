"""The OpenAPI document, the page that shows it, and docs/api.md agree with the API."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.validation import validate_schema

from tests.infrastructure.api import MakeApi

GUIDES = (
    "api.md",
    "api-tickets.md",
    "api-door.md",
    "api-subscriptions.md",
    "api-access.md",
)
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(api: MakeApi) -> dict[str, Any]:
    answer = api().get("/schema")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By 'PUT /api/v1/…'."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_yaml_is_served_to_who_asks_for_it(api: MakeApi) -> None:
    answer = api().client.get("/api/v1/schema", headers={"Accept": "application/yaml"})

    assert answer["Content-Type"] == "application/yaml; charset=utf-8"
    assert answer.content.startswith(b"openapi: 3.1.0")


def test_every_operation_is_told_in_words(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["operationId"], name


def test_every_refusal_has_the_one_shape(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                schema = answer["content"]["application/json"]["schema"]
                # A scanner is told more, beside the one shape.
                is_scan = name.endswith("/scan") and status in {"404", "409"}
                shape = "RefusedScan" if is_scan else "Errors"
                assert schema == {"$ref": f"#/components/schemas/{shape}"}, (name, status)


def test_what_creates_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    taking = {
        name
        for name, operation in operations(document).items()
        if any(found["name"] == "Idempotency-Key" for found in operation.get("parameters", []))
    }

    # Validating writes nothing: again is the same. A scan has an id of its own for that, and
    # what is undone can't be undone again.
    creating = {name for name in operations(document) if name.startswith("POST ")}
    assert taking == creating - {
        "POST /api/v1/tickets/{ticketCode}/validate",
        "POST /api/v1/admin/tickets/{ticketCode}/scan",
        "POST /api/v1/admin/tickets/scans/{id}/undo",
    }


def test_what_is_open_to_everybody(document: dict[str, Any]) -> None:
    unlocked = {
        name for name, operation in operations(document).items() if {} in operation["security"]
    }

    assert unlocked == {
        "GET /api/v1/access",
        "GET /api/v1/access/{slug}",
        "GET /api/v1/bookings/rooms",
        "GET /api/v1/bookings/rooms/{id}",
        "GET /api/v1/bookings/rooms/{id}/timeslots",
        "GET /api/v1/events",
        "GET /api/v1/events/{id}",
        "GET /api/v1/plans",
        "GET /api/v1/resources",
        "GET /api/v1/resources/{slug}",
        "GET /api/v1/resources/{slug}/file",
        "POST /api/v1/tickets/{ticketCode}/validate",
    }


def test_names_are_camel_case(document: dict[str, Any]) -> None:
    names = {
        name
        for schema in document["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    names |= {
        found["name"]
        for operation in operations(document).values()
        for found in operation.get("parameters", [])
        if found["in"] == "query"
    }

    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    client = Client()
    answer = client.get("/api/docs")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    [script] = re.findall(r'src="(/api/docs[^"]*)"', page)
    assert client.get(script)["Content-Type"].startswith("application/javascript")


# --- docs/api.md --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guide() -> str:
    docs: Path = settings.BASE_DIR / "docs"
    return "".join((docs / name).read_text(encoding="utf-8") for name in GUIDES)


def test_the_guide_has_every_operation(document: dict[str, Any], guide: str) -> None:
    missing = []
    for name in operations(document):
        method, path = name.split(" ")
        told = f"`{method} {path.removeprefix('/api/v1')}`"
        if told not in guide:
            missing.append(told)
    assert missing == []


def test_the_guide_has_every_code(document: dict[str, Any], guide: str) -> None:
    said = json.dumps([operation["responses"] for operation in operations(document).values()])
    codes = {
        code for listed in re.findall(r"Codes: (.*?)\.\"", said) for code in listed.split(", ")
    }

    assert len(codes) >= 10
    assert [code for code in codes if f"| {code} |" not in guide] == []

"""A house with plans and with things that they open, for the browser tests of step 7."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from access import navigation
from access.models import Plan, Resource
from access.states import ResourceKind
from tests.infrastructure.plans import MakePlan

HANDBOOK = b"%PDF the handbook"


@dataclass
class Club:
    """Basic (10.00 a month, 14 days free) and Plus (30.00 a month); a text, a file, a link."""

    basic: Plan
    plus: Plan
    text: Resource
    file: Resource
    link: Resource


@pytest.fixture
def club(make_plan: MakePlan, private_files: Path, site: str) -> Club:
    basic = make_plan(trial_days=14)
    plus = make_plan("plus", rank=2, price=Decimal(30))
    found = Club(
        basic=basic,
        plus=plus,
        text=Resource.objects.create(
            slug="recordings",
            title="Recordings",
            summary="Every class since spring.",
            plan=basic,
            body="# Spring\n\nAll classes, to **see again**.\n\n| week |\n|-|\n| 1 |",
        ),
        file=Resource.objects.create(
            slug="handbook",
            title="Handbook",
            plan=plus,
            kind=ResourceKind.FILE,
            file_name="Handbook.pdf",
        ),
        link=Resource.objects.create(
            slug="questions",
            title="Ask a teacher",
            plan=plus,
            kind=ResourceKind.LINK,
            url=f"{site}/events?search=asked",
        ),
    )
    found.file.file.save("Handbook.pdf", ContentFile(HANDBOOK))
    navigation.keep(None)
    return found

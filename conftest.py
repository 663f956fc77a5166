"""What every test may count on; the fixtures themselves live in tests/infrastructure."""

pytest_plugins = [
    "tests.infrastructure.browser",
    "tests.infrastructure.camera",
    "tests.infrastructure.clean",
    "tests.infrastructure.files",
    "tests.infrastructure.needs",
    "tests.infrastructure.races",
    "tests.infrastructure.selection",
    "tests.infrastructure.world",
    "tests.infrastructure.events",
    "tests.infrastructure.plans",
    "tests.infrastructure.club",
    # After the world: it takes its clock from there.
    "tests.infrastructure.api",
    "tests.infrastructure.door",
    "tests.infrastructure.pages",
    "tests.infrastructure.stripe",
]

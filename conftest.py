"""What every test may count on; the fixtures themselves live in tests/infrastructure."""

pytest_plugins = [
    "tests.infrastructure.browser",
    "tests.infrastructure.clean",
    "tests.infrastructure.needs",
    "tests.infrastructure.races",
    "tests.infrastructure.selection",
    "tests.infrastructure.world",
    "tests.infrastructure.events",
    # After the world: it takes its clock from there.
    "tests.infrastructure.api",
    "tests.infrastructure.pages",
]

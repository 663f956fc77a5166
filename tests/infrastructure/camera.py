"""A camera that shows what a test holds before it: a film in a file, read by a real Chromium."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Playwright

from tests.infrastructure.browser import CHROMIUM_OPTIONS, chromium_path
from tickets import artwork

WIDTH, HEIGHT = 640, 480


class Camera:
    """Its film is read when a page opens the camera: show first, then open or reload."""

    def __init__(self, film: Path) -> None:
        self.film = film
        self.show_nothing()

    def show(self, *codes: str) -> None:
        """QR codes side by side, as large as fits."""
        picture = Image.new("L", (WIDTH, HEIGHT), 128)
        side = min(HEIGHT - 60, (WIDTH - 20) // len(codes) - 20)
        for number, code in enumerate(codes):
            png = Image.open(io.BytesIO(artwork.qr_png(code)))
            qr = png.convert("L").resize((side, side), Image.Resampling.NEAREST)
            left = (WIDTH // len(codes)) * number + (WIDTH // len(codes) - side) // 2
            picture.paste(qr, (left, (HEIGHT - side) // 2))
        self._write(picture)

    def show_nothing(self) -> None:
        self._write(Image.new("L", (WIDTH, HEIGHT), 90))

    def _write(self, picture: Image.Image) -> None:
        head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
        colours = bytes([128]) * (WIDTH * HEIGHT // 2)
        self.film.write_bytes(head + (b"FRAME\n" + picture.tobytes() + colours) * 2)


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return Camera(tmp_path_factory.mktemp("camera") / "film.y4m")


@pytest.fixture(scope="session")
def browser_with_camera(playwright: Playwright, camera: Camera) -> Iterator[Browser]:
    """A second Chromium whose camera is the film; it asks nobody for leave."""
    chromium = playwright.chromium.launch(
        executable_path=chromium_path(),
        args=[
            *CHROMIUM_OPTIONS,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera.film}",
            # An address that is not secure, which gives no camera.
            "--host-resolver-rules=MAP insecure.test 127.0.0.1",
        ],
    )
    yield chromium
    chromium.close()

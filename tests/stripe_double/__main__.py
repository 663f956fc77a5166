"""The double by hand:

python -m tests.stripe_double --port 8170 --webhook http://127.0.0.1:8000/api/v1/webhooks/stripe
python -m tests.stripe_double --run     the site too, with its payments going there: make run-stripe
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from scripts.console import ROOT
from tests.stripe_double import DEFAULT_KEY, DEFAULT_SECRET, StripeDouble


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stripe_double")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8170)
    parser.add_argument("--webhook", default="", help="where signed events go")
    parser.add_argument("--secret", default=DEFAULT_SECRET, help="what they are signed with")
    parser.add_argument("--key", default=DEFAULT_KEY, help="the API key that is let in")
    parser.add_argument("--file", type=Path, help="keep the books there, over a restart too")
    parser.add_argument("--run", action="store_true", help="run the site beside it")
    given = parser.parse_args()
    site = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
    if given.run:
        given.webhook = given.webhook or f"{site}/api/v1/webhooks/stripe"
        # The site's rows outlive a restart, so the other side's must as well.
        given.file = given.file or ROOT / "var" / "stripe-double.json"
        given.file.parent.mkdir(exist_ok=True)
    double = StripeDouble(
        host=given.host,
        port=given.port,
        webhook_url=given.webhook,
        webhook_secret=given.secret,
        api_key=given.key,
        file=given.file,
    )
    if given.run:
        with double:
            print(f"A double of Stripe listens on {double.url}", flush=True)
            sys.exit(_run_site(double))
    over = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: over.set())
    with double:
        print(f"A double of Stripe listens on {double.url}", flush=True)
        over.wait()


def _run_site(double: StripeDouble) -> int:
    env = os.environ | {
        "PAYMENT_PROVIDER": "stripe",
        "STRIPE_SECRET_KEY": double.api_key,
        "STRIPE_WEBHOOK_SECRET": double.webhook_secret,
        "STRIPE_API_BASE": double.url,
    }
    process = subprocess.Popen([sys.executable, "-m", "scripts.run"], cwd=ROOT, env=env)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A Ctrl-C reaches both; the site says when it has ended.
        signal.signal(signum, lambda signum, _: process.send_signal(signum))
    return process.wait()


if __name__ == "__main__":
    main()

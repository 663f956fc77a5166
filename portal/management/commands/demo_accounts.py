from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo.people import ACCOUNTS, PASSWORD


class Command(BaseCommand):
    help = "Show whom one can sign in as in the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DJANGO_ENV != "demo":
            raise CommandError(
                f"Only the demo has such accounts, and DJANGO_ENV is '{settings.DJANGO_ENV}'."
            )
        width = max(len(account.role) for account in ACCOUNTS)
        reach = max(len(account.email) for account in ACCOUNTS)
        self.stdout.write("Sign in as:")
        for account in ACCOUNTS:
            page = "/admin/" if account.is_staff else "/bookings"
            self.stdout.write(f"  {account.role:<{width}}  {account.email:<{reach}}  {page}")
        self.stdout.write(f"  The password of all of them: {PASSWORD}")

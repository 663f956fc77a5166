from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from common.errors import DomainError
from portal.services import anonymise


class Command(BaseCommand):
    help = "Forget a person for ever: empty name, address, notes and mails, close the account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whom to forget")
        parser.add_argument("--by", required=True, help="the superuser who does it")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=options["email"].strip().lower()).first()
        by = User.objects.filter(email=options["by"].strip().lower(), is_active=True).first()
        if person is None or by is None:
            raise CommandError(f"Nobody has the address {options['by' if person else 'email']}.")
        try:
            anonymise(user_id=person.pk, by=by, at=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Person {person.pk} is forgotten.")

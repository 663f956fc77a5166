"""People on staff pages: only a superuser changes them, and nobody is deleted."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from accounts.models import User
from accounts.roles import FRONT_DESK, MANAGER
from tests.infrastructure.pages import MakeVisitor, Visitor
from tests.infrastructure.staff import post, tick
from tests.infrastructure.world import MakeUser

PEOPLE = "/admin/accounts/user/"
GROUPS = "/admin/auth/group/"
SECRET = "a long and plain sentence"


@pytest.fixture
def superuser(make_user: MakeUser) -> User:
    user: User = make_user("root@example.com", is_staff=True, is_superuser=True, name="Root")
    return user


def page_of(person: User, deed: str = "change") -> str:
    return f"{PEOPLE}{person.pk}/{deed}/"


def typed(person: User, **fields: Any) -> dict[str, Any]:
    """The change form as it stands."""
    switches = {
        name: "on" for name in ("is_active", "is_staff", "is_superuser") if getattr(person, name)
    }
    groups = [str(pk) for pk in person.groups.values_list("pk", flat=True)]
    return {"email": person.email, "name": person.name, "groups": groups, **switches} | fields


def people() -> list[object]:
    return [
        # Signing in is written too, and is no deed.
        [row | {"last_login": None} for row in User.objects.order_by("pk").values()],
        list(User.groups.through.objects.order_by("pk").values()),
        list(EmailAddress.objects.order_by("pk").values()),
    ]


@pytest.mark.parametrize("who", ["front_desk", "manager", "anybody_with_permissions"])
def test_who_is_no_superuser_looks_and_changes_nobody(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    make_user: MakeUser,
    customer: User,
    who: str,
) -> None:
    if who == "anybody_with_permissions":
        user: User = make_user("climber@example.com", is_staff=True)
        user.user_permissions.set(Permission.objects.all())
    else:
        user = request.getfixturevalue(who)
    visitor = visit(user)
    before = people()

    assert "ada@example.com" in visitor.get(PEOPLE, q="Lovelace").text
    assert "ada@example.com" in visitor.get(page_of(customer)).text
    up = {"is_staff": "on", "is_superuser": "on", "email": user.email}
    for person in (customer, user):
        assert visitor.post(page_of(person), **up).status == 403
        assert visitor.post(page_of(person, "delete"), post="yes").status == 403
        password = {"password1": SECRET, "password2": SECRET}
        assert visitor.post(page_of(person, "password"), **password).status == 403
    assert visitor.post(f"{PEOPLE}add/", **up).status == 403
    assert visitor.get(GROUPS).status == 403
    tick(visitor, PEOPLE, "delete_selected", [customer.pk])
    assert people() == before


def test_a_superuser_makes_a_staff_account(visit: MakeVisitor, superuser: User) -> None:
    desk = Group.objects.get(name=FRONT_DESK)

    post(
        visit(superuser),
        f"{PEOPLE}add/",
        {
            "email": " New@Example.com ",
            "name": "Nina New",
            "usable_password": "true",
            "password1": SECRET,
            "password2": SECRET,
            "is_staff": "on",
            "groups": [str(desk.pk)],
        },
    )

    made = User.objects.get(email="new@example.com")
    assert (made.name, made.is_staff, made.is_superuser) == ("Nina New", True, False)
    assert made.check_password(SECRET)
    assert list(made.groups.all()) == [desk]
    # The first sign-in asks for a code: nobody but its owner proves an address.
    assert list(EmailAddress.objects.filter(user=made).values_list("email", "verified")) == [
        ("new@example.com", False)
    ]


def test_an_account_may_go_without_a_password(visit: MakeVisitor, superuser: User) -> None:
    fields = {"email": "new@example.com", "name": "", "usable_password": "false"}

    post(visit(superuser), f"{PEOPLE}add/", fields)

    assert not User.objects.get(email="new@example.com").has_usable_password()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"email": "ADA@example.com"}, "has this address already", id="taken"),
        pytest.param({"email": "no address"}, "valid email", id="no-address"),
        pytest.param({"password2": "another"}, "match", id="two-passwords"),
        pytest.param({"is_staff": ""}, "Tick this as well", id="group-without-staff"),
    ],
)
def test_nonsense_is_refused_in_words(
    visit: MakeVisitor, superuser: User, customer: User, fields: dict[str, str], words: str
) -> None:
    manager_group = Group.objects.get(name=MANAGER)
    before = people()
    sent = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": SECRET,
        "password2": SECRET,
        "is_staff": "on",
        "groups": [str(manager_group.pk)],
    } | fields

    page = post(visit(superuser), f"{PEOPLE}add/", {name: v for name, v in sent.items() if v})

    assert words in page.text
    assert people() == before


def test_a_superuser_changes_groups_and_switches_off(
    visit: MakeVisitor, superuser: User, customer: User
) -> None:
    manager_group = Group.objects.get(name=MANAGER)
    visitor = visit(superuser)

    sent = typed(customer, is_staff="on", groups=[str(manager_group.pk)])
    post(visitor, page_of(customer), sent)
    customer.refresh_from_db()
    assert (customer.is_staff, list(customer.groups.all())) == (True, [manager_group])
    assert customer.has_verified_email

    sent = typed(customer)
    del sent["is_active"]
    post(visitor, page_of(customer), sent)
    customer.refresh_from_db()
    assert not customer.is_active


def test_nobody_locks_themselves_out(visit: MakeVisitor, superuser: User) -> None:
    visitor = visit(superuser)
    before = people()

    page = post(visitor, page_of(superuser), {"email": superuser.email, "name": "Root"})

    assert page.text.count("You would lock yourself out.") == 3
    assert people() == before


def test_a_new_address_has_to_be_proved_anew(
    visit: MakeVisitor, superuser: User, customer: User
) -> None:
    post(visit(superuser), page_of(customer), typed(customer, email="Countess@Example.com"))

    customer.refresh_from_db()
    assert customer.email == "countess@example.com"
    assert list(EmailAddress.objects.filter(user=customer).values_list("email", "verified")) == [
        ("countess@example.com", False)
    ]


def test_a_superuser_sets_a_password(visit: MakeVisitor, superuser: User, customer: User) -> None:
    fields = {"usable_password": "true", "password1": SECRET, "password2": SECRET}

    post(visit(superuser), page_of(customer, "password"), fields)

    customer.refresh_from_db()
    assert customer.check_password(SECRET)


def test_not_even_a_superuser_deletes_people_or_rewrites_groups(
    visit: MakeVisitor, superuser: User, customer: User
) -> None:
    visitor: Visitor = visit(superuser)
    group = Group.objects.get(name=FRONT_DESK)
    before = people(), list(group.permissions.order_by("pk"))

    assert visitor.get(page_of(customer)).status == 200
    assert visitor.post(page_of(customer, "delete"), post="yes").status == 403
    assert "Can close and reopen timeslots" in visitor.get(f"{GROUPS}{group.pk}/change/").text
    for deed in ("change", "delete"):
        assert visitor.post(f"{GROUPS}{group.pk}/{deed}/", name="Mine", post="yes").status == 403

    assert (people(), list(group.permissions.order_by("pk"))) == before


def test_codes_and_keys_of_people_are_no_pages(visit: MakeVisitor, superuser: User) -> None:
    visitor = visit(superuser)

    for path in ("account/emailaddress", "account/emailconfirmation", "mfa/authenticator"):
        assert visitor.get(f"/admin/{path}/").status == 404


def test_createsuperuser_without_questions(
    db: None, monkeypatch: pytest.MonkeyPatch, visit: MakeVisitor
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", SECRET)

    call_command("createsuperuser", "--noinput", "--email", "Boss@Example.com", verbosity=0)

    user = User.objects.get()
    assert (user.email, user.is_superuser, user.is_staff) == ("boss@example.com", True, True)
    assert user.check_password(SECRET)
    assert user.has_verified_email
    assert visit(user).get("/admin/").status == 200

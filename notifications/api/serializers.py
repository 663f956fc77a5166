"""Mails, as staff see them: what became of each, never what it says."""

from rest_framework import serializers

from common.api.serializers import InstantField, Serializer
from notifications.states import MailState


class MailSerializer(Serializer):
    """One mail to one person."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField(source="kind_title", help_text="The kind, in words.")
    to = serializers.CharField()
    subject = serializers.CharField(allow_blank=True, help_text="Empty until it was built.")
    status = serializers.ChoiceField(choices=MailState.choices, source="state")
    tries = serializers.IntegerField()
    last_error = serializers.CharField(allow_blank=True)
    is_secret = serializers.BooleanField(
        help_text="An account mail (a code, a link to reset): never sent again."
    )
    copy_of = serializers.IntegerField(
        source="copy_of_id", allow_null=True, help_text="The mail that this one repeats."
    )
    created_at = InstantField()
    sent_at = InstantField(allow_null=True)


class MailQuery(Serializer):
    status = serializers.ChoiceField(choices=MailState.choices, required=False, source="state")

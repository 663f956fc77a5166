"""Shapes that more than one app answers with or takes."""

from rest_framework import serializers

from common.api.serializers import Serializer


class PersonSerializer(Serializer):
    """Whose it is, for staff."""

    id = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


class CancelInputSerializer(Serializer):
    """Why, if one likes to say it."""

    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )

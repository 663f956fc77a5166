"""Resources, as everybody sees them, as they are when they are open, and as staff write them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access import markdown
from access.api.serializers.decisions import DecisionSerializer
from access.models import Plan, Resource
from access.services.resources import LONGEST_TEXT
from access.states import ResourceKind
from bookings.models import Room
from common.api.serializers import IdField, InstantField, ModelSerializer, Serializer
from tickets.models import Event


class FacesSerializer(Serializer):
    """What everybody may know of a resource."""

    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=ResourceKind.choices)
    is_public = serializers.BooleanField()
    plan_id = serializers.IntegerField(allow_null=True)
    room_id = serializers.IntegerField(allow_null=True)
    event_id = serializers.IntegerField(allow_null=True)


# Its context has `decisions`, by resource id.
class ResourceSerializer(FacesSerializer):
    """A resource and whether it is open."""

    access = serializers.SerializerMethodField()

    @extend_schema_field(DecisionSerializer)
    def get_access(self, resource: Resource) -> Any:
        return DecisionSerializer().to_representation(self.context["decisions"][resource.pk])


class OpenResourceSerializer(ResourceSerializer):
    """What is in it, for who may come in."""

    body = serializers.CharField(allow_blank=True, help_text="Markdown.")
    html = serializers.SerializerMethodField(help_text="The same as safe HTML, from h2 on.")
    url = serializers.CharField(source="target", help_text="Of a link: where it leads now.")
    file_name = serializers.CharField(help_text="Of a file; `/resources/{slug}/file` is it.")

    def get_html(self, resource: Resource) -> str:
        return markdown.rendered(resource.body)


class StaffResourceSerializer(FacesSerializer):
    """All that staff have written."""

    id = serializers.IntegerField()
    body = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)
    file_name = serializers.CharField(allow_blank=True)
    made_for = serializers.CharField(
        allow_null=True, help_text="`room:5`, `event:7`: the meeting link of one of these."
    )
    created_at = InstantField()
    updated_at = InstantField()


class _RowField(IdField):
    """The id of a row that has to be there."""

    def __init__(self, rows: Any, what: str, **kwargs: Any) -> None:
        self.rows, self.what = rows, what
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        number = super().to_internal_value(data)
        if not self.rows.filter(pk=number).exists():
            raise serializers.ValidationError(f"There is no such {self.what}.", code="invalid")
        return number

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # A form knows no null: there an empty field says it.
        return super().validate_empty_values(None if data == "" else data)


class ResourceInputSerializer(ModelSerializer):
    """A resource as staff write it; `file` comes as multipart/form-data."""

    # Whether it is taken the service says: a repeat of the same request must get that far.
    slug = serializers.SlugField(max_length=80)
    body = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_TEXT, trim_whitespace=False
    )
    plan_id = _RowField(Plan.objects.all(), "plan", required=False, allow_null=True)
    room_id = _RowField(Room.objects.all(), "room", required=False, allow_null=True)
    event_id = _RowField(Event.objects.all(), "event", required=False, allow_null=True)
    file = serializers.FileField(required=False, allow_empty_file=True, max_length=1_000)

    class Meta:
        model = Resource
        fields = [
            "slug",
            "title",
            "summary",
            "kind",
            "body",
            "url",
            "file",
            "is_public",
            "plan_id",
            "room_id",
            "event_id",
        ]

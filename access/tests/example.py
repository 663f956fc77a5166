"""Another app's views behind resources, in each of the ways that docs/access.md shows."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.views.generic import View
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from access.api.permissions import HasAccess
from access.guards import AccessRequiredMixin, access_required

PART = """{% load access %}{% if_access "course" %}in{% else %}out{% end_if_access %} \
{% if_access "course" %}in{% end_if_access %}{% if_access no %}{% else %}out{% end_if_access %}"""


@access_required("course")
def lesson(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the lesson")


@access_required(kwarg="course")
def by_argument(request: HttpRequest, course: str) -> HttpResponse:
    return HttpResponse(f"the lesson of {course}")


@access_required(lambda request, number: f"lesson-{number}")
def by_function(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(f"lesson {number}")


class Lesson(AccessRequiredMixin, View):
    access_resource = "course"

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("the lesson")

    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("handed in")


class LessonApi(APIView):
    permission_classes = [HasAccess]
    access_resource = "course"

    def get(self, request: ApiRequest) -> Response:
        return Response({"lesson": 1})


class Forgotten(APIView):
    permission_classes = [HasAccess]

    def get(self, request: ApiRequest) -> Response:
        return Response({"lesson": 1})


def part(request: HttpRequest) -> HttpResponse:
    template: Any = engines["django"].from_string(PART)
    return HttpResponse(template.render({"no": "nowhere"}, request))


urlpatterns = [
    path("lesson", lesson),
    path("lesson/<slug:course>", by_argument),
    path("number/<int:number>", by_function),
    path("class", Lesson.as_view()),
    path("part", part),
    path("api/v1/lesson", LessonApi.as_view()),
    path("api/v1/forgotten", Forgotten.as_view()),
    path("", include("config.urls")),
]

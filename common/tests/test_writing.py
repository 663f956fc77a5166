"""A serializer that is kept writes each row in the context that it was asked in."""

from typing import Any

from rest_framework import serializers

from common.api.serializers import Serializer
from common.api.writing import write


class Leaf(Serializer):
    name = serializers.CharField()
    tone = serializers.SerializerMethodField()

    def get_tone(self, row: dict[str, Any]) -> str:
        return str(self.context["tone"])


class Branch(Serializer):
    leaf = Leaf()
    inner = serializers.SerializerMethodField()

    def get_inner(self, row: dict[str, Any]) -> Any:
        below = row.get("below")
        return below and write(below, Branch, context={"tone": "inner"})


def test_each_call_has_its_own_context() -> None:
    row = {"name": "a"}

    written = [write(row, Leaf, context={"tone": tone})["tone"] for tone in ("one", "two")]

    assert written == ["one", "two"]


def test_one_may_write_another_of_its_kind_within() -> None:
    row = {"leaf": {"name": "a"}, "below": {"leaf": {"name": "b"}}}

    assert write(row, Branch, context={"tone": "outer"}) == {
        "leaf": {"name": "a", "tone": "outer"},
        "inner": {"leaf": {"name": "b", "tone": "inner"}, "inner": None},
    }
    assert write(row["leaf"], Leaf, context={"tone": "after"})["tone"] == "after"

"""The OpenAPI document: every operation names the errors it can answer with."""

from drf_standardized_errors.openapi import AutoSchema as StandardAutoSchema


class AutoSchema(StandardAutoSchema):
    """The house's schema: tags by the first word behind /api/v1."""

    def get_tags(self) -> list[str]:
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        rest = words[2:] if words[:2] == ["api", "v1"] else words
        if rest[:1] == ["admin"]:
            return ["admin " + rest[1]] if len(rest) > 1 else ["admin"]
        return rest[:1]

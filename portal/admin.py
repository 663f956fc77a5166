"""The door of the staff pages."""

from django.contrib import admin

from portal.staff import enter, leave

admin.site.login = enter  # type: ignore[method-assign,assignment]
admin.site.logout = leave  # type: ignore[method-assign,assignment]
admin.site.index_title = "Today"

"""Lists: `{count, next, previous, results}`, `?page=`, `?pageSize=`."""

from rest_framework.pagination import PageNumberPagination


class Pagination(PageNumberPagination):
    """25 a page; `pageSize` up to 100, more is capped; a page beyond the end is 404."""

    page_size = 25
    page_size_query_param = "pageSize"
    max_page_size = 100

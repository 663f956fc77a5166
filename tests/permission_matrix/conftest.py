"""The world that the matrix is asked about."""

from tests.permission_matrix.world import world

__all__ = ["world"]

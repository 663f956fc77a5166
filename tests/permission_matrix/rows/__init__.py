"""Every address and method of ours, by theme."""

from tests.permission_matrix.rows import access, bookings, house, money, tickets

ROWS = [*bookings.ROWS, *tickets.ROWS, *access.ROWS, *money.ROWS, *house.ROWS]

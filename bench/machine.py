"""What the figures were measured on: without it they mean nothing."""

import os
import platform


def describe() -> str:
    """The machine, the database and how busy both are, in three lines."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT @@version, @@innodb_buffer_pool_size, @@innodb_flush_log_at_trx_commit"
        )
        version, pool, flush = cursor.fetchone()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}; "
        f"busy before we began: {os.getloadavg()[0]:.1f} processes\n"
        f"MariaDB {version}, buffer pool {pool // 2**20} MB, flush at commit {flush}"
    )

#!/bin/sh
# Prints the path of a Python that can carry the project, or says in one sentence why there is none.
# Each candidate is run, not merely looked up: version managers leave names on PATH that only fail.
# PYTHON=/path/to/python names one and skips the search.

right_version='import sys; sys.exit(sys.version_info < (3, 11))'
can_make_venv='import ensurepip, sys, venv; print(sys.executable)'
too_old=''
without_venv=''

for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    version=$("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
    if ! "$candidate" -c "$right_version" 2>/dev/null; then
        too_old=${too_old:-"$candidate is $version"}
    elif path=$("$candidate" -c "$can_make_venv" 2>/dev/null); then
        echo "$path"
        exit 0
    else
        without_venv=${without_venv:-$candidate}
    fi
done

if [ -n "$without_venv" ]; then
    echo "Python's venv module is missing for $without_venv: install it (on Debian and Ubuntu: apt-get install python3-venv) and run make again." >&2
elif [ -n "$too_old" ]; then
    echo "Python 3.11 or newer is needed, and $too_old: install a newer one, or name it with PYTHON=/path/to/python3.11 make ..." >&2
elif [ -n "$PYTHON" ]; then
    echo "PYTHON=$PYTHON does not run: name a Python 3.11 or newer, or leave PYTHON unset." >&2
else
    echo "Python 3.11 or newer is needed and none was found: install it, or name it with PYTHON=/path/to/python3.11 make ..." >&2
fi
exit 1

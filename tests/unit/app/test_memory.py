from __future__ import annotations

import platform

from holdfast.app.memory import frugal


def test_the_c_library_takes_the_settings_where_it_is_glibc_and_nothing_happens_elsewhere() -> None:
    assert frugal() is (platform.libc_ver()[0] == "glibc")

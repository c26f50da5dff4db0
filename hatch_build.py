"""Builds the one compiled module, `holdfast.kube.native._native`, where there is a C compiler. Without one everything works, slower."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "holdfast.kube.native._native"
PLACE = "src/holdfast/kube/native"


class NativeModule(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        built = Path(self.root, PLACE, "_native" + sysconfig.get_config_var("EXT_SUFFIX"))
        try:
            compile_to(sorted(Path(self.root, PLACE).glob("*.c")), built)
        except BaseException as err:  # distutils leaves with SystemExit where a compiler is missing
            if isinstance(err, KeyboardInterrupt):
                raise
            built.unlink(missing_ok=True)
            self.app.display_warning(f"{MODULE} is not built, Python does its work, slower: {err}")
            return
        if version != "editable":
            build_data.update(pure_python=False, infer_tag=True)
            build_data["artifacts"].append(f"/{built.relative_to(self.root).as_posix()}")


def compile_to(sources: list[Path], built: Path) -> None:
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    with tempfile.TemporaryDirectory() as scratch:
        flags = [] if sys.platform == "win32" else ["-fvisibility=hidden"]
        module = Extension(MODULE, [source.as_posix() for source in sources], extra_compile_args=flags)
        command = build_ext(Distribution({"name": "holdfast", "ext_modules": [module]}))
        command.build_lib = command.build_temp = scratch
        command.ensure_finalized()
        command.run()
        # Put in place whole: a running process may have the old one open.
        fresh = built.with_suffix(".new")
        shutil.copyfile(command.get_ext_fullpath(MODULE), fresh)
        fresh.replace(built)

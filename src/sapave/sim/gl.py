"""Which OpenGL draws: chosen before mujoco is imported, software where there is no GPU. Standard library only."""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = {"osmesa": "OSMesa", "egl": "EGL"}
"""Values of MUJOCO_GL that need no display, and the library each one opens."""
INSTALL = "apt-get install -y libosmesa6"
"""The one command that brings software OpenGL to Debian and Ubuntu."""
OFF = ("off", "disable", "disabled", "false", "0")


def opens(library: str) -> bool:
    """Whether the dynamic linker finds and loads `library` (named as for `-l`)."""
    found = ctypes.util.find_library(library)
    if found is None:
        return False
    try:
        ctypes.CDLL(found)
    except OSError:
        return False
    return True


def choose_gl() -> str | None:
    """`egl` beside an NVIDIA GPU, else `osmesa`; '' where mujoco knows by itself (not Linux); None: nothing found."""
    if sys.platform != "linux":
        return ""
    if Path("/dev/nvidiactl").exists() and opens("EGL") and opens("EGL_nvidia"):
        return "egl"
    return "osmesa" if opens("OSMesa") else None


def ensure_gl(*, required: bool = True) -> str:
    """Set MUJOCO_GL unless the user did; returns its value. Call before the first `import mujoco`.

    With `required=False` a machine without OpenGL gets `off`: models compile, nothing renders.
    ValueError when nothing can draw, with the command that installs it.
    """
    wanted = os.environ.get("MUJOCO_GL", "").lower().strip()
    if wanted in OFF and not required:
        return wanted
    if wanted:
        library = LIBRARIES.get(wanted)
        if library is not None and not opens(library):
            raise ValueError(f"MUJOCO_GL={wanted}, but lib{library} is not installed; unset it, or run: {INSTALL}")
        if wanted in OFF:
            raise ValueError(f"MUJOCO_GL={wanted} turns rendering off; unset it to render")
        return wanted
    chosen = choose_gl()
    if chosen is None:
        if required:
            raise ValueError(f"no OpenGL library found to render with; install it with: {INSTALL}")
        chosen = "off"
    if chosen:
        os.environ["MUJOCO_GL"] = chosen
    return chosen


def install() -> None:
    """Bring software OpenGL with apt-get, as root or through sudo without a password; ValueError when that fails."""
    apt = shutil.which("apt-get")
    prefix: list[str] = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (prefix and shutil.which("sudo") is None):
        raise ValueError(f"no OpenGL library found to render with; as root, run: {INSTALL}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    package = [*prefix, apt, "install", "-y", "--no-install-recommends", "libosmesa6"]
    # A fresh image has no package lists: fetch them only when the first try fails.
    for command in (package, [*prefix, apt, "update"], package):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if command is package and done.returncode == 0:
            return
    raise ValueError(f"no OpenGL library found, and apt-get could not install it; as root, run: {INSTALL}")


def main() -> int:
    """`python -m sapave.sim.gl [--install]`: print what would draw; 2 when nothing can."""
    parser = argparse.ArgumentParser(prog="python -m sapave.sim.gl", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install software OpenGL when none is found")
    arguments = parser.parse_args()
    try:
        if arguments.install and not os.environ.get("MUJOCO_GL") and choose_gl() is None:
            print("setup: installing software OpenGL (libosmesa6)", flush=True)
            install()
        print(f"rendering with {ensure_gl() or 'the system OpenGL'}")
    except ValueError as error:
        print(f"sapave: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

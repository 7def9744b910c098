"""The world to act in: robots, objects, furniture, scenes, tasks, cameras, experts."""

from sapave.sim.gl import ensure_gl

# The one decision made at import: mujoco binds its OpenGL when it is itself imported, so it must be chosen before.
ensure_gl(required=False)

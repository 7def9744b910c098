"""The world to act in: robots, objects, furniture, scenes, tasks, cameras, experts."""

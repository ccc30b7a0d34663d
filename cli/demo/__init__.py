"""The main job, driven from outside: the same doors that people and partners use."""

"""Optimizers, parameter groups, schedules, and the learning rate for a total batch."""

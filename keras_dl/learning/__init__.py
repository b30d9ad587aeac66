"""What tasks are made of: the task and the learner themselves, losses, and networks put together for learning."""

"""What a script without a guard does when it is imported."""

raise SystemExit(3)

"""What every HTTP request needs: who asks, a unit of work, bounds, and errors as replies."""

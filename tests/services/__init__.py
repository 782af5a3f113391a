"""The servers a test run needs, started by our own code: nothing outlives the run."""

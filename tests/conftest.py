"""What every test shares: how hypothesis searches."""

import os

from hypothesis import settings

# No deadline: machines are noisy, and a test is no benchmark. In CI the examples are the same every time; at
# home each run looks elsewhere.
settings.register_profile("home", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")

"""What every test shares: how hypothesis searches, and that ctrl-C reaches what tests start."""

import os
import signal

from hypothesis import settings

# No deadline: machines are noisy, and a test is no benchmark. In CI the examples are the same every time; at
# home each run looks elsewhere.
settings.register_profile("home", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")

# A shell that starts us in the background has us ignore it, and whatever we start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

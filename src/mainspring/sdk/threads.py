"""The threads that plain `def` functions work in: kept for the next one, and so many at once for tasks."""

import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: Threads that work at once for tasks; more of them wait for their turn.
MAX_THREADS = 64
#: An idle thread ends after this many seconds.
_IDLE = 30.0

Work = Callable[[], None]


class Threads:
    """Idle daemon threads, used again. Daemons, because user code that hangs must not hold up the exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.idle: deque[Thread] = deque()

    def start(self, work: Work) -> None:
        with self._lock:
            thread = self.idle.pop() if self.idle else None
            if thread is not None:
                thread.give(work)
                return
        Thread(self, work).start()

    def rest(self, thread: "Thread") -> None:
        with self._lock:
            self.idle.append(thread)

    def retire(self, thread: "Thread") -> bool:
        """True: nobody has given it work, and nobody will."""
        with self._lock:
            if thread in self.idle:
                self.idle.remove(thread)
                return True
            return False


class Thread(threading.Thread):
    def __init__(self, home: Threads, work: Work) -> None:
        super().__init__(name="mainspring-def", daemon=True)
        self._home = home
        #: At most one: it is given the next when it has come to rest. Of all ways to wake a thread the quickest.
        self._given: SimpleQueue[Work] = SimpleQueue()
        self.give(work)

    def give(self, work: Work) -> None:
        self._given.put(work)

    def run(self) -> None:
        while True:
            try:
                work = self._given.get(timeout=_IDLE)
            except Empty:
                if self._home.retire(self):
                    return
                continue  # it has just been given some
            work()
            del work  # keeps nothing of the run alive while idle
            self._home.rest(self)


#: Of this process.
pool = Threads()
_working = 0
_turns: deque[Work] = deque()
_turn_lock = threading.Lock()


def enter(work: Work) -> None:
    """Start now, or when one of those at work has left."""
    global _working
    with _turn_lock:
        if _working >= MAX_THREADS:
            _turns.append(work)
            return
        _working += 1
    pool.start(work)


def leave() -> None:
    """One of those at work has ended: the next gets its turn."""
    global _working
    with _turn_lock:
        following = _turns.popleft() if _turns else None
        if following is None:
            _working -= 1
    if following is not None:
        pool.start(following)

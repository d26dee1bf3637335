"""Submits trivial tasks to Python's AsyncPoolExecutor and prints the time as JSON.

The original (nb_aiopool's AsyncPoolExecutor) is rebuilt here from the description of its scheme, since it
cannot be taken for granted on the measuring machine: an asyncio loop in a thread, a bounded asyncio.Queue
with `size` consumer coroutines, and a submit that blocks on `run_coroutine_threadsafe(queue.put(...))`.

usage: python_executor.py <size> <count>
"""

import asyncio
import json
import sys
import threading
import time


class AsyncPoolExecutor:
    def __init__(self, size):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._wait_for(self._start(size))

    def submit(self, fn, *args):
        self._wait_for(self._queue.put((fn, args)))

    def join(self):
        self._wait_for(self._queue.join())

    def _wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _start(self, size):
        self._queue = asyncio.Queue(maxsize=size)
        self._consumers = [asyncio.create_task(self._consume()) for _ in range(size)]

    async def _consume(self):
        while True:
            fn, args = await self._queue.get()
            try:
                await fn(*args)
            finally:
                self._queue.task_done()


async def echo(value):
    return value


def main():
    size, count = int(sys.argv[1]), int(sys.argv[2])
    executor = AsyncPoolExecutor(size)
    for i in range(500):
        executor.submit(echo, i)
    executor.join()
    start = time.perf_counter()
    for i in range(count):
        executor.submit(echo, i)
    executor.join()
    print(json.dumps({"seconds": time.perf_counter() - start, "python": sys.version.split()[0]}))


main()

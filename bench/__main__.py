"""`make bench`: start the server, measure a turn with one client and throughput with sixteen; medians over five rounds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

PORT = int(os.environ.get("BENCH_PORT", "5055"))
URL = f"http://127.0.0.1:{PORT}"
QUESTIONS = ["补社保卡要带什么", "我替我妈办", "那电话多少", "失业登记怎么办", "渝中区", "低保在哪申请", "公积金怎么提取", "谢谢"]


def turn(sender: str, text: str) -> float:
    """Return the seconds of one turn."""
    body = json.dumps({"sender": sender, "message": text}).encode()
    begun = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/webhooks/rest/webhook", body), timeout=60) as response:
        response.read()
    return time.perf_counter() - begun


def talk(sender: str) -> list[float]:
    return [turn(sender, text) for text in QUESTIONS]


def main() -> int:
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env={**os.environ, "PORT": str(PORT)})
    try:
        while True:
            try:
                urllib.request.urlopen(f"{URL}/health", timeout=5).read()
                break
            except OSError:
                if process.poll() is not None:
                    return 1
                time.sleep(0.2)
        start = time.monotonic() - begun
        talk("warm-up")
        rounds = []
        for number in range(5):
            alone = [seconds for n in range(4) for seconds in talk(f"one-{number}-{n}")]
            since = time.perf_counter()
            with ThreadPoolExecutor(16) as clients:
                many = [s for talk_ in clients.map(talk, [f"many-{number}-{n}" for n in range(32)]) for s in talk_]
            rounds.append(
                (statistics.median(alone), len(many) / (time.perf_counter() - since), statistics.quantiles(many, n=100)[98])
            )
        one, rate, tail = (statistics.median(column) for column in zip(*rounds, strict=True))
        result = {
            "start_s": start,
            "turn_median_ms": one * 1e3,
            "turns_per_s_16": rate,
            "turn_p99_ms_16": tail * 1e3,
            "load": os.getloadavg()[0],
        }
        print(json.dumps({key: round(value, 1) for key, value in result.items()}))
    finally:
        process.terminate()
        process.wait(timeout=30)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the batch rivals share: an access log in the combined format is parsed by this expression, counted by URL and status (the ten most
frequent are asked for) and, for server errors, by minute."""

import sys

# client, time, URL, status
LINE = r'^(\S+) \S+ \S+ \[([^\]]+)\] "\S+ (\S+)[^"]*" (\d{3}) \S+'


def run(answer):
    """Calls `answer(path)`, which gives the ten rows and the errors by minute, and waits until what was used has been looked up."""
    print("records\t0", flush=True)
    top, errors = answer(sys.argv[1])
    print(f"records\t{sys.argv[2]}", flush=True)
    for key, count in [*top, *errors]:
        print(f"result\t{key}\t{count}")
    print("end", flush=True)
    sys.stdin.read()

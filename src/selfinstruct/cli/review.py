"""`selfinstruct review`: go through a run's instructions and examples by hand, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option

if TYPE_CHECKING:
    from selfinstruct.review import ReviewServer


@click.command(
    "review",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct review --out runs/first",
        "selfinstruct export --out runs/first",
    ),
)
@out_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to serve the page; default: a free one.")
@click.option("--no-open", is_flag=True, help="Print the link, and open no browser.")
def command(out: Path, port: int, no_open: bool) -> None:
    """Serve a local page to accept, reject and edit a run's instructions and examples, until Ctrl-C.

    What is decided stands beside the run, in reviews.sqlite, and every export honours it. A run that another
    process is working on can be reviewed meanwhile: reviews change what is exported, never how a run goes on.
    """
    import shlex

    from selfinstruct.cli.status import print_review_counts
    from selfinstruct.review import ReviewServer
    from selfinstruct.store.reviews import Reviews

    reviews = Reviews.open(out)
    try:
        server = ReviewServer(reviews, port)
        try:
            serve(server, no_open)
        finally:
            server.server_close()
        tally = reviews.counts()
    finally:
        reviews.close()
    for stage, counts in tally.items():
        print_review_counts(stage, counts)
    if tally:
        click.echo(f"write the files again: selfinstruct export --out {shlex.quote(str(out))}")


def serve(server: ReviewServer, quiet: bool) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import signal
    import threading
    import time
    import webbrowser
    from contextlib import suppress

    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):  # not in the main thread: whoever started it ends it
                signal.signal(number, signal.default_int_handler)
        thread.start()
        click.echo(f"review at {server.link}\nCtrl-C ends it. The link works for whoever has it on this machine.")
        if not quiet:
            webbrowser.open(server.link)
        while True:
            time.sleep(0.2)  # not for long: a signal that another thread is given wakes nobody
    except KeyboardInterrupt:
        if thread.is_alive():
            server.shutdown()

"""`selfinstruct review`: review a run's instructions and examples in a browser."""

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
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page. Default: any free port.")
@click.option("--no-open", is_flag=True, help="Print the link without opening a browser.")
def command(out: Path, port: int, no_open: bool) -> None:
    """Serve a local page to accept, reject and edit a run's instructions and examples, until Ctrl-C.

    Reviews change only exports, never the run itself, so a run can be reviewed while another process works on it.
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
    """Serve until Ctrl-C, SIGTERM or SIGHUP."""
    import signal
    import threading
    import time
    import webbrowser
    from contextlib import suppress

    from selfinstruct.cli.signals import stop_signals

    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    try:
        for number in stop_signals():
            with suppress(ValueError):  # not in the main thread: the caller stops the server
                signal.signal(number, signal.default_int_handler)
        thread.start()
        click.echo(
            f"review at {server.link}\nPress Ctrl-C to stop. Anyone on this machine who has the link can use it."
        )
        if not quiet:
            webbrowser.open(server.link)
        while True:
            time.sleep(0.2)  # a short wait, since a signal delivered to another thread does not end it
    except KeyboardInterrupt:
        if thread.is_alive():
            server.shutdown()

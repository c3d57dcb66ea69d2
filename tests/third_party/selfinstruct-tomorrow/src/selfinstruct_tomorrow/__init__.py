"""A plugin made for a plugin API that does not exist yet."""

from selfinstruct.api import Component, Filter, NoOptions, hookimpl, keep

SELFINSTRUCT_API = 99


class Tomorrow(Filter):
    """Keeps everything."""

    def evaluate(self, item):
        """Keep it."""
        return keep()


@hookimpl
def selfinstruct_filters():
    """Offer `tomorrow`."""
    return [Component("tomorrow", "Keep everything", NoOptions, lambda _: Tomorrow())]

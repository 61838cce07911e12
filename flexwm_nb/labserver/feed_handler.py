"""The stream of a run's page, and what the page's buttons ask for."""

from __future__ import annotations

import asyncio
import json

from tornado import web
from tornado.escape import json_decode
from tornado.iostream import StreamClosedError

from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.labserver.feeds import Feeds
from flexwm_nb.labserver.handlers import FEEDS, FlexwmHandler

STILL = 15.0  # seconds without news after which the stream says that it lives


class FeedHandler(FlexwmHandler):
    """One run."""

    _following: asyncio.Task[None] | None = None

    @web.authenticated
    async def get(self, name: str, job: str) -> None:
        """Server-sent events: first all that is known, then what changes, then `end`, or `broken`."""
        feeds: Feeds = self.settings[FEEDS]
        self._following = asyncio.current_task()
        try:
            feed = await feeds.begin(name, job)
        except FlexwmError as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        try:
            while True:
                try:
                    message = await asyncio.wait_for(feed.next(), STILL)
                except asyncio.TimeoutError:
                    self.write(": still here\n\n")
                    await self.flush()
                    continue
                if message is None:
                    return
                self.write(f"data: {json.dumps(message, default=str)}\n\n")
                await self.flush()
                if message.get("end") or "broken" in message:
                    return
        except (StreamClosedError, asyncio.CancelledError):  # the page has gone
            return
        finally:
            feeds.end(name, job, feed)

    @web.authenticated
    async def post(self, name: str, job: str) -> None:
        """An action of the page."""
        feeds: Feeds = self.settings[FEEDS]
        try:
            message = json_decode(self.request.body)
            if not isinstance(message, dict):
                raise InvalidInput("The request is no JSON object")
            feeds.act(name, job, message)
        except FlexwmError as error:
            self.refuse(error)
        except ValueError as error:
            self.refuse(InvalidInput("The request cannot be read", why=str(error)))
        else:
            self.answer({})

    def on_connection_close(self) -> None:
        """Let go of the run when the page does."""
        super().on_connection_close()
        if self._following is not None:
            self._following.cancel()

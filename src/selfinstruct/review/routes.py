"""The routes of the review server: each request calls the store and returns a status and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selfinstruct.store.review_items import NoSuchItemError
from selfinstruct.store.review_pages import PageFilter, Pages, Reviewed
from selfinstruct.store.reviews import Reviews, StaleReviewError
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, PREPARE

REASONS = (
    "not a task",
    "unclear",
    "refers to something missing",
    "not doable for a model",
    "repeats another",
    "wrong answer",
    "badly written",
    "unsafe or private",
)
"""Suggested reasons for a rejection. Any other text is allowed."""

JsonResponse = tuple[HTTPStatus, dict[str, Any]]


class Query(BaseModel):
    """The query of a list of items."""

    model_config = ConfigDict(extra="forbid")
    stage: Literal["generate", "prepare"] = GENERATE  # type: ignore[assignment]
    fate: Literal["", "accepted", "rejected", "quarantined"] = ""
    filter: str = Field("", max_length=200)
    reviewed: Reviewed = ""
    score: Literal["", "0", "1", "2", "3", "none"] = ""
    text: str = Field("", max_length=1000)
    after: str = Field("", max_length=30)
    most: int = Field(60, ge=1, le=200)


class ReviewAction(BaseModel):
    """An action on an item, with the version of the item that the person saw."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(max_length=30)
    version: int = Field(ge=0)
    reason: str = ""
    texts: dict[str, str] = Field(default_factory=dict)


class Routes:
    """Answers the requests of one run's page."""

    def __init__(self, reviews: Reviews) -> None:
        self._reviews = reviews
        self._pages = Pages(reviews)

    def get(self, path: str, query: Mapping[str, str]) -> JsonResponse:
        """Answer a GET request of the page."""
        if path == "summary":
            return HTTPStatus.OK, self._summary()
        try:
            if path == "items":
                return HTTPStatus.OK, self._items(Query.model_validate(dict(query)))
            if path == "item":
                return HTTPStatus.OK, self._pages.item(query.get("id", ""))
        except ValidationError as error:
            return HTTPStatus.BAD_REQUEST, {"error": _fault(error)}
        except NoSuchItemError as error:
            return HTTPStatus.NOT_FOUND, {"error": error.message}
        return HTTPStatus.NOT_FOUND, {"error": "there is no such page"}

    def post(self, path: str, body: bytes) -> JsonResponse:
        """Perform an action. The answer holds the item afterwards, or its current version if the action was stale."""
        if path not in ("accept", "reject", "edit", "undo"):
            return HTTPStatus.NOT_FOUND, {"error": "there is no such page"}
        try:
            action = ReviewAction.model_validate(
                json.loads(dumps(json.loads(body)))
            )  # surrogates are joined into pairs or replaced
        except ValidationError as error:
            return HTTPStatus.BAD_REQUEST, {"error": _fault(error)}
        except (ValueError, RecursionError):  # no JSON, no UTF-8, numbers of thousands of digits
            return HTTPStatus.BAD_REQUEST, {"error": "the body is not valid JSON"}
        try:
            self._do(path, action)
        except StaleReviewError as error:
            return HTTPStatus.CONFLICT, {"error": error.message, "item": self._pages.item(action.id)}
        except NoSuchItemError as error:
            return HTTPStatus.NOT_FOUND, {"error": error.message}
        return HTTPStatus.OK, self._pages.item(action.id)

    def _do(self, what: str, action: ReviewAction) -> None:
        if what == "accept":
            self._reviews.accept(action.id, action.version)
        elif what == "reject":
            self._reviews.reject(action.id, action.version, action.reason)
        elif what == "edit":
            self._reviews.edit(action.id, action.version, action.texts)
        else:
            self._reviews.undo(action.id, action.version)

    def _items(self, query: Query) -> dict[str, Any]:
        wanted = PageFilter(query.stage, query.fate, query.filter, query.reviewed, query.score, query.text.strip())
        return asdict(self._pages.page(wanted, query.after, query.most))

    def _summary(self) -> dict[str, Any]:
        tally = self._reviews.counts()
        return {
            "run": self._reviews.folder.resolve().name,
            "reasons": REASONS,
            "rated": self._pages.has_ratings(),
            "counts": self._pages.counts(),
            "reviews": {stage: asdict(tally[stage]) for stage in (GENERATE, PREPARE) if stage in tally},
        }


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])

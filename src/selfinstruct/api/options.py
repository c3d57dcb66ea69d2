"""The base classes of the options of components."""

from __future__ import annotations

from typing import ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class Options(BaseModel):
    """Base of every component's options: frozen, no unknown names, a description on every field."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    unfrozen: ClassVar[frozenset[str]] = frozenset()
    """Options that cannot change a result, such as addresses and timeouts. A run can continue with different values."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_quoted_boolean(cls, value: object, info: ValidationInfo) -> object:
        """Refuse a text where true or false is meant: pydantic would take `"true"`, and even `"off"`."""
        expected = cls.model_fields[info.field_name or ""].annotation
        is_quoted = isinstance(value, str) and value.lower() in ("true", "false") and bool in get_args(expected)
        if is_quoted or (isinstance(value, str) and expected is bool):
            how = "without quotes" if value in ("true", "false") else f"in lower case, not {value!r}"
            raise ValueError(f"must be true or false, {how}")
        return value


class NoOptions(Options):
    """The options of a component without settings."""


class BackendOptions(Options):
    """Options of every backend that calls a server."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"timeout", "base_url", "api_key"})

    timeout: float = Field(120.0, gt=0, description="Longest time of one call in seconds.")

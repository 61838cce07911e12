"""What all documents of the wire have in common."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from flexwm_nb.errors import RequestRefused

W = TypeVar("W", bound="Wire")


class Wire(BaseModel):
    """A document as the engine sends it. Fields that are not known here are kept, so a round trip loses nothing."""

    model_config = ConfigDict(
        extra="allow", frozen=True, populate_by_name=True, defer_build=True, protected_namespaces=()
    )

    def to_wire(self) -> dict[str, Any]:
        """The document under Windmill's own field names."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    @classmethod
    def read(cls: type[W], document: Any) -> W:
        """Make it from a decoded document. Raises RequestRefused where the engine sent something else."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
            raise RequestRefused(
                f"The engine sent a {cls.__name__} that cannot be read",
                why=f"wrong: {fields}",
                remedy="Check that the address is a Windmill of a supported version (1.743 or near it)",
            ) from None

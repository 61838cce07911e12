"""A step of a flow that is being built, and what can be set on it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.references import Reference, expression, plain, result_of, transform
from flexwm_nb.signatures.python3_requirements import with_requirements

Seconds = float | timedelta | Reference


class Step:
    """One step: its result for later steps, and its settings. Each setting gives the step back, so they chain.

    `document` is its part of the flow's document, in Windmill's words; changing it changes the flow.
    """

    def __init__(self, document: dict[str, Any], schema: Mapping[str, Any] | None = None) -> None:
        """Wrap a module; `schema` is that of its inputs where it is known."""
        self.document, self.schema = document, schema

    @property
    def id(self) -> str:
        """Its name within the flow."""
        return str(self.document.get("id", ""))

    @property
    def result(self) -> Reference:
        """What it gives, for the inputs and conditions of later steps."""
        return result_of(self.id)

    def inputs(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> Step:
        """Set inputs: values, references, or lists and mappings with references in them. Raises InvalidFlow."""
        transforms = self.document["value"].setdefault("input_transforms", {})
        for name, value in {**(values or {}), **more}.items():
            transforms[name] = transform(value, f"Input {name} of step {self.id}")
        return self

    def summary(self, text: str) -> Step:
        """Say what it does."""
        rest = {name: value for name, value in self.document.items() if name not in ("id", "summary")}
        found = {"id": self.document["id"], "summary": text, **rest} if "id" in self.document else rest
        self.document.clear()
        self.document.update(found)
        return self

    def retry(
        self,
        attempts: int,
        seconds: float | timedelta = 0,
        *,
        exponential: bool = False,
        multiplier: int = 1,
        random_factor: int | None = None,
        when: Reference | str | None = None,
    ) -> Step:
        """Try again when it fails, at most `attempts` times.

        After `seconds`, or, `exponential`, after multiplier × seconds to the power of the try's number, varied by up to
        `random_factor` percent. `when` decides with `error` and `result`. A second call adds the other kind.
        """
        kind = "exponential" if exponential else "constant"
        found: dict[str, Any] = {"attempts": attempts, "seconds": whole(seconds, "The pause before a retry")}
        if exponential:
            found["multiplier"] = multiplier
            if random_factor is not None:
                found["random_factor"] = random_factor
        retry = self.document.setdefault("retry", {})
        retry[kind] = found
        if when is not None:
            retry["retry_if"] = {"expr": expression(when)}
        return self

    def stop_after_if(
        self,
        condition: Reference | str,
        *,
        skip: bool = False,
        error: str | None = None,
        include_result: bool = False,
    ) -> Step:
        """End the flow (within a loop: the loop) after it when the condition holds; `result` is its own result.

        `skip` marks the run as skipped; `error` makes it fail with this message.
        """
        self.document["stop_after_if"] = stop(condition, skip=skip, error=error, include_result=include_result)
        return self

    def stop_after_all_if(
        self, condition: Reference | str, *, skip: bool = False, error: str | None = None, include_result: bool = False
    ) -> Step:
        """As `stop_after_if`, once all iterations or branches have ended; `result` is the list of their results."""
        found = stop(condition, skip=skip, error=error, include_result=include_result)
        self.document["stop_after_all_iters_if"] = found
        return self

    def skip_if(self, condition: Reference | str) -> Step:
        """Leave it out when the condition holds; its result is then that of the step before."""
        return self._set("skip_if", {"expr": expression(condition)})

    def sleep(self, seconds: Seconds) -> Step:
        """Wait after it, before the next step."""
        return self._set("sleep", duration(seconds, f"The sleep of step {self.id}"))

    def timeout(self, seconds: Seconds) -> Step:
        """End it, as failed, when it takes longer."""
        return self._set("timeout", duration(seconds, f"The timeout of step {self.id}"))

    def suspend(
        self,
        events: int = 1,
        *,
        timeout: float | timedelta | None = None,
        form: Mapping[str, Any] | None = None,
        groups: Sequence[str] | Reference | None = None,
        signed_in: bool | None = None,
        self_approval: bool | None = None,
        hide_cancel: bool | None = None,
        continue_anyway: bool | None = None,
    ) -> Step:
        """Wait after it until `events` approvals came, `timeout` seconds at most (1800 when nothing is said).

        `form` is the JSON schema of what approvers fill in (or name → type); the next step reads it as `flow.resume`.
        Only members of `groups`, only who is `signed_in`, and not who started it (`self_approval=False`) may approve.
        `continue_anyway` goes on after a refusal or the timeout, with the error in `flow.resume`.
        """
        found = {
            "required_events": events,
            "timeout": None if timeout is None else whole(timeout, "The timeout of an approval"),
            "resume_form": None if form is None else {"schema": form_schema(form)},
            "user_auth_required": True if groups is not None and signed_in is None else signed_in,
            "user_groups_required": None if groups is None else transform(groups, "The groups of an approval"),
            "self_approval_disabled": None if self_approval is None else not self_approval,
            "hide_cancel": hide_cancel,
            "continue_on_disapprove_timeout": continue_anyway,
        }
        return self._set("suspend", {name: value for name, value in found.items() if value is not None})

    def mock(self, value: Any = None) -> Step:
        """Give this value without doing it. Raises InvalidFlow for a value that JSON cannot say."""
        return self._set("mock", {"enabled": True, "return_value": plain(value, f"The mock of step {self.id}")})

    def cache(self, seconds: float | timedelta) -> Step:
        """Use its result again for the same inputs, this long."""
        return self._set("cache_ttl", whole(seconds, "The time of a cache"))

    def continue_on_error(self) -> Step:
        """Go on with the next step when it fails; its result is then `{error}`."""
        return self._set("continue_on_error", True)

    def delete_after(self, seconds: float | timedelta = 0) -> Step:
        """Remove its inputs, result and log this long after the flow's end."""
        return self._set("delete_after_secs", whole(seconds, "The time before removing"))

    def priority(self, number: int) -> Step:
        """Let it go before jobs of lower numbers: −100 to 100."""
        return self._set("priority", number)

    def tag(self, name: str) -> Step:
        """Choose the workers that may run it."""
        value = self.document["value"]
        value["tag_override" if value["type"] == "script" else "tag"] = name
        return self

    def requirements(self, *packages: str) -> Step:
        """Ask for packages beside its code's imports, such as `"pandas>=2"`. Raises InvalidFlow and InvalidInput."""
        value = self.document["value"]
        if value.get("language") != "python3":
            remedy = "Leave them out, or name them where the script is registered"
            raise InvalidFlow(f"{self.id} has no python3 code of its own that could ask for packages", remedy=remedy)
        value["content"] = with_requirements(value["content"], packages)
        return self

    def __repr__(self) -> str:
        """Its id and kind."""
        return f"<Step {self.id} {self.document.get('value', {}).get('type', '')}>"

    def _set(self, name: str, value: Any) -> Step:
        self.document[name] = value
        return self


def stop(condition: Reference | str, *, skip: bool, error: str | None, include_result: bool) -> dict[str, Any]:
    """An early end's part of the document."""
    found: dict[str, Any] = {"expr": expression(condition), "skip_if_stopped": skip}
    if error is not None:
        found["error_message"] = error
        if include_result:
            found["error_include_result"] = True
    return found


def seconds_of(value: float | timedelta) -> float:
    """A span in seconds; whole numbers stay whole."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    return int(number) if float(number).is_integer() else number


def whole(value: float | timedelta, where: str) -> int:
    """A span in whole seconds. Raises InvalidFlow for another."""
    found = seconds_of(value)
    if not isinstance(found, int) or found < 0:
        raise InvalidFlow(f"{where} is {found} seconds", why="Windmill takes whole seconds, from 0")
    return found


def duration(value: Seconds, where: str) -> dict[str, Any]:
    """The input transform of a span in seconds."""
    return transform(value if isinstance(value, Reference) else seconds_of(value), where)


def form_schema(form: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of a form: given as one, or as name → Python type."""
    if "properties" in form:
        return dict(form)
    from flexwm_nb.flows.schemas import property_of

    properties = {name: property_of(annotation) for name, annotation in form.items()}
    return {"type": "object", "properties": properties, "required": list(form)}

"""Composing a flow in Python: the OpenFlow document that a person would write, no more; pure.

flow = Flow("f/flights/daily", summary="Delays of the day")
load = flow.step(load_flights, origin=flow.input.origin)
with flow.for_each(load.result.carriers, parallel=True) as carrier:
    clean = flow.step(clean_one, carrier=carrier.item)
flow.step("f/flights/report@v2", rows=clean.result.rows).retry(2, seconds=5)
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from flexwm_nb import yaml_text
from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.references import Inputs, Reference, expression, plain, transform
from flexwm_nb.flows.schemas import flow_schema, property_of, schema_of, takes_anything, tidy
from flexwm_nb.flows.sources import source_of
from flexwm_nb.flows.steps import Step, whole
from flexwm_nb.models.flows import OPENFLOW, OpenFlow

FAILURE, PREPROCESSOR = "failure", "preprocessor"  # the ids that Windmill gives the two handlers
Source = Callable[..., Any] | str | Mapping[str, Any]


class Loop(Step):
    """A loop, while its body is written and after: its result is the list of the iterations' results."""

    @property
    def item(self) -> Reference:
        """In the body: the iteration's item; of a while loop, its number."""
        return Reference("flow_input.iter.value")

    @property
    def index(self) -> Reference:
        """In the body: the iteration's number, from 0."""
        return Reference("flow_input.iter.index")

    def until(self, condition: Reference | str, *, skip: bool = False, error: str | None = None) -> Loop:
        """End the loop after the iteration for which the condition holds; `result` is that iteration's result."""
        self.stop_after_if(condition, skip=skip, error=error)
        return self


class Branches(Step):
    """A fork, while its branches are written and after."""

    def __init__(self, flow: Flow, document: dict[str, Any]) -> None:
        """Of this flow."""
        super().__init__(document)
        self._flow = flow

    @contextmanager
    def when(self, condition: Reference | str, summary: str | None = None) -> Iterator[None]:
        """The steps inside run where the condition holds and none before it did."""
        texts = {} if summary is None else {"summary": summary}
        with self._branch({**texts, "expr": expression(condition)}, "branchone"):
            yield

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """The steps inside run where no condition held."""
        self._must_be("branchone")
        with self._flow._inside(self.document["value"]["default"]):
            yield

    @contextmanager
    def branch(self, summary: str | None = None, *, skip_failure: bool = False) -> Iterator[None]:
        """The steps inside run beside those of the other branches."""
        texts = {} if summary is None else {"summary": summary}
        with self._branch({**texts, "skip_failure": skip_failure}, "branchall"):
            yield

    @contextmanager
    def _branch(self, found: dict[str, Any], kind: str) -> Iterator[None]:
        self._must_be(kind)
        made: dict[str, Any] = {**found, "modules": []}
        self.document["value"]["branches"].append(made)
        with self._flow._inside(made["modules"]):
            yield

    def _must_be(self, kind: str) -> None:
        if self.document["value"]["type"] != kind:
            wanted = "branch()" if kind == "branchone" else "when() and otherwise()"
            raise InvalidFlow(f"Step {self.id} is a {self.document['value']['type']}", remedy=f"It takes {wanted}")


class Flow:
    """A flow: a path, texts, inputs and steps. `document` is what an engine is sent; changing it changes the flow."""

    def __init__(self, path: str | None = None, *, summary: str = "", description: str = "", **settings: Any) -> None:
        """Begin one. `settings` are those of Windmill's flow value, such as `same_worker` or `concurrent_limit`."""
        texts = {"description": description} if description else {}
        self.path = path
        self.based_on: int | None = None  # the engine's version that it was opened as; registering replaces no other
        self.document: dict[str, Any] = {"summary": summary, **texts, "value": {**settings, "modules": []}}
        self._body: list[dict[str, Any]] = self.document["value"]["modules"]

    @property
    def input(self) -> Inputs:
        """What the flow is called with: `flow.input.origin`, or `flow.input("origin", str, default="JFK")`."""
        return Inputs(self._declare)

    @property
    def previous(self) -> Reference:
        """The result of the step before."""
        return Reference("previous_result")

    @property
    def resume(self) -> Reference:
        """After a step that waited: what the last approval said."""
        return Reference("resume")

    @property
    def resumes(self) -> Reference:
        """After a step that waited: what each approval said."""
        return Reference("resumes")

    @property
    def approvers(self) -> Reference:
        """After a step that waited: who approved."""
        return Reference("approvers")

    @property
    def error(self) -> Reference:
        """In the failure handler and in conditions of retries: message, name, stack and step_id."""
        return Reference("error")

    @property
    def env(self) -> Reference:
        """The flow's own variables, as `env(…)` set them."""
        return Reference("flow_env")

    def with_env(self, **values: Any) -> Flow:
        """Set variables that every step can read: values, or `$var:PATH` and `$res:PATH`."""
        found = self.document["value"].setdefault("flow_env", {})
        found |= {name: plain(value, f"Variable {name}") for name, value in values.items()}
        return self

    def step(self, source: Source, id: str | None = None, /, **inputs: Any) -> Step:
        """Add a step: a Python function, or a registered script as `PATH`, `PATH@v2` or `PATH@HASH`.

        `id` is the function's or script's name unless given. Raises InvalidFlow and InvalidSource.
        """
        if callable(source):
            return self.code("python3", source_of(source), id or self._free(source.__name__), **inputs)
        if isinstance(source, Mapping):
            return self._add(id or self._free("step"), dict(source), inputs)
        path, _, version = source.strip().partition("@")
        found: dict[str, Any] = {"type": "script", "path": source.strip(), "input_transforms": {}}
        if len(version) == 16 and all(digit in "0123456789abcdef" for digit in version):
            found |= {"path": path, "hash": version}
        return self._add(id or self._free(PurePosixPath(path).name), found, inputs)

    def code(self, language: str, content: str, id: str | None = None, /, **inputs: Any) -> Step:
        """Add a step whose code, in any language, stands in the flow."""
        value = {"type": "rawscript", "language": language, "content": content, "input_transforms": {}}
        id, schema = id or self._free(language), schema_of(language, content)
        if schema is not None and not takes_anything(language, content):
            _check_names(id, schema, inputs)
        return self._add(id, value, inputs, schema)

    def subflow(self, path: str, id: str | None = None, /, **inputs: Any) -> Step:
        """Add a registered flow as a step."""
        value = {"type": "flow", "path": path, "input_transforms": {}}
        return self._add(id or self._free(PurePosixPath(path).name), value, inputs)

    def identity(self, id: str | None = None, /) -> Step:
        """Add a step that passes the result before it on, to hang an approval or a pause on, say."""
        return self._add(id or self._free("same"), {"type": "identity"}, {})

    @contextmanager
    def for_each(
        self,
        items: Reference | list[Any],
        id: str | None = None,
        /,
        *,
        parallel: bool = False,
        parallelism: int | Reference | None = None,
        skip_failures: bool = False,
    ) -> Iterator[Loop]:
        """The steps inside run once for each item; `parallelism` is how many at once."""
        id = id or self._free("each")
        value: dict[str, Any] = {"type": "forloopflow", "iterator": transform(items, f"The items of loop {id}")}
        value |= {"skip_failures": skip_failures, "parallel": parallel or parallelism is not None}
        if parallelism is not None:
            value["parallelism"] = transform(parallelism, f"The parallelism of loop {id}")
        value["modules"] = []
        with self._loop(id, value) as loop:
            yield loop

    @contextmanager
    def while_loop(
        self, id: str | None = None, /, *, until: Reference | str | None = None, skip_failures: bool = False
    ) -> Iterator[Loop]:
        """The steps inside run again and again, until `until` or a step's `stop_after_if` ends it."""
        value = {"type": "whileloopflow", "skip_failures": skip_failures, "modules": []}
        with self._loop(id or self._free("loop"), value) as loop:
            yield loop if until is None else loop.until(until)

    @contextmanager
    def branch_one(self, id: str | None = None, /) -> Iterator[Branches]:
        """Take the first of the branches inside whose condition holds."""
        document = {"id": id or self._free("choice"), "value": {"type": "branchone", "branches": [], "default": []}}
        self._body.append(document)
        yield Branches(self, document)

    @contextmanager
    def branch_all(self, id: str | None = None, /, *, parallel: bool = True) -> Iterator[Branches]:
        """Take all of the branches inside, at once or one after the other."""
        value = {"type": "branchall", "branches": [], "parallel": parallel}
        document = {"id": id or self._free("all"), "value": value}
        self._body.append(document)
        yield Branches(self, document)

    def on_failure(self, source: Source, /, **inputs: Any) -> Step:
        """Run this when a step has failed for good; `flow.error` says why."""
        return self._handler("failure_module", FAILURE, source, inputs)

    def preprocess(self, source: Source, /, **inputs: Any) -> Step:
        """Let this make the flow's inputs of what a trigger sent."""
        return self._handler("preprocessor_module", PREPROCESSOR, source, inputs)

    def skip_if(self, condition: Reference | str) -> Flow:
        """Do nothing at all when the condition holds for the inputs."""
        self.document["value"]["skip_expr"] = expression(condition)
        return self

    def early_return(self, step: Step | str) -> Flow:
        """Answer who waits for the flow with this step's result; the flow goes on."""
        self.document["value"]["early_return"] = step if isinstance(step, str) else step.id
        return self

    def cache(self, seconds: float) -> Flow:
        """Use a result again for the same inputs, this long."""
        self.document["value"]["cache_ttl"] = whole(seconds, "The time of a cache")
        return self

    @property
    def steps(self) -> dict[str, Step]:
        """Every step by its id, also those inside of loops and branches."""
        return {str(found.get("id", "")): Step(found, self._schema(found)) for found in modules_in(self.document)}

    def __getitem__(self, step_id: str) -> Step:
        """The step of an id. Raises KeyError."""
        return self.steps[step_id]

    def __contains__(self, step_id: object) -> bool:
        """Whether it has a step of that id."""
        return any(found.get("id") == step_id for found in modules_in(self.document))

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema of its inputs: those that were described, and those that its steps read."""
        given = self.document.get("schema")
        found = dict((given or {}).get("properties") or {})
        required = list((given or {}).get("required") or [])
        for name, read in self._read_inputs().items():
            if name not in found:
                found[name] = read
                required += [] if "default" in read else [name]
        if given is None and not found:
            return None
        return {**(given or flow_schema({}, [])), "properties": found, "required": required}

    def to_document(self) -> dict[str, Any]:
        """What an engine is sent: summary, description, value, schema."""
        made = copy.deepcopy(self.document)
        value = made["value"]
        if isinstance(value, dict) and "modules" in value:  # settings stand below the steps, as people write them
            rest = {name: item for name, item in value.items() if name != "modules"}
            made["value"] = {"modules": value["modules"], **rest}
        schema = self.schema
        return made if schema is None else {**made, "schema": copy.deepcopy(schema)}

    def to_yaml(self) -> str:
        """The document as YAML, for people and for `wmill`."""
        return yaml_text.dump(self.to_document())

    def to_json(self, *, indent: int | None = 2) -> str:
        """The document as JSON."""
        return json.dumps(self.to_document(), ensure_ascii=False, indent=indent)

    def to_model(self) -> OpenFlow:
        """The document as a typed model. Raises InvalidFlow with every problem of its shape."""
        from flexwm_nb.flows.validation import parse

        return parse(self.to_document())

    @classmethod
    def read(cls, document: Any, path: str | None = None) -> Flow:
        """A flow of a document; a bare flow value (`{modules: …}`) is one too. Nothing of it is lost.

        Raises InvalidFlow for what is neither.
        """
        if isinstance(document, Mapping) and "modules" in document and "value" not in document:
            document = {"summary": "", "value": document}
        value = document.get("value") if isinstance(document, Mapping) else None
        if not (isinstance(value, Mapping) and isinstance(value.get("modules"), list)):
            remedy = "An OpenFlow document has `value: {modules: […]}`"
            raise InvalidFlow("The document is no flow", remedy=remedy)
        made = cls(path or document.get("path"))
        made.document = copy.deepcopy({name: item for name, item in document.items() if name != "path"})
        made._body = made.document["value"]["modules"]
        return made

    @classmethod
    def from_yaml(cls, text: str, path: str | None = None) -> Flow:
        """A flow of YAML or JSON. Raises InvalidFlow, with line and column where the text is neither."""
        return cls.read(yaml_text.load(text, InvalidFlow), path)

    from_json = from_yaml

    def __repr__(self) -> str:
        """Its path and how many steps it has."""
        return f"<Flow {self.path or 'without a path'}: {len(self.document['value']['modules'])} steps>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """A line for terminals, and the document for pages that draw it."""
        path = {} if self.path is None else {"path": self.path}
        return {"text/plain": repr(self), OPENFLOW: {**path, **self.to_document()}}

    def _add(
        self, id: str, value: dict[str, Any], inputs: Mapping[str, Any], schema: dict[str, Any] | None = None
    ) -> Step:
        document: dict[str, Any] = {"id": id, "value": value}
        made = Step(document, schema)
        if inputs:
            made.inputs(inputs)
        self._body.append(document)
        return made

    def _handler(self, place: str, id: str, source: Source, inputs: Mapping[str, Any]) -> Step:
        aside = Flow()
        made = aside.step(source, id, **inputs)
        if callable(source) and place == "preprocessor_module":
            made.document["value"]["content"] = made.document["value"]["content"].replace(
                "def main(", "def preprocessor("
            )
        self.document["value"][place] = made.document
        return made

    @contextmanager
    def _loop(self, id: str, value: dict[str, Any]) -> Iterator[Loop]:
        document = {"id": id, "value": value}
        self._body.append(document)
        with self._inside(value["modules"]):
            yield Loop(document)

    @contextmanager
    def _inside(self, body: list[dict[str, Any]]) -> Iterator[None]:
        outer, self._body = self._body, body
        try:
            yield
        finally:
            self._body = outer

    def _free(self, wanted: str) -> str:
        """The wanted id, or with a number where a step has it."""
        taken = {str(found.get("id", "")) for found in modules_in(self.document)} | {FAILURE, PREPROCESSOR}
        numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
        return next(name for name in [wanted, *numbered] if name not in taken)

    def _declare(self, name: str, annotation: Any, default: Any, description: str | None) -> None:
        schema = self.document.setdefault("schema", flow_schema({}, []))
        made = property_of(annotation, plain(default, f"Input {name}") if default is not ... else ..., description)
        schema.setdefault("properties", {})[name] = made
        required = schema.setdefault("required", [])
        if default is ... and name not in required:
            required.append(name)

    def _schema(self, module: Mapping[str, Any]) -> dict[str, Any] | None:
        value = _value_of(module)
        if value.get("type") != "rawscript":
            return None
        return schema_of(str(value.get("language")), str(value.get("content")))

    def _read_inputs(self) -> dict[str, dict[str, Any]]:
        """The inputs that steps read as they are, with what those steps say of them."""
        from flexwm_nb.flows.expressions import inputs_in, only_input
        from flexwm_nb.flows.validation import expressions_of

        found: dict[str, dict[str, Any]] = {}
        for module in modules_in(self.document):
            transforms = _value_of(module).get("input_transforms")
            properties = (self._schema(module) or {}).get("properties") or {}
            for name, item in transforms.items() if isinstance(transforms, Mapping) else ():
                read = only_input(str(item.get("expr", ""))) if isinstance(item, Mapping) else None
                if read is not None and name in properties and not found.get(read):
                    found[read] = _as_input(properties[name])
            for text in expressions_of(module):
                for read in inputs_in(text):
                    found.setdefault(read, {})
        return found


def _value_of(module: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a module does; nothing where that is no mapping."""
    value = module.get("value")
    return value if isinstance(value, Mapping) else {}


def modules_in(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each module of a document, those inside of loops and branches after the one that holds them; what is no
    module is left out.
    """
    value = document.get("value") or {}
    ends = [value.get("preprocessor_module"), value.get("failure_module")]
    yield from _modules([ends[0]])
    yield from _modules(value.get("modules"))
    yield from _modules([ends[1]])


def _modules(found: Any) -> Iterator[dict[str, Any]]:
    for module in found if isinstance(found, list) else []:
        if not isinstance(module, dict):
            continue
        yield module
        value = module.get("value")
        if isinstance(value, dict):
            branches = value.get("branches")
            yield from _modules(value.get("modules"))
            for branch in branches if isinstance(branches, list) else []:
                yield from _modules(branch.get("modules") if isinstance(branch, dict) else None)
            yield from _modules(value.get("default"))


def _as_input(found: Mapping[str, Any]) -> dict[str, Any]:
    """A step's input as one of the flow: a default that is no plain value stays the step's own."""
    made = tidy(found)
    if made.get("default") == "<function call>":
        del made["default"]
    return made


def _check_names(step: str, schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Raise InvalidFlow for an input that the step's code does not take."""
    from flexwm_nb.flows.validation import unknown_input

    known = schema.get("properties") or {}
    unknown = [unknown_input("it", name, known) for name in inputs if name not in known]
    if unknown:
        raise InvalidFlow(f"Step {step} cannot be made", why="; ".join(unknown), step=step)

/** What stands in a flow's document about one step. Pure. */

type Document = Record<string, any>;

/** What a step is given, and its code where that stands in the flow. */
export interface IDescribed {
  inputs: string[];
  source: string;
}

export function described(document: Document, step: string): IDescribed {
  const value = find(document.value ?? document, step)?.value ?? {};
  return {
    inputs: Object.entries<Document>(value.input_transforms ?? {}).map(([name, from]) => `${name} = ${written(from)}`),
    source: value.type === 'rawscript' ? String(value.content ?? '') : ''
  };
}

/** The module of an id, also inside of loops and branches. */
function find(value: Document, step: string): Document | undefined {
  const branches: Document[] = list(value.branches);
  const inside = [value.preprocessor_module, ...list(value.modules), ...branches.flatMap(branch => list(branch?.modules)), ...list(value.default), value.failure_module];
  for (const module of inside) {
    if (typeof module !== 'object' || module === null) {
      continue;
    }
    const found = module.id === step ? module : find(module.value ?? {}, step);
    if (found) {
      return found;
    }
  }
  return undefined;
}

function list(found: unknown): any[] {
  return Array.isArray(found) ? found : [];
}

/** Where an input's value comes from: an expression, or the value itself as JSON. */
function written(from: Document | null): string {
  return from?.type === 'static' ? (JSON.stringify(from.value) ?? 'undefined') : String(from?.expr ?? '');
}

/** Chat formats that are known by name, as plain data. */
import { fireflyForms } from "./fireflyForms.js";
import { publisherForms } from "./publisherForms.js";
import type { IdForm, StringForm } from "./templateForm.js";

/**
 * By name. A model family's plain name is the format that its publisher trained with; Firefly's
 * formats for it have its name with `firefly-` before it.
 */
export const templateForms: Readonly<Record<string, StringForm | IdForm>> = {
  ...publisherForms,
  ...fireflyForms,
};

/** The name here of the format that Firefly calls `name`. */
export function fireflyTemplateName(name: string): string {
  return Object.hasOwn(fireflyForms, `firefly-${name}`) ? `firefly-${name}` : name;
}

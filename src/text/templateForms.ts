/** Chat formats that are known by name, as plain data. */
import { fireflyForms } from "./fireflyForms.js";
import { jinjaForms } from "./jinjaForms/index.js";
import { publisherForms } from "./publisherForms.js";
import type { TemplateForm } from "./templateForm.js";

/**
 * By name. A model family's plain name is the format that its publisher trained with; Firefly's
 * formats for it have its name with `firefly-` before it.
 */
export const templateForms: Readonly<Record<string, TemplateForm>> = {
  ...publisherForms,
  ...jinjaForms,
  ...fireflyForms,
};

/** Names that `resolveChatTemplate` knows. */
export const chatTemplateNames: readonly string[] = Object.keys(templateForms);

/** The name here of the format that Firefly calls `name`. */
export function fireflyTemplateName(name: string): string {
  return Object.hasOwn(fireflyForms, `firefly-${name}`) ? `firefly-${name}` : name;
}

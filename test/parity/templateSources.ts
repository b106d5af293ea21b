/** Prints the Jinja source of every named template, for template_source_fixtures.py: `npx tsx templateSources.ts`. */
import { fileURLToPath } from "node:url";
import { chatTemplateJinja, chatTemplateNames, loadTokenizer } from "../../src/text/index.js";

const tokenizer = await loadTokenizer(
  fileURLToPath(new URL("fixtures/text/marked-bytelevel", import.meta.url)),
);
const sources = chatTemplateNames.map((name) => [name, chatTemplateJinja({ name }, tokenizer)]);
console.log(JSON.stringify(Object.fromEntries(sources)));

/** Formats that are written in Jinja: those with tools, reasoning or dates. */
import type { JinjaForm } from "../templateForm.js";
import { deepseekForms } from "./deepseek.js";
import { gemmaForms } from "./gemma.js";
import { glmForms } from "./glm.js";
import { llamaForms } from "./llama.js";
import { mistralForms } from "./mistral.js";
import { mossForms } from "./moss.js";
import { qwenForms } from "./qwen.js";

export const jinjaForms: Readonly<Record<string, JinjaForm>> = {
  ...qwenForms,
  ...llamaForms,
  ...mistralForms,
  ...gemmaForms,
  ...glmForms,
  ...deepseekForms,
  ...mossForms,
};

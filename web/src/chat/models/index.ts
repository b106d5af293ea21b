/** The server's models: choosing, loading and unloading them. */
export { ModelDialog } from "./ModelDialog";
export { ModelPicker } from "./ModelPicker";
export { type ChosenModel, useChosenModel } from "./useChosenModel";
export { entryNamed, type Models, servedAs, useModels } from "./useModels";
